"""When the times of a file can be trusted to change with it."""

from __future__ import annotations

import os

FINE_GRAIN_NS = 50_000_000
COARSE_GRAIN_NS = 2_000_000_000
"""A file that changes again within the grain of its file system's clock keeps its times. Whole seconds reveal a coarse
clock (FAT counts in steps of 2 s)."""

_POSIX = os.name == "posix"
"""Elsewhere ctime is the time of creation."""


def settled(mtime_ns: int, ctime_ns: int, moment_ns: int) -> bool:
    """Return whether what has these times changed so long before a moment that a later change changes its times."""
    grain = COARSE_GRAIN_NS if mtime_ns % 1_000_000_000 == 0 else FINE_GRAIN_NS
    return (max(mtime_ns, ctime_ns) if _POSIX else mtime_ns) + grain < moment_ns
