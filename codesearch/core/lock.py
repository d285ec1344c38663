"""A lock on a file, held by a process: the operating system releases it when the process dies.

The file holds facts about the process, such as its number, for others to read. The writer of an index, its backfill and
its watcher each hold a lock of this kind.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.05
"""Seconds between two attempts while another process holds the lock."""
_FAR = 1 << 30
"""On Windows, other processes cannot read a locked byte, so the locked byte is after the text."""


class ProcessLock:
    """A lock on one file. Not for several threads."""

    def __init__(self, path: Path) -> None:
        """`path`: the lock file; its folder must exist."""
        self.path = path
        self._fd = -1

    def acquire(self, facts: dict[str, Any] | None = None, *, timeout: float = 0.0) -> bool:
        """Take the lock and write `facts` (default: `pid`) for others to read; False if it is not free in time.

        `timeout` is in seconds. Raises OSError if the file cannot be made or opened.
        """
        end = time.monotonic() + timeout
        while not self._try(create=True):
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL_SECONDS, left))
        os.ftruncate(self._fd, 0)
        os.write(self._fd, json.dumps(facts or {"pid": os.getpid()}).encode())
        return True

    def is_free(self) -> bool:
        """Return whether the lock is free; makes and writes no file."""
        if self._fd >= 0:
            return False
        if self.path.exists() and not self._try(create=False):
            return not self.path.exists()
        self.release()
        return True

    def holder(self) -> dict[str, Any]:
        """Return the facts that the last holder wrote, though it may have ended; {} if there are none."""
        try:
            facts = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def _try(self, *, create: bool) -> bool:
        if self._fd >= 0:
            return True
        flags = os.O_RDWR | (os.O_CREAT if create else 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        while True:
            try:
                # Writable for the group if the umask allows: members of a team may share a checkout.
                fd = os.open(self.path, flags, 0o666)
            except FileNotFoundError:
                if create:
                    raise
                return False
            if not _try_lock(fd):
                os.close(fd)
                return False
            try:
                same = os.path.samestat(os.fstat(fd), self.path.stat())
            except FileNotFoundError:
                same = False
            if same:
                self._fd = fd
                return True
            os.close(fd)  # its holder deleted it as it ended: lock the file that is there now

    def valid(self) -> bool:
        """Return whether the locked file is still the one that others would find."""
        try:
            return self._fd >= 0 and os.path.samestat(os.fstat(self._fd), self.path.stat())
        except OSError:
            return False

    def release(self, *, delete: bool = False) -> None:
        """Release the lock; also delete the file if `delete` is set."""
        if self._fd < 0:
            return
        if delete and os.name == "posix" and self.valid():
            self.path.unlink(missing_ok=True)
        fd, self._fd = self._fd, -1
        os.close(fd)
        if delete and os.name != "posix":
            try:
                self.path.unlink(missing_ok=True)
            except OSError:
                return  # another process has it open, perhaps locked: the file is its own now


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
