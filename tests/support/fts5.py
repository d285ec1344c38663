"""A full-text table of SQLite with the same texts as an index: what the scores of an index are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from codesearch.store.full_text import by_column
from codesearch.store.match import NAMING_FIELDS, Beginnings, Match, Together, Words
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.stems import TOKENIZER


class Table:
    """Texts by id, scored by FTS5."""

    def __init__(self) -> None:
        self._db = apsw.Connection(":memory:")
        self._db.execute(
            f"CREATE VIRTUAL TABLE t USING fts5({', '.join(TEXT_COLUMNS)}, content='', contentless_delete=1, "
            f'tokenize="{" ".join(TOKENIZER)}")'
        )
        self._db.register_fts5_function("counts", self._counts)

    def add(self, id: int, fields: Sequence[str]) -> None:
        """Add a text: the words of each of TEXT_FIELDS."""
        marks = ",".join("?" * len(fields))
        self._db.execute(f"INSERT INTO t(rowid, {', '.join(TEXT_FIELDS)}) VALUES (?, {marks})", (id, *fields))

    def remove(self, id: int) -> None:
        """Delete a text."""
        self._db.execute("DELETE FROM t WHERE rowid = ?", (id,))

    def best(self, match: Match, weights: Sequence[float], limit: int) -> list[tuple[int, float]]:
        """Return (id, BM25) of the best matches, best first."""
        found: Any = self._db.execute(
            f"SELECT rowid, -bm25(t, {', '.join(map(str, by_column(weights)))}) AS score FROM t WHERE t MATCH ? "
            "ORDER BY score DESC, rowid LIMIT ?",
            (rendered(match), limit),
        ).fetchall()
        return list(found)

    def holding(self, match: Match) -> int:
        """Return how many texts match."""
        found: Any = self._db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (rendered(match),)).fetchall()
        return int(found[0][0])

    def counts(self, phrases: Sequence[str]) -> dict[int, bytes]:
        """Return, for the texts that hold any of some phrases, how often each of TEXT_COLUMNS holds each of them."""
        found: Any = self._db.execute("SELECT rowid, counts(t) FROM t WHERE t MATCH ?", (_any_of(phrases),)).fetchall()
        return dict(found)

    @staticmethod
    def _counts(api: Any, *_: Any) -> bytes:
        every = (api.phrase_locations(at) for at in range(api.phrase_count))
        return bytes(min(len(column), 255) for one in every for column in one)


def rendered(match: Match) -> str:
    """Return a match as an expression of FTS5."""
    expression = " OR ".join(map(_condition, match.any_of))
    return f"{{{' '.join(NAMING_FIELDS)}}} : ({expression})" if match.naming else expression


def _condition(one: Words | Together | Beginnings) -> str:
    if isinstance(one, Words):
        return _any_of(one.words)
    if isinstance(one, Together):
        return f"({' AND '.join(map(_quoted, one.words))})"
    return "{name scope} : (" + " AND ".join(f"{_quoted(word)}*" for word in one.words) + ")"


def _any_of(phrases: Sequence[str]) -> str:
    return " OR ".join(map(_quoted, phrases))


def _quoted(phrase: str) -> str:
    return '"' + phrase.replace('"', '""') + '"'
