"""A run of the tests leaves nothing in the tester's home or the current folder, and little in the temporary one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.home import CALLERS_CACHE, HOUSE

SOME = ("tests/lsp/test_positions.py", "tests/lsp/test_uris.py", "tests/store/test_store.py")
"""Tests with hypothesis, and tests with temporary folders."""


def test_the_home_of_the_tests_is_not_the_testers() -> None:
    assert not CALLERS_CACHE.is_relative_to(Path.home())


def test_a_run_leaves_nothing_behind(tmp_path: Path) -> None:
    home, temporary, current = (tmp_path / name for name in ("home", "temporary", "current"))
    for folder in (home, temporary, current):
        folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HYPOTHESIS_", "XDG_"))}
    environment = {
        **kept,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
    }
    some = [HOUSE / name for name in SOME if (HOUSE / name).exists()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", HOUSE / "pyproject.toml", *some],
        cwd=current, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert len(some) >= 3
    assert (list(home.iterdir()), list(current.iterdir())) == ([], [])
    left = [path for path in temporary.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in left) < 100_000, left
