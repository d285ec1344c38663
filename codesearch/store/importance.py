"""How often the names of symbols occur in the texts of other symbols, from the vocabulary of the full-text index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from codesearch.store import filter_sql
from codesearch.store.interned import key_of
from codesearch.store.symbol_sql import SYMBOLS

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.store.store import Store


class Mentioned(NamedTuple):
    """A symbol, and how often its name is used."""

    id: int
    name: str
    kind: str
    path: str | bytes
    roles: str
    namesakes: int
    """Symbols that have this name, itself included."""
    mentions: int
    """Symbols with this name in their text, themselves included."""


def mentioned(store: Store, where: Filter | None = None) -> Iterator[Mentioned]:
    """Yield the symbols that pass a filter, in no particular order."""
    condition, values = filter_sql.render(where) if where else ("1", [])
    with store.scores():
        rows = store.connection.each(
            f"WITH keys AS (SELECT {key_of('n')} AS name_key, count(*) AS namesakes FROM name n "
            "JOIN symbol d ON d.name_id = n.id GROUP BY 1), named AS MATERIALIZED (SELECT name_key, namesakes, "
            "texts_that_hold(name_key) AS mentions FROM keys) "
            "SELECT s.id, s.name, s.kind, f.path, f.roles, named.namesakes, named.mentions "
            f"FROM {SYMBOLS} JOIN named USING(name_key) "
            f"WHERE s.kind != 'module' AND {condition}",
            values,
        )
        yield from (Mentioned(*row) for row in rows)
