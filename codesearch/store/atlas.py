"""What clusters, maps and concepts read of all symbols, and what they keep in the index from one run to the next."""

from __future__ import annotations

import os
from typing import NamedTuple

from codesearch.core.filter import Filter
from codesearch.store import filter_sql
from codesearch.store.connection import Connection
from codesearch.store.symbol_sql import SYMBOLS

LONGEST_DOCUMENTATION = 300
"""Characters of documentation that are read per symbol."""


class Row(NamedTuple):
    """A symbol, as far as a survey of all symbols needs it."""

    id: int
    content: int
    kind: str
    name: str
    qualname: str
    signature: str
    documentation: str
    """Its beginning."""
    start_line: int
    end_line: int
    path: str
    language: str
    roles: str
    start_byte: int = 0
    end_byte: int = 0


def rows(connection: Connection, where: Filter | None = None) -> list[Row]:
    """Return the symbols with a vector that pass a filter, by path and line."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    found = connection.rows(
        "SELECT s.id, s.content_id, s.kind, s.name, s.qualname, s.signature, "
        f"substr(s.documentation, 1, {LONGEST_DOCUMENTATION}), s.start_line, s.end_line, f.path, f.language, f.roles, "
        f"s.start_byte, s.end_byte FROM {SYMBOLS} JOIN vector v ON v.id = s.content_id "
        f"WHERE {condition} ORDER BY f.path, s.start_line, s.end_line DESC, s.id",
        values,
    )
    return [Row(*(*row[:9], os.fsdecode(row[9]), row[10] or "", *row[11:])) for row in found]


def kept(connection: Connection, name: str) -> bytes | None:
    """Return what was kept under a name; None if nothing was."""
    found = connection.rows("SELECT value FROM atlas WHERE name = ?", (name,))
    return bytes(found[0][0]) if found else None


def keep(connection: Connection, name: str, value: bytes) -> None:
    """Keep a value under a name, instead of the last one."""
    with connection.transaction() as db:
        db.execute("INSERT OR REPLACE INTO atlas VALUES (?, ?)", (name, value))


def forget(connection: Connection, name: str) -> None:
    """Delete what was kept under a name."""
    with connection.transaction() as db:
        db.execute("DELETE FROM atlas WHERE name = ?", (name,))


def names(connection: Connection, prefix: str) -> list[str]:
    """Return the names that begin with a prefix, sorted."""
    found = connection.rows("SELECT name FROM atlas WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix))
    return [row[0] for row in found]
