"""What an exact search needs of an index: which files are searched, and the symbols of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.store import filter_sql, symbol_sql
from codesearch.store.paths import shown, stored

if TYPE_CHECKING:
    from codesearch.store.store import Store

_HAS_SYMBOLS = f"EXISTS (SELECT 1 FROM full_symbol s WHERE {symbol_sql.IN_FILE}{{condition}})"


def files(store: Store, where: Filter | None = None, *, parsed: bool = False) -> list[str]:
    """Return the paths of the indexed files, in order: those with symbols that pass a filter.

    `parsed` leaves out those that could not be parsed and are found by their parts.
    """
    condition, values = filter_sql.render(where) if where else ("", [])
    has = _HAS_SYMBOLS.format(condition=f" AND {condition}" if condition else "")
    rows = store.connection.rows(
        f"SELECT path FROM file f WHERE {'skipped IS NULL AND ' if parsed else ''}{has}", values
    )
    return sorted(shown(row[0]) for row in rows)


def symbols(store: Store, path: str, where: Filter | None = None) -> list[tuple[Symbol, bool]]:
    """Return the symbols of a file without details, and whether each passes a filter."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    rows = store.connection.rows(
        f"SELECT {symbol_sql.COLUMNS}, ({condition}) FROM {symbol_sql.SYMBOLS} "
        f"WHERE f.path = ? AND {symbol_sql.NO_DETAIL} ORDER BY s.id",
        [*values, stored(path)],
    )
    return [(symbol_sql.symbol_of(row), bool(row[-1])) for row in rows]


def left_out(store: Store, *, parsed: bool = False) -> dict[str, int]:
    """Return how many files are not searched, by the reason; see `files`."""
    unless = "" if parsed else f" AND NOT {_HAS_SYMBOLS.format(condition='')}"
    rows = store.connection.rows(f"SELECT skipped, count(*) FROM file f WHERE skipped IS NOT NULL{unless} GROUP BY 1")
    return {str(row[0]): int(row[1]) for row in rows}
