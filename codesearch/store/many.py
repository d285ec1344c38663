"""Statements over any number of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import apsw

_AT_ONCE = 500
"""Values per IN (...). SQLite allows more, but parsing them costs more than it saves."""

_One = TypeVar("_One")


def among(db: apsw.Connection, select: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a SELECT that ends in IN, for any number of values."""
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        yield from db.execute(f"{select} ({','.join('?' * len(some))})", some).fetchall()


def parts(values: Sequence[_One], first: int) -> Iterator[Sequence[_One]]:
    """Yield values in parts, each twice as long as the one before."""
    start, size = 0, max(1, first)
    while start < len(values):
        yield values[start : start + size]
        start, size = start + size, 2 * size
