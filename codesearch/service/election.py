"""The right to keep a root: a lock of the operating system, which dies with the process that holds it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from codesearch.store import location

_FAR = 1 << 30
"""Windows keeps others from reading a locked byte, so the byte locked is not one of the text."""


def keeper_file(index: Path) -> Path:
    """Return the file that the keeper of an index holds locked, and writes its facts into."""
    return Path(f"{index}.keeper")


def holder(index: Path) -> dict[str, Any]:
    """Return the facts a keeper wrote of itself (`pid`, `name`, `started`), though it may have ended; {} if none."""
    try:
        facts = json.loads(keeper_file(index).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def kept(index: Path) -> dict[str, Any]:
    """Return the facts of the process that keeps an index at this moment; {} if none does."""
    if not keeper_file(index).exists():
        return {}
    lock = KeeperLock(index)
    if lock.acquire({}, probing=True):
        lock.release()
        return {}
    return holder(index) or {"pid": 0}


class KeeperLock:
    """A lock on one index. Not for several threads."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._path = keeper_file(index)
        self._fd = -1

    def acquire(self, facts: dict[str, Any], *, probing: bool = False) -> bool:
        """Take the lock if it is free, and write `facts` for others to read; `probing` makes and writes nothing."""
        if self._fd >= 0:
            return True
        if not probing:
            location.prepare(self._index)
        flags = os.O_RDWR | (0 if probing else os.O_CREAT) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        while True:
            try:
                fd = os.open(self._path, flags, 0o644)
            except FileNotFoundError:
                return probing
            if not _try_lock(fd):
                os.close(fd)
                return False
            try:
                same = os.path.samestat(os.fstat(fd), self._path.stat())
            except FileNotFoundError:
                same = False
            if same:
                break
            os.close(fd)  # its holder deleted it as it ended: lock the file that is there now
        self._fd = fd
        if not probing:
            os.ftruncate(fd, 0)
            os.write(fd, json.dumps(facts).encode())
        return True

    def valid(self) -> bool:
        """Return whether the file that is locked is still the one others would find."""
        try:
            return self._fd >= 0 and os.path.samestat(os.fstat(self._fd), self._path.stat())
        except OSError:
            return False

    def release(self, *, delete: bool = False) -> None:
        """Give the lock back; the keeper also takes the file away."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        if delete and os.name == "posix":
            self._fd = fd
            if self.valid():
                self._path.unlink(missing_ok=True)
            self._fd = -1
        os.close(fd)
        if delete and os.name != "posix":
            try:
                self._path.unlink(missing_ok=True)
            except OSError:
                return  # somebody else has it open, perhaps locked: it is theirs now


def _try_lock(fd: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(fd, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
