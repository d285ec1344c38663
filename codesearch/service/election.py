"""Which process keeps an index fresh: the one that holds the lock beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codesearch.core.lock import ProcessLock


def keeper_file(index: Path) -> Path:
    """Return the file that the process which keeps an index fresh holds locked; its facts are in it."""
    return Path(f"{index}.keeper")


def keeper_lock(index: Path) -> ProcessLock:
    """Return the lock of the process that keeps an index fresh."""
    return ProcessLock(keeper_file(index))


def holder(index: Path) -> dict[str, Any]:
    """Return the facts (`pid`, `name`, `started`) that the last keeper wrote, though it may have ended; {} if none."""
    return keeper_lock(index).holder()


def kept(index: Path) -> dict[str, Any]:
    """Return the facts of the process that keeps an index fresh at this moment; {} if none does."""
    lock = keeper_lock(index)
    return {} if lock.is_free() else holder(index) or {"pid": 0}
