"""Scores of texts and what they hold, computed from postings: FTS5's own numbers, for much less; needs numpy."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import apsw
import numpy as np

from codesearch.core.log import Log
from codesearch.store.full_text import BIT_OF, K1, B, Held, by_column, idf
from codesearch.store.match import NAMING_FIELDS, Match, Together, Words
from codesearch.store.postings import Postings, PostingsReader
from codesearch.store.schema import TEXT_COLUMNS
from codesearch.store.text_format import UnsoundError, totals

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]

log = Log("codesearch.store")

_TOKENIZER = ("porter", "unicode61", "remove_diacritics", "2")
"""As in the schema."""
_NAMING = [column in NAMING_FIELDS for column in TEXT_COLUMNS]
_AT_FIRST = 4
"""How many texts have their length looked up at first, per text wanted."""


class TextScores:
    """Scores the texts of one full-text table, for one version of an index. Not thread-safe."""

    def __init__(self, db: apsw.Connection, table: str) -> None:
        """Prepare to score. Raises UnsoundError if the table has a format that is not known."""
        self._db, self._table = db, table
        self._reader = PostingsReader(db, table)
        self._tokenizer: Any = db.fts5_tokenizer(_TOKENIZER[0], list(_TOKENIZER[1:]))
        self._tokens: dict[str, bytes | None] = {}
        self._texts, *columns = totals(db, table) or [0]
        self._average = sum(columns) / self._texts if self._texts else 1.0
        rows: Any = db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}_docsize").fetchall()
        self._lengths = np.zeros(rows[0][0], np.uint32)
        """Words of each text, by id; 0 until it is looked up."""
        self._sums = np.zeros(rows[0][0], np.float64)
        """Zeros, in which a search adds up."""

    def close(self) -> None:
        """Drop the postings that are kept."""
        self._reader.close()

    def knows(self, match: Match) -> bool:
        """Return whether an expression has only words whose texts can be read, and need not be left to FTS5."""
        return all(isinstance(one, Words | Together) and all(map(self.reads, one.words)) for one in match.any_of)

    def reads(self, word: str) -> bool:
        """Return whether the texts of a word can be read: it is one word for FTS5, too, and not in too many texts."""
        try:
            return self._found(word) is not None
        except (UnsoundError, IndexError, ValueError, struct.error) as error:
            log.info("%s: scored by FTS5, since it %s", self._table, error)
            return False

    def best(self, match: Match, weights: Sequence[float], limit: int) -> list[tuple[int, float]]:
        """Return (id, BM25) of the best matches, best first; the match has only words that it `knows`."""
        columns = by_column(weights)
        parts = [
            (postings.ids, postings.weighted(columns), idf(self._texts, holding))
            for postings, holding in self._counting(match)
            if len(postings.ids)
        ]
        if not parts:
            return []
        texts = _distinct([ids for ids, _, _ in parts])
        # A length that is not known counts as 0, so that a score is too high.
        scores = self._summed(parts, texts)
        unknown = self._lengths[texts] == 0
        if unknown.any():
            self._look_up(texts[_first(scores, _AT_FIRST * limit)])
            scores = self._summed(parts, texts)
            known = scores[self._lengths[texts] > 0]
            least = np.partition(known, len(known) - limit)[len(known) - limit] if len(known) > limit else 0.0
            if self._look_up(texts[scores >= least]):
                scores = self._summed(parts, texts)
        chosen = _first(scores, limit)
        order = chosen[np.lexsort((texts[chosen], -scores[chosen]))][:limit]
        return list(zip(texts[order].tolist(), scores[order].tolist(), strict=True))

    def holding(self, match: Match) -> int:
        """Return how many texts match; the match has only words that it `knows`."""
        found = [postings.ids for postings, _ in self._counting(match)]
        return len(_distinct(found))

    def held(
        self,
        terms: Sequence[str],
        others: Mapping[str, Mapping[int, bytes]],
        phrases: tuple[int, Mapping[int, bytes]],
        ids: Sequence[int],
        weights: tuple[Sequence[float], Sequence[float]],
        holding: tuple[Sequence[int], Sequence[int]],
    ) -> dict[int, Held]:
        """Return the same as `full_text.held`.

        `others` has the counts of those terms that it does not `read`, by text. `phrases` is their number, and one byte
        of field bits per phrase for the texts that contain any.
        """
        wanted = np.array(sorted(ids), np.int32)
        columns = [np.array(by_column(some)) for some in weights]
        known = [
            _counted(wanted, others[term]) if term in others else self._of(wanted, self._postings(term))
            for term in terms
        ]
        with_any = np.zeros(len(wanted), bool)
        for places, _ in known:
            with_any[places] = True
        self._look_up(wanted[with_any])
        length = K1 * (1 - B + B * self._lengths[wanted] / self._average)
        scores = np.zeros((2, len(wanted)))
        fields = np.zeros((len(wanted), len(terms)), np.uint8)
        for term, (places, counts) in enumerate(known):
            fields[places, term] = (counts > 0) @ BITS
            for which, some in enumerate(columns):
                often = counts @ some
                rarity = idf(self._texts, holding[which][term])
                scores[which, places] += rarity * often * (K1 + 1) / (often + length[places])
        none, with_phrases = bytes(phrases[0]), phrases[1]
        return {
            id: Held((*bits, *with_phrases.get(id, none)), text, names)
            for id, bits, text, names, any_term in zip(
                wanted.tolist(), fields.tolist(), *scores.tolist(), with_any.tolist(), strict=True
            )
            if any_term or id in with_phrases
        }

    @staticmethod
    def _of(wanted: Ids, postings: Postings) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return which of some texts hold a term, by place, and the counts of their columns."""
        places, found = _both(wanted, postings.ids)
        return places, postings.at(found).columns().astype(np.float64)

    def _counting(self, match: Match) -> Iterable[tuple[Postings, int]]:
        """Yield, for each word of a match, the texts in which it counts, and the number of texts that hold it."""
        for one in match.any_of:
            words = [self._postings(word) for word in one.words]
            if match.naming:
                words = [word.within(_NAMING) for word in words]
            if isinstance(one, Together):
                common = min((word.ids for word in words), key=len)
                for word in words:
                    common = common[_both(common, word.ids)[0]]
                yield from ((word.at(_both(common, word.ids)[1]), len(word.ids)) for word in words)
            else:
                yield from ((word, len(word.ids)) for word in words)

    def _postings(self, word: str) -> Postings:
        found = self._found(word)
        if found is None:
            raise ValueError(f"the texts of {word!r} cannot be read")
        return found

    def _found(self, word: str) -> Postings | None:
        token = self._token(word)
        return None if token is None else self._reader.of(token)

    def _token(self, word: str) -> bytes | None:
        """Return a word as FTS5 stores it; None if that is no word, or several."""
        if word not in self._tokens:
            found = self._tokenizer(word.encode("utf-8", "surrogateescape"), apsw.FTS5_TOKENIZE_QUERY, None)
            self._tokens[word] = found[0][2].encode() if len(found) == 1 and len(found[0]) == 3 else None
        return self._tokens[word]

    def _summed(self, parts: Sequence[tuple[Ids, Floats, float]], texts: Ids) -> Floats:
        """Return the score of each text; the operations are those of FTS5's bm25(), in its order."""
        for ids, often, rarity in parts:
            length = K1 * (1 - B + B * self._lengths[ids] / self._average)
            self._sums[ids] += rarity * (often * (K1 + 1) / (often + length))
        scores = self._sums[texts]
        self._sums[texts] = 0
        return scores

    def _look_up(self, texts: Ids) -> bool:
        """Look up the lengths of texts that are not known; return whether there were any."""
        texts = texts[self._lengths[texts] == 0]
        if not len(texts):
            return False
        rows: Any = self._db.execute(
            f"SELECT d.id, d.sz FROM json_each(?) wanted CROSS JOIN {self._table}_docsize d ON d.id = wanted.value",
            (json.dumps(texts.tolist()),),
        ).fetchall()
        data = np.frombuffer(b"".join([sizes for _, sizes in rows]), np.uint8).astype(np.uint32)
        # Each number ends with the byte below 128; there is one for each column.
        ends = np.flatnonzero(data < 128)
        places = np.arange(len(data)) - np.repeat(ends, np.diff(ends, prepend=-1))
        numbers = np.add.reduceat((data & 127) << (7 * -places).astype(np.uint32), [0, *(ends[:-1] + 1)])
        self._lengths[[id for id, _ in rows]] = numbers.reshape(len(rows), -1).sum(1)
        return True


