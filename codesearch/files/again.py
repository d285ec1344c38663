"""Read a file again that was indexed: its text, if it is still what it was."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from codesearch.files.content import HASH_BYTES, text_of
from codesearch.files.reading import read_if
from codesearch.files.times import settled


class Indexed(NamedTuple):
    """A file as it was when it was indexed."""

    path: str
    """Relative to the root of the tree."""
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    checked_ns: int
    """When the status above was read."""
    hash: bytes | None
    """Of its bytes; None for a file that was found by its parts."""


def read_again(root: Path | str, file: Indexed) -> bytes | None:
    """Return the text of a file as `read_source` returned it; None if the file changed, is gone or cannot be read.

    The times of a file say that it is the same, as they do before each question; if they do not, its bytes do.
    """
    same = False

    def wanted(status: os.stat_result) -> bool:
        nonlocal same
        now = status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        is_as_seen = now == (file.mtime_ns, file.ctime_ns, file.inode)
        same = is_as_seen and settled(file.mtime_ns, file.ctime_ns, file.checked_ns)
        return status.st_size == file.size and (same or file.hash is not None)

    try:
        raw = read_if(f"{root}/{file.path}", wanted, file.size)
    except OSError:
        return None
    if raw is None or not (same or blake2b(raw, digest_size=HASH_BYTES).digest() == file.hash):
        return None
    return text_of(file.path, raw)
