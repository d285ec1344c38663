"""The texts of symbols: the candidates that match by text or by name, and what their texts contain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from codesearch.core.filter import Filter
from codesearch.store import filter_sql
from codesearch.store.connection import Connection, explained
from codesearch.store.full_text import BIT_OF, Held
from codesearch.store.interned import key_of
from codesearch.store.many import parts
from codesearch.store.match import Match, Words
from codesearch.store.schema import TEXT_COLUMNS
from codesearch.store.symbol_sql import IS_MINOR, NOT_MINOR, SYMBOLS

if TYPE_CHECKING:
    from codesearch.store.text_index import TextIndex
    from codesearch.store.text_scores import TextScores

MOST_COUNTED = 50_000
"""A word that this many texts contain carries little information, so counting stops here."""
MOST_KEPT = 5_000
"""Counts that are kept for the next queries, 2 MB."""
MOST_QUESTIONS = 64
"""Questions whose phrases are kept."""
MOST_READ = 8
"""Texts that hold the words of phrases whose source is read to see if they follow each other: so many of all texts, and
so many of the candidates. A message that a text has in a string is the first of them (docs/benchmarks.md)."""
MOST_LOOKED_AT = 50
"""Texts in which phrases are looked for outside of bodies, which takes no source: so many of all texts, and all of the
candidates."""
_LOOKED_AT = 1000
"""The best texts that are looked at first for those that pass a filter; then 8 times as many, and so on."""


PhraseCounter = Callable[[Sequence[str], Mapping[int, bytes]], Mapping[int, bytes]]
"""Returns, for those of some symbols that hold any of some phrases, how often each column of their text (in the order
of schema.TEXT_COLUMNS) holds each phrase, a byte each. What is given is, by symbol, a byte for each phrase: bit n is
set if column n may hold it. An index has no places of words, so the source is read."""


class Texts:
    """The texts of the symbols that are not minor."""

    connection: Connection
    path: Path
    phrases: PhraseCounter | None = None
    """Without it, no text holds a phrase."""
    _minor_texts: ClassVar[bool] = False
    _kinds: ClassVar[str] = NOT_MINOR
    _index: TextIndex | None = None
    _scored: TextScores | None = None
    _scored_version = -1
    _holding: dict[Match, int]
    """How many texts match, in the version last asked for. Queries repeat the words that take longest."""
    _phrases_read: dict[tuple[str, ...], dict[int, tuple[bytes, bytes]]]
    """By the phrases of a question, the texts that were read for them in that version: in which columns (as they are
    given to PhraseCounter), and their counts; b"" for none."""

    @property
    def scoring_cost(self) -> int:
        """Scoring leaves out by itself what cannot be among the best (`TextScores.best`)."""
        return 0

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
        with self.scores() as scores:
            if phrases := _phrases(match):
                likely = scores.together(phrases, MOST_LOOKED_AT, bodies=False) | scores.together(phrases, MOST_READ)
                counts = self._phrases_of(phrases, likely)
                ranked = scores.scored(counts, len(phrases), weights)
                return self._passing(lambda most: ranked[:most], limit, where)
            return self._passing(lambda most: scores.best(match, weights, most), limit, where)

    def _passing(
        self, best: Callable[[int], list[tuple[int, float]]], limit: int, where: Filter | None
    ) -> list[tuple[int, float]]:
        """Return the first of a ranking that pass a filter; `best` returns its first texts."""
        if not where:
            return best(limit)
        condition, values = filter_sql.render(where)
        found: list[tuple[int, float]] = []
        done, most = 0, max(limit, _LOOKED_AT)
        while len(found) < limit:
            ranked = best(most)
            for some in parts(ranked[done:], 2 * limit):
                rows = self._rows(
                    f"SELECT s.id FROM json_each(?) wanted JOIN {SYMBOLS} WHERE s.id = wanted.value AND {condition}",
                    [json.dumps([id for id, _ in some]), *values],
                )
                passing = {row[0] for row in rows}
                found += [one for one in some if one[0] in passing]
                if len(found) >= limit:
                    break
            if len(ranked) < most:
                break
            done, most = most, 8 * most
        return found[:limit]

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
        with self.scores() as scores:
            everywhere = [self.holding(Match((Words((term,)),))) for term in terms]
            naming = [self.holding(Match((Words((term,)),), naming=True)) for term in terms]
            held = len(phrases), self._phrases_held(scores, tuple(phrases), ids)
            return scores.held(terms, held, ids, weights, (everywhere, naming))

    def _phrases_of(self, phrases: tuple[str, ...], likely: Mapping[int, bytes]) -> dict[int, bytes]:
        """Return the counts of phrases in those of some texts that hold any."""
        if self.phrases is None:
            return {}
        known = self._phrases_read.get(phrases)
        if known is None:
            if len(self._phrases_read) >= MOST_QUESTIONS:
                self._phrases_read.clear()
            known = self._phrases_read[phrases] = {}
        missing = {
            id: columns for id, columns in likely.items() if id not in known or not _covers(known[id][0], columns)
        }
        if missing:
            found = self.phrases(phrases, missing)
            known.update((id, (columns, found.get(id, b""))) for id, columns in missing.items())
        return {id: counts for id, columns in likely.items() if any(counts := _in_columns(*known[id], columns))}

    def _phrases_held(self, scores: TextScores, phrases: tuple[str, ...], ids: Sequence[int]) -> dict[int, bytes]:
        """Return the field bits of each phrase, one byte each, for the texts that contain any."""
        if not phrases:
            return {}
        asked = set(ids)
        likely = (
            scores.together(phrases, len(asked), asked, bodies=False)
            | scores.together(phrases, MOST_READ, asked)
            | scores.together(phrases, MOST_READ)
        )
        known = self._phrases_of(phrases, {id: columns for id, columns in likely.items() if id in asked})
        columns = range(len(TEXT_COLUMNS))
        return {
            id: bytes(
                sum(BIT_OF[column] for column in columns if counts[at + column])
                for at in range(0, len(counts), len(TEXT_COLUMNS))
            )
            for id in ids
            if (counts := known.get(id)) is not None
        }

    @contextmanager
    def scores(self) -> Iterator[TextScores]:
        """Give what scores texts, for the moment at which the index is read."""
        if not self.connection.raw.in_transaction:
            with self.connection.snapshot(), self.scores() as found:
                yield found
            return
        from codesearch.store.text_index import TextIndex
        from codesearch.store.text_scores import TextScores

        with explained(self.path):
            version = self.version()
            if self._scored is None or version != self._scored_version:
                self._holding, self._phrases_read, self._scored = {}, {}, None
                if self._index is None:
                    self._index = TextIndex(self.connection.raw, minor=self._minor_texts)
                self._index.refresh(version)
                self._scored, self._scored_version = TextScores(self._index), version
            yield self._scored

    def forget_texts(self) -> None:
        """Release the memory that scoring texts takes."""
        if self._index is not None:
            self._index.close()
        self._index = self._scored = None

    def holding(self, match: Match) -> int:
        """Return how many texts match, at most MOST_COUNTED."""
        return min(self.count(match), MOST_COUNTED)

    def count(self, match: Match | None = None) -> int:
        """Return the number of texts, or of those that match."""
        with self.scores() as scores:
            if match is None:
                return scores.texts
            known = self._holding.get(match)
            if known is None:
                if len(self._holding) > MOST_KEPT:
                    self._holding.clear()
                known = self._holding[match] = scores.holding(match)
            return known

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

    def _rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[Any]:
        return self.connection.rows(sql, bindings)


class MinorTexts(Texts):
    """The texts of the minor symbols."""

    _minor_texts = True
    _kinds = IS_MINOR

    def __init__(self, store: Texts) -> None:
        self.connection, self.path = store.connection, store.path


def _phrases(match: Match) -> tuple[str, ...]:
    """Return the phrases of a match that has nothing else; () for others."""
    words = [word for one in match.any_of if isinstance(one, Words) for word in one.words]
    only = all(isinstance(one, Words) for one in match.any_of) and all(" " in word for word in words)
    return tuple(words) if only and not match.naming else ()


def _covers(known: bytes, columns: bytes) -> bool:
    """Return whether a text was read for phrases in all columns, a byte for each phrase, that are asked for."""
    return known == columns or not any(one & ~read for read, one in zip(known, columns, strict=True))


def _in_columns(known: bytes, counts: bytes, columns: bytes) -> bytes:
    """Return the counts of phrases in some columns; 0 for others, even if earlier questions had them read."""
    if known == columns or not counts:
        return counts
    each = len(TEXT_COLUMNS)
    return bytes(count if columns[at // each] >> at % each & 1 else 0 for at, count in enumerate(counts))
