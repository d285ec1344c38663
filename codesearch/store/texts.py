"""The texts of symbols: the candidates that match by text or by name, and what their texts contain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from codesearch.core.filter import Filter
from codesearch.core.types import DETAILS, MINOR
from codesearch.store import filter_sql, full_text
from codesearch.store.connection import Connection, explained
from codesearch.store.full_text import Held
from codesearch.store.match import Match, Words

MOST_COUNTED = 50_000
"""A word that this many texts contain carries little information, so counting stops here."""
MOST_KEPT = 5_000
"""Counts that are kept for the next queries, 2 MB."""


IS_MINOR = f"s.kind IN ({filter_sql.listed(sorted(MINOR))})"
NOT_MINOR = f"s.kind NOT IN ({filter_sql.listed(sorted(MINOR))})"
NO_DETAIL = f"s.kind NOT IN ({filter_sql.listed(sorted(DETAILS))})"
"""Conditions over `symbol s`."""


class Counts:
    """How many texts match, counted once for each version of an index: queries repeat the words that take longest."""

    def __init__(self) -> None:
        self._version = -1
        self._known: dict[Match, int] = {}

    def of(self, version: int) -> dict[Match, int]:
        """Return the counts of a version, to read and to add to."""
        if version != self._version or len(self._known) > MOST_KEPT:
            self._version, self._known = version, {}
        return self._known


class Texts:
    """The texts of the symbols that are not minor."""

    connection: Connection
    path: Path
    scoring_cost: ClassVar[int] = 1
    _table: ClassVar[str] = "symbol_text"
    _kinds: ClassVar[str] = NOT_MINOR
    _counted: dict[Match, int] | None
    """How many texts match, while a snapshot is read."""
    _counts: Counts

    def version(self) -> int:
        """Return a number that grows with each change of what the index says about the tree.

        Vectors added by a query or by backfill do not count: they give a watcher no reason to scan again.
        """
        rows = self._rows("SELECT value FROM meta WHERE key = 'written'")
        return int(rows[0][0]) if rows else 0

    def text_candidates(
        self, match: Match, weights: Sequence[float], limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Return (symbol id, BM25) of the best full-text matches, best first; higher is better."""
        # Without the plus, FTS5 would run the query once per row that passes the filter.
        clause, bindings = _restriction(where, "+rowid", "s.id")
        rows = self._rows(
            f"SELECT rowid, {full_text.bm25(weights, self._table)} AS score FROM {self._table} "
            f"WHERE {self._table} MATCH ?{clause} ORDER BY score DESC, rowid LIMIT ?",
            [full_text.render(match), *bindings, limit],
        )
        return [(row[0], row[1]) for row in rows]

    def held(
        self,
        terms: Sequence[str],
        phrases: Sequence[str],
        ids: Sequence[int],
        weights: tuple[Sequence[float], Sequence[float]],
    ) -> dict[int, Held]:
        """Return which terms and phrases of a query each symbol contains; symbols that contain none are left out.

        `weights` are the weights of schema.TEXT_FIELDS for Held.text and for Held.names.
        """
        if not terms or not ids:
            return {}
        everywhere = [self.holding(Match((Words((term,)),))) for term in terms]
        naming = [self.holding(Match((Words((term,)),), naming=True)) for term in terms]
        with explained(self.path):
            holding = everywhere, naming
            return full_text.held(self.connection.raw, terms, phrases, ids, weights, holding, self._table)

    def holding(self, match: Match) -> int:
        """Return how many texts match, at most MOST_COUNTED."""
        if self._counted is not None and match in self._counted:
            return self._counted[match]
        rows = self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM {self._table} WHERE {self._table} MATCH ? LIMIT {MOST_COUNTED})",
            [full_text.render(match)],
        )
        found = int(rows[0][0])
        if self._counted is not None:
            self._counted[match] = found
        return found

    def named(
        self, key: str, limit: int, where: Filter | None = None, *, prefix: bool = False, signs: str = ""
    ) -> list[int]:
        """Return the symbols whose name key is `key`, or begins with it (`tokens.name_key`).

        With `signs`, only those whose names have these signs (`names.signs_of`).
        """
        condition, values = filter_sql.render(where) if where else ("1", [])
        name = f"{'s.name_key >= ? AND s.name_key < ?' if prefix else 's.name_key = ?'} AND {self._kinds}"
        bounds = [key, key + "\U0010ffff"] if prefix else [key]
        if signs:
            name, bounds = f"{name} AND signs_of(s.name) = ?", [*bounds, signs]
        rows = self._rows(
            f"SELECT s.id FROM symbol s JOIN file f ON f.id = s.file_id WHERE {name} AND {condition} "
            "ORDER BY length(s.name_key), s.id LIMIT ?",
            [*bounds, *values, limit],
        )
        return [row[0] for row in rows]

    def texts(self) -> int:
        """Return the number of texts."""
        return int(self._rows(f"SELECT count(*) FROM {self._table}_docsize")[0][0])

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return self.connection.rows(sql, bindings)


class MinorTexts(Texts):
    """The texts of the minor symbols."""

    _table = "minor_text"
    _kinds = IS_MINOR

    def __init__(self, store: Texts) -> None:
        self.connection, self.path = store.connection, store.path
        self._counted = None
        self._counts = Counts()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count each expression once inside; call it in a snapshot."""
        self._counted = self._counts.of(self.version())
        try:
            yield
        finally:
            self._counted = None


def _restriction(where: Filter | None, column: str, selected: str) -> tuple[str, list[filter_sql.Binding]]:
    if not where:
        return "", []
    condition, bindings = filter_sql.render(where)
    return (
        f" AND {column} IN (SELECT {selected} FROM symbol s JOIN file f ON f.id = s.file_id WHERE {condition})",
        bindings,
    )
