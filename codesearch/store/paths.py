"""Paths as SQLite stores them: text, or bytes where a name is not valid UTF-8. They are the same in every locale."""

from __future__ import annotations

import os
import sys

_UTF8 = sys.getfilesystemencoding() == "utf-8"
"""Whether this process decodes names of files as UTF-8; in a locale such as Latin-1 it does not."""


def stored(path: str) -> str | bytes:
    """Return a path as SQLite can store it; a name that is not valid UTF-8 becomes bytes."""
    name = os.fsencode(path)
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name


def shown(path: str | bytes) -> str:
    """Return a stored path as text."""
    if isinstance(path, str):
        return path if _UTF8 else os.fsdecode(path.encode("utf-8"))
    return os.fsdecode(path)
