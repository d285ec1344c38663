"""Open a file that may have been replaced since it was listed: never follow a link, never wait for a pipe."""

from __future__ import annotations

import errno
import os
import stat

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_plain(path: str | bytes, limit: int = 1 << 30) -> bytes:
    """Return at most `limit` bytes of a plain file.

    Raises:
        OSError: it cannot be opened, is a link (if the system reports that), or is not a plain file.

    """
    handle = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a plain file")
        parts = []
        while limit > 0 and (part := os.read(handle, min(limit, 1 << 20))):
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)
