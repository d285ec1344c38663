"""Which fields of a text hold which of a query's phrases, asked of FTS5 in one pass over some symbols."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from apsw import FTS5ExtensionApi

_FUNCTION = "codesearch_fields"


def register(db: apsw.Connection) -> None:
    """Make `fields` work on a connection."""
    db.register_fts5_function(_FUNCTION, _fields)


def quoted(phrase: str) -> str:
    """Return a phrase as FTS5 writes it."""
    return '"' + phrase.replace('"', '""') + '"'


def any_of(phrases: Iterable[str]) -> str:
    """Return an FTS5 expression that matches any of the phrases."""
    return " OR ".join(map(quoted, phrases))


def fields(db: apsw.Connection, phrases: Sequence[str], ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Return, for those of the symbols that hold any, a number a phrase whose bit n says that field n holds it."""
    rows = db.execute(
        f"SELECT rowid, {_FUNCTION}(symbol_text) FROM symbol_text "
        f"WHERE symbol_text MATCH ? AND +rowid IN ({','.join('?' * len(ids))})",
        [any_of(phrases), *ids],
    )
    return {int(row[0]): tuple(bytes(row[1])) for row in rows}


def _fields(api: FTS5ExtensionApi, *_: object) -> bytes:
    """Return a byte a phrase of the running query, with a bit set for each column that holds it."""
    return bytes(sum(1 << column for column in api.phrase_columns(phrase)) for phrase in range(api.phrase_count))
