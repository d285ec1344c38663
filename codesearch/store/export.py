"""Reads every symbol with its vector, for exports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codesearch.core.filter import Filter
from codesearch.store import filter_sql, vector_codes
from codesearch.store.connection import Connection
from codesearch.store.paths import shown
from codesearch.store.symbol_sql import SYMBOLS

COLUMNS = (
    "id",
    "path",
    "language",
    "kind",
    "name",
    "qualname",
    "signature",
    "documentation",
    "start_line",
    "end_line",
    "roles",
)
"""The columns of an export, as in the view `symbols`; the vector follows them."""


def rows(connection: Connection, where: Filter | None = None) -> Iterator[tuple[Any, ...]]:
    """Yield `COLUMNS` and the int8 vector (None without one) of every symbol that passes a filter, by path and line."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    for row in connection.each(
        "SELECT s.id, f.path, coalesce(f.language, ''), s.kind, s.name, s.qualname, s.signature, s.documentation, "
        "s.start_line, s.end_line, f.roles, "
        f"CASE WHEN v.id IS NOT NULL THEN {vector_codes.UNPACKED}(v.embedding) END "
        f"FROM {SYMBOLS} LEFT JOIN vector v ON v.id = s.content_id WHERE {condition} "
        "ORDER BY f.path, s.start_line, s.end_line DESC, s.id",
        values,
    ):
        yield (row[0], shown(row[1]), *row[2:])
