"""Open a file that may have been replaced since it was listed: never follow a link, never wait for a pipe."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_plain(path: str | bytes, limit: int = 1 << 30) -> bytes:
    """Return at most `limit` bytes of a plain file.

    Raises:
        OSError: it cannot be opened, is a link (if the system reports that), or is not a plain file.

    """
    return read_if(path, lambda _: True, limit) or b""


def read_if(path: str | bytes, wanted: Callable[[os.stat_result], bool], limit: int = 1 << 30) -> bytes | None:
    """Return the same if the status of the file is as `wanted`, else None. Raises the same."""
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a plain file")
        if not wanted(status):
            return None
        parts = []
        while limit > 0 and (part := os.read(handle, min(limit, 1 << 20))):
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)
