"""Which process maintains an index: the one that holds the lock beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codesearch.core.lock import ProcessLock


def keeper_file(index: Path) -> Path:
    """Return the lock file of the process that maintains an index; it contains facts about the process."""
    return Path(f"{index}.keeper")


def keeper_lock(index: Path) -> ProcessLock:
    """Return the lock of the process that maintains an index."""
    return ProcessLock(keeper_file(index))


def holder(index: Path) -> dict[str, Any]:
    """Return the facts (`pid`, `name`, `started`) of the last process, even if it has ended; {} if there are none."""
    return keeper_lock(index).holder()


def kept(index: Path) -> dict[str, Any]:
    """Return the facts of the process that maintains an index now; {} if there is none."""
    lock = keeper_lock(index)
    return {} if lock.is_free() else holder(index) or {"pid": 0}
