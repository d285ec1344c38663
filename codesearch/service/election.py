"""Which process maintains an index: the one that holds the lock beside it."""

from __future__ import annotations

import time
from contextlib import suppress
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


def say_stop(index: Path) -> None:
    """Tell a process that was started to maintain an index, and does not do so yet, that it must not."""
    lock = keeper_lock(index)
    with suppress(OSError):  # where nothing can be written, no process can maintain an index
        if index.exists() and lock.acquire({"stopped": time.time()}):
            lock.release()


def stopped(index: Path) -> float:
    """Return when `say_stop` was called last, in seconds since the epoch, if no process maintained the index since."""
    return float(holder(index).get("stopped", 0.0))


def kept(index: Path) -> dict[str, Any]:
    """Return the facts of the process that maintains an index now; {} if there is none."""
    lock = keeper_lock(index)
    return {} if lock.is_free() else holder(index) or {"pid": 0}
