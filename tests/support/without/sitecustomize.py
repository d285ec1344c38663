"""Hides packages from every Python process whose PYTHONPATH contains this folder, as if they were not installed.

CODESEARCH_TEST_WITHOUT lists them, separated by blanks; CODESEARCH_TEST_SITE is a folder that `copy_site` has filled.
It takes the place of the folders with the hidden packages on the import path, which worker processes inherit.
"""

import os
import sys
from pathlib import Path


def copy_site(folder: Path, hidden: str) -> dict[str, str]:
    """Fill a new folder with links to all installed packages but some; return the environment that uses it."""
    names = hidden.split()
    folder.mkdir(parents=True)
    for place in _holding(names):
        for entry in sorted(place.iterdir()):
            if entry.name not in names and not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry)
    return use_site(folder, hidden)


def use_site(folder: Path, hidden: str) -> dict[str, str]:
    """Return the environment that uses a folder that `copy_site` filled."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return {"CODESEARCH_TEST_WITHOUT": hidden, "CODESEARCH_TEST_SITE": str(folder), "PYTHONPATH": path}


def hide() -> None:
    """Hide the packages from this process and its children."""
    site = os.environ.get("CODESEARCH_TEST_SITE")
    if site:
        places = {str(place) for place in _holding(os.environ["CODESEARCH_TEST_WITHOUT"].split())}
        sys.path[:] = [site if entry in places else entry for entry in sys.path]


def _holding(names: list[str]) -> list[Path]:
    """Return the folders on the import path that hold one of the packages."""
    return [Path(entry) for entry in sys.path if any((Path(entry) / name).is_dir() for name in names)]


hide()
