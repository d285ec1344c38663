"""Remembers where the user's indexes are, so that they can be listed and deleted: one small file each.

The files are in the user's cache folder. Their time of modification says when the index was last used. Nothing depends
on them: if one cannot be written or is deleted, its index is missing from the list until it is used again.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from codesearch.core import dirs

FOLDER = "indexes"


class Known(NamedTuple):
    """An index that exists."""

    root: Path
    """The tree that it is of; it may be gone if the index is elsewhere."""
    file: Path
    used: float
    """When it was last used, in seconds since 1970."""


def used(root: Path, index: Path) -> None:
    """Remember that the index of a tree was used. Never raises."""
    folder = dirs.cache()
    if folder is None:
        return
    key = blake2b(os.fsencode(index), digest_size=8).hexdigest()
    file = f"{folder}{os.sep}{FOLDER}{os.sep}{key}.json"
    try:
        os.utime(file)
    except FileNotFoundError:
        _write(Path(file), root, index)
    except OSError:
        return  # a home folder that cannot be written


def _write(file: Path, root: Path, index: Path) -> None:
    import contextlib
    import json

    with contextlib.suppress(OSError):
        if not _may_write(file.parent):
            return
        for folder in (*reversed(file.parent.parents[:2]), file.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        file.write_text(json.dumps({"root": str(root), "index": str(index)}), encoding="ascii")


def _may_write(folder: Path) -> bool:
    """Return whether this user may make a folder in the cache: no home folder, and as root none in that of others."""
    base = next((one for one in (folder, *folder.parents[:3]) if one.exists()), None)
    if base is None or not base.is_dir():
        return False
    return os.name != "posix" or os.geteuid() != 0 or base.stat().st_uid == 0


def known() -> list[Known]:
    """Return the indexes that exist, the last used first; forget those that do not."""
    import contextlib
    import json

    folder = dirs.cache()
    found = []
    for file in () if folder is None else (folder / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError):
            try:
                facts = json.loads(file.read_bytes())
                root, index = Path(facts["root"]), Path(facts["index"])
                exists = index.is_file()
            except (ValueError, KeyError, TypeError):
                exists = False  # no file of ours, or one that was only half written
            if exists:
                found.append(Known(root, index, file.stat().st_mtime))
            else:
                file.unlink(missing_ok=True)
    return sorted(found, key=lambda one: (-one.used, one.file))
