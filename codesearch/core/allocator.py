"""Memory that the C library keeps for later use: less of it, and given back. Does nothing without glibc."""

from __future__ import annotations

import sys
from typing import Any

_M_ARENA_MAX = -8
_library: list[Any] = []
"""The C library, once it is loaded; None if it is not glibc."""


def use_one_arena() -> None:
    """Let all threads share one heap. By default each gets its own, and all keep what only some of them need at a time.

    Call it before the threads start. Python's lock lets one thread at a time allocate, so they hardly wait.
    """
    if (glibc := _glibc()) is not None:
        glibc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give free memory back to the system; takes a few milliseconds."""
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)


def _glibc() -> Any:
    if not _library:
        _library.append(_load() if sys.platform == "linux" else None)
    return _library[0]


def _load() -> Any:
    import ctypes

    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
