"""The texts of symbols: the candidates that match by text or by name, and what their texts contain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.store import filter_sql, full_text, text_format
from codesearch.store.connection import Connection, explained
from codesearch.store.full_text import Held
from codesearch.store.interned import key_of
from codesearch.store.match import Match, Words
from codesearch.store.symbol_sql import FILES_FIRST, IS_MINOR, NOT_MINOR, SYMBOLS

if TYPE_CHECKING:
    import apsw

    from codesearch.store.text_scores import TextScores

log = Log("codesearch.store")

MOST_COUNTED = 50_000
"""A word that this many texts contain carries little information, so counting stops here."""
MOST_KEPT = 5_000
"""Counts that are kept for the next queries, 2 MB."""
COSTLY_FROM = 200_000
"""Number of symbols from which fewer texts are scored: with a million, five times as many texts took half as long again
and found nothing more (docs/benchmarks.md)."""
SCORED_FROM = 5_000
"""Number of texts from which it pays to keep postings, from the second question of a process on."""


class Counts:
    """What is kept of the texts for each version of an index: how many texts match, and how texts are scored.

    Queries repeat the words that take longest.
    """

    def __init__(self) -> None:
        self._version = -1
        self._known: dict[Match, int] = {}
        self._scores: TextScores | None = None
        self._asked = 0
        self._looked = False
        """Whether it was looked if the texts of this version are worth it."""

    def of(self, version: int) -> dict[Match, int]:
        """Return the counts of a version, to read and to add to."""
        if version != self._version:
            self.close()
        if version != self._version or len(self._known) > MOST_KEPT:
            self._version, self._known = version, {}
        self._asked += 1
        return self._known

    def scores(self, db: apsw.Connection, table: str) -> TextScores | None:
        """Return what scores the texts of the version last asked for; None if FTS5 does it at less cost.

        That is so for the first question of a process, and where there are few texts.
        """
        if self._asked > 1 and not self._looked:
            self._looked = True
            try:
                if sum(text_format.totals(db, table)[:1]) >= SCORED_FROM:
                    from codesearch.store.text_scores import TextScores

                    self._scores = TextScores(db, table)
            except text_format.UnsoundError as error:
                log.info("%s: scored by FTS5, since it %s", table, error)
        return self._scores

    def close(self) -> None:
        """Drop what is kept for scoring."""
        if self._scores is not None:
            self._scores.close()
        self._scores, self._looked = None, False


class Texts:
    """The texts of the symbols that are not minor."""

    connection: Connection
    path: Path
    _table: ClassVar[str] = "symbol_text"
    _kinds: ClassVar[str] = NOT_MINOR
    _counted: dict[Match, int] | None
    """How many texts match, while a snapshot is read."""
    _counts: Counts
    _with_phrases: tuple[tuple[str, ...], dict[int, bytes]] | None = None
    """Phrases that were looked for in this snapshot, and all texts that contain any, with their field bits."""

    @property
    def scoring_cost(self) -> int:
        """What scoring a text costs, compared with a small index: `search.term_pruning` divides its limits by it."""
        last = self._rows(f"SELECT max(id) FROM {self._table}_docsize")[0][0]
        return 1 if (last or 0) < COSTLY_FROM else 5

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
        if not where and (scores := self._scoring(match)) is not None:
            with explained(self.path):
                return scores.best(match, weights, limit)
        if not where and (phrases := _phrases(match)):
            with explained(self.path):
                few = full_text.few_with_phrases(self.connection.raw, phrases, weights, limit, self._table)
            if few is not None:
                self._with_phrases = phrases, {id: bits for id, (_, bits) in few.items()}
                return sorted(((id, score) for id, (score, _) in few.items()), key=lambda one: (-one[1], one[0]))
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
        holding = everywhere, naming
        db = self.connection.raw
        with explained(self.path):
            scores = self._scores()
            if scores is None:
                return full_text.held(db, terms, phrases, ids, weights, holding, self._table)
            common = [at for at, term in enumerate(terms) if not scores.reads(term)]
            counts = full_text.counts_held(
                db, [terms[at] for at in common], ids, [everywhere[at] for at in common], self._table
            )
            held = len(phrases), self._phrases_held(phrases, ids)
            return scores.held(terms, counts, held, ids, weights, holding)

    def _phrases_held(self, phrases: Sequence[str], ids: Sequence[int]) -> dict[int, bytes]:
        """Return the field bits of each phrase, one byte each, for the texts that contain any."""
        if self._with_phrases is None or self._with_phrases[0] != tuple(phrases):
            return full_text.phrases_held(self.connection.raw, phrases, ids, self._table)
        known = self._with_phrases[1]
        return {id: known[id] for id in ids if id in known}

    def _scores(self) -> TextScores | None:
        """Return what scores texts in this process, while a snapshot is read; None if FTS5 has to."""
        return None if self._counted is None else self._counts.scores(self.connection.raw, self._table)

    def _scoring(self, match: Match) -> TextScores | None:
        """Return what scores a match in this process, while a snapshot is read; None if FTS5 has to."""
        with explained(self.path):
            scores = self._scores()
            return scores if scores is not None and scores.knows(match) else None

    def holding(self, match: Match) -> int:
        """Return how many texts match, at most MOST_COUNTED."""
        if self._counted is not None and match in self._counted:
            return self._counted[match]
        if (scores := self._scoring(match)) is not None:
            found = min(scores.holding(match), MOST_COUNTED)
        else:
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
        name_key = key_of("n")
        is_asked, bounds = ("BETWEEN ? AND ?", [key, key + "\U0010ffff"]) if prefix else ("= ?", [key])
        if signs:
            condition, values = f"signs_of(n.text) = ? AND {condition}", [signs, *values]
        rows = self._rows(  # the index of keys comes first: it gives their lengths, too
            f"SELECT s.id FROM name n CROSS JOIN {SYMBOLS if where else 'symbol s'} WHERE s.name_id = n.id "
            f"AND {name_key} {is_asked} AND {self._kinds} AND {condition} ORDER BY length({name_key}), s.id LIMIT ?",
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

    def close(self) -> None:
        """Drop what is kept."""
        self._counts.close()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count each expression once inside; call it in a snapshot."""
        self._counted = self._counts.of(self.version())
        try:
            yield
        finally:
            self._counted = self._with_phrases = None


def _phrases(match: Match) -> tuple[str, ...]:
    """Return the phrases of a match that has nothing else; () for others."""
    words = [word for one in match.any_of if isinstance(one, Words) for word in one.words]
    only = all(isinstance(one, Words) for one in match.any_of) and all(" " in word for word in words)
    return tuple(words) if only and not match.naming else ()


def _restriction(where: Filter | None, column: str, selected: str) -> tuple[str, list[filter_sql.Binding]]:
    if not where:
        return "", []
    condition, bindings = filter_sql.render(where)
    return (
        f" AND {column} IN (SELECT {selected} FROM {FILES_FIRST} WHERE {condition})",
        bindings,
    )
