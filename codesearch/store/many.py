"""Statements over any number of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

_AT_ONCE = 500
"""Values per IN (...). SQLite allows more, but parsing them costs more than it saves."""


def among(db: apsw.Connection, select: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a SELECT that ends in IN, for any number of values."""
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        yield from db.execute(f"{select} ({','.join('?' * len(some))})", some).fetchall()
