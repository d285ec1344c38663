"""What an exact search needs of an index: which files are searched, and the symbols of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.store import filter_sql
from codesearch.store.paths import shown, stored
from codesearch.store.texts import NO_DETAIL

if TYPE_CHECKING:
    from codesearch.store.store import Store

_COLUMNS = (
    "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, s.start_byte, s.end_byte, "
    "f.language, f.path"
)


def files(store: Store, where: Filter | None = None) -> list[str]:
    """Return the paths of the indexed files, in order: those with symbols that pass a filter."""
    if not where:
        rows = store.connection.rows("SELECT path FROM file WHERE skipped IS NULL")
    else:
        condition, values = filter_sql.render(where)
        rows = store.connection.rows(
            f"SELECT path FROM file f WHERE skipped IS NULL AND EXISTS (SELECT 1 FROM symbol s WHERE s.file_id = f.id "
            f"AND {condition})",
            values,
        )
    return sorted(shown(row[0]) for row in rows)


def symbols(store: Store, path: str, where: Filter | None = None) -> list[tuple[Symbol, bool]]:
    """Return the symbols of a file without details, and whether each passes a filter."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    rows = store.connection.rows(
        f"SELECT {_COLUMNS}, ({condition}) FROM symbol s JOIN file f ON f.id = s.file_id "
        f"WHERE f.path = ? AND {NO_DETAIL} ORDER BY s.id",
        [*values, stored(path)],
    )
    return [(_symbol(row), bool(row[11])) for row in rows]


def left_out(store: Store) -> dict[str, int]:
    """Return how many files are not searched, by the reason."""
    rows = store.connection.rows("SELECT skipped, count(*) FROM file WHERE skipped IS NOT NULL GROUP BY skipped")
    return {str(row[0]): int(row[1]) for row in rows}


def _symbol(row: Any) -> Symbol:
    return Symbol(*(*row[:10], shown(row[10])))
