"""Which folder is the root of an index."""

from __future__ import annotations

from pathlib import Path

from codesearch.store import location


def enclosing_root(start: Path) -> Path:
    """Return the root that `start` belongs to: the git repository around it, else the outermost indexed folder.

    The home folder, its parents and `/` hold everything, so they are a root only of themselves. `start` itself is
    returned if nothing encloses it.
    """
    outermost = start
    for folder in (start, *start.parents):
        if folder != start and holds_everything(folder):
            break
        if (folder / ".git").exists():
            return folder
        if has_index(folder):
            outermost = folder
    return outermost


def has_index(folder: Path) -> bool:
    """Return whether a folder has an index of its own at the default place."""
    return (folder / location.FOLDER / location.FILE).exists()


def holds_everything(folder: Path) -> bool:
    """Return whether a folder is the user's home, a parent of it, or the root of a file system."""
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    return folder == folder.parent or (home is not None and (folder == home or folder in home.parents))
