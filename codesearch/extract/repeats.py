"""Shortens what a text repeats thousands of times: some grammars take minutes, or gigabytes, for `<!--<!--<!--...`."""

from __future__ import annotations

from codesearch.languages.hooks._common import blanked

LONGEST_UNIT = 24
"""Bytes that are repeated."""
SHORTENED = 4096
"""Bytes of a run from which on it is shortened."""
KEPT = 1024
"""Bytes of it that stay, and less than a unit at its end."""
_BLOCK = 1024
_HEAD = 16


def shortened(source: bytes) -> bytes:
    """Return a source in which blanks stand for most of each long run of one unit; offsets and lines are the same.

    Whole units are left out, so a table of zeros stays a table of zeros, and brackets stay in pairs.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while at + SHORTENED <= len(source):
        unit = _unit(source, at)
        if unit is None:
            at += _BLOCK
            continue
        start, at = _run(source, at, unit)
        if at - start >= SHORTENED and not unit.isspace():
            found.append((start + len(unit) * (KEPT // len(unit)), at))
    return blanked(source, found) if found else source


def _unit(source: bytes, at: int) -> bytes | None:
    """Return what a block consists of, if it is one short unit again and again."""
    period = source.find(source[at : at + _HEAD], at + 1, at + LONGEST_UNIT + _HEAD) - at
    if period <= 0:
        return None
    unit = source[at : at + period]
    return unit if source.startswith((unit * (_BLOCK // period + 1))[:_BLOCK], at) else None


def _run(source: bytes, at: int, unit: bytes) -> tuple[int, int]:
    """Return the range of whole units around a block."""
    start, end = at, at
    while source.endswith(unit, 0, start):
        start -= len(unit)
    many = unit * (_BLOCK // len(unit))
    for step in (many, unit):
        while source.startswith(step, end):
            end += len(step)
    return start, end
