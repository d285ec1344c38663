"""Writes counts as people read them."""

from __future__ import annotations


def number(count: int, what: str, many: str = "") -> str:
    """Return a count with its noun: `1 file`, `2,000 files`.

    `many` is the plural if it is not `what` with an s, or if a verb follows: `1 file is`, `2 files are`.
    """
    return f"{count:,} {what if count == 1 else many or what + 's'}"
