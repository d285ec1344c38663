"""Shortens what a text repeats thousands of times: some grammars take minutes, or gigabytes, for `<!--<!--<!--...`."""

from __future__ import annotations

import re

LONGEST_UNIT = 24
"""Bytes that are repeated."""
SHORTENED = 4096
"""Bytes of a run from which on it is shortened."""
_BLOCK = 1024
_HEAD = 16
_BLANKED = re.compile(rb"[^\r\n]")


def shortened(source: bytes) -> bytes:
    """Return a source in which blanks stand for most of each long run of one unit; offsets and lines are the same.

    Whole units are left out, so a table of zeros stays a table of zeros, and brackets stay in pairs.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while at + SHORTENED <= len(source):
        unit = _unit(source, at)
        end = at + _BLOCK if unit is None else _end(source, at, unit)
        if unit is not None and end - at >= SHORTENED and not unit.isspace():
            found.append((at + len(unit) * (_BLOCK // len(unit)), end))
        at = end
    if not found:
        return source
    parts, kept = [], 0
    for start, end in found:
        parts += [source[kept:start], _BLANKED.sub(b" ", source[start:end])]
        kept = end
    return b"".join([*parts, source[kept:]])


def _unit(source: bytes, at: int) -> bytes | None:
    """Return what a block consists of, if it is one short unit again and again."""
    period = source.find(source[at : at + _HEAD], at + 1, at + LONGEST_UNIT + _HEAD) - at
    if period <= 0:
        return None
    unit = source[at : at + period]
    return unit if source.startswith((unit * (_BLOCK // period + 1))[:_BLOCK], at) else None


def _end(source: bytes, at: int, unit: bytes) -> int:
    """Return the end of a run; a little of it may be after that."""
    step = unit * (_BLOCK // len(unit))
    while source.startswith(step, at):
        at += len(step)
    return at