BITS = np.array(BIT_OF, np.uint8)


def _distinct(some: Sequence[Ids]) -> Ids:
    """Return the ids in some ascending lists, ascending. In numpy 2.4, np.unique takes ten times as long."""
    if len(some) == 1:
        return some[0]
    found = np.sort(np.concatenate(some))
    return found[np.concatenate(([True], found[1:] != found[:-1]))] if len(found) else found


def _counted(wanted: Ids, counts: Mapping[int, bytes]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return which of some texts hold a term, by place, and the counts of their columns, from what FTS5 says."""
    places = np.flatnonzero(np.isin(wanted, np.array(list(counts), np.int32)))
    found = b"".join([counts[id] for id in wanted[places].tolist()])
    return places, np.frombuffer(found, np.uint8).reshape(-1, len(TEXT_COLUMNS)).astype(np.float64)


def _first(scores: Floats, count: int) -> npt.NDArray[np.int64]:
    """Return the places of the highest scores, with all that are equal to the last of them."""
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.flatnonzero(scores >= np.partition(scores, len(scores) - count)[len(scores) - count])


def _both(few: Ids, many: Ids) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the places of the ids that two ascending lists share: in the first list, and in the second."""
    if not len(many):
        nothing = np.empty(0, np.int64)
        return nothing, nothing
    places = np.minimum(np.searchsorted(many, few), len(many) - 1)
    shared = np.flatnonzero(many[places] == few)
    return shared, places[shared]
