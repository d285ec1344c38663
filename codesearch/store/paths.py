"""Paths as SQLite stores them: text, or bytes where a name is not valid UTF-8."""

from __future__ import annotations

import os


def stored(path: str) -> str | bytes:
    """Return a path as SQLite can store it; a name that is not valid UTF-8 becomes bytes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def shown(path: str | bytes) -> str:
    """Return a stored path as text."""
    return os.fsdecode(path)
