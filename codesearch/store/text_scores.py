"""Scores of texts by BM25, and what they hold, computed from postings; needs numpy."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from codesearch.store.full_text import BIT_OF, K1, B, Held, by_column, idf
from codesearch.store.match import NAMING_FIELDS, Beginnings, Match, Together
from codesearch.store.postings import MOST, NONE, SHIFTS, Postings, of_column
from codesearch.store.schema import TEXT_COLUMNS
from codesearch.store.stems import stems
from codesearch.store.text_index import TextIndex

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int32]
    Floats = npt.NDArray[np.float64]
    Numbers = npt.NDArray[np.int64]
    _Beside = tuple[Ids, npt.NDArray[np.uint8], float]
    """Texts with a column that holds all of some words, these columns as bits, and the rarity of the words."""

_NAMING = [column in NAMING_FIELDS for column in TEXT_COLUMNS]
_NAMES = [column in ("name", "scope") for column in TEXT_COLUMNS]
_BODY = 1 << TEXT_COLUMNS.index("body")
_DENSE_FROM = 8
"""If a match has more than one posting for so many texts of the index, all scores are looked through."""
BITS = np.array(BIT_OF, np.uint8)


class _Local(threading.local):
    """What each thread has."""

    sums: Floats | None = None
    """Zeros, in which a search adds up; None while it does."""


_local = _Local()


@contextmanager
def _sums(count: int) -> Iterator[Floats]:
    """Give so many zeros; they must be zeros again at the end. After an exception, which may leave others, they are not
    used again. All indexes of a thread share them: of a million texts, they take 8 MB.
    """
    sums, _local.sums = _local.sums, None
    if sums is None or len(sums) < count:
        sums = np.zeros(count, np.float64)
    yield sums
    _local.sums = sums


class TextScores:
    """Scores the texts of an index, as `index` has them. Not thread-safe."""

    def __init__(self, index: TextIndex) -> None:
        lengths = index.lengths
        self._index = index
        self.texts = lengths.texts
        """Their number."""
        self._lengths = lengths.of
        self._mean = lengths.words / lengths.texts if lengths.texts else 1.0
        """The mean length of a text."""
        self._found: tuple[tuple[str, ...], list[_Beside]] = (), []
        """The phrases that were looked for last, and the texts that have their words."""
        self._likely: dict[tuple[int, bool], dict[int, bytes]] = {}
        """What `together` has answered for all texts and these phrases; a question asks for it twice."""

    def best(self, match: Match, weights: Sequence[float], limit: int) -> list[tuple[int, float]]:
        """Return (id, BM25) of the best matches, best first.

        Words are taken from the rarest on. As soon as a text without any word so far cannot be among the best any more,
        only those are looked at that still can (MaxScore). So the commonest words cost little, and nothing is lost.
        """
        columns = by_column(weights)
        words = [
            (idf(self.texts, holding), postings) for postings, holding in self._counting(match) if len(postings.ids)
        ]
        words.sort(key=lambda one: -one[0])
        left = (K1 + 1) * sum(rarity for rarity, _ in words)
        """What the words that are left can add to a score, at most."""
        seen: list[Ids] = []
        with _sums(len(self._lengths)) as sums:
            for at, (rarity, postings) in enumerate(words):
                sums[postings.ids] += self._points(rarity, postings, columns)
                seen.append(postings.ids)
                left -= (K1 + 1) * rarity
                if len(words) - at > 1 and len(postings.ids) > limit:
                    texts = self._distinct(seen)
                    scores = sums[texts]
                    least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
                    if left < least:
                        sums[texts] = 0
                        return self._completed(texts, scores, words[at + 1 :], left, columns, limit)
            if not seen:
                return []
            texts = self._distinct(seen)
            scores = sums[texts]
            sums[texts] = 0
        return first(texts, scores, limit)

    def _completed(
        self,
        texts: Ids,
        scores: Floats,
        words: Sequence[tuple[float, Postings]],
        left: float,
        columns: Sequence[float],
        limit: int,
    ) -> list[tuple[int, float]]:
        """Return the best of some texts, to whose scores words are added; `left` is what these can add at most."""
        for rarity, postings in words:
            least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
            hopeful = scores + left >= least
            texts, scores = texts[hopeful], scores[hopeful]
            places, found = _both(texts, postings.ids)
            scores[places] += self._points(rarity, postings.at(found), columns)
            left -= (K1 + 1) * rarity
        return first(texts, scores, limit)

    def _points(self, rarity: float, postings: Postings, columns: Sequence[float]) -> Floats:
        """Return what a word adds to the BM25 of each text that holds it."""
        often = postings.weighted(columns)
        return rarity * (often * (K1 + 1) / (often + self._saturation(postings.ids)))

    def _saturation(self, ids: npt.NDArray[np.integer]) -> Floats:
        """Return for each text the number of occurrences that are worth half of the most."""
        found: Floats = K1 * (1 - B + B * self._lengths[ids] / self._mean)
        return found

    def holding(self, match: Match) -> int:
        """Return how many texts match."""
        found = [postings.ids for postings, _ in self._counting(match)]
        return len(self._distinct(found)) if found else 0

    def occurrences(self, word: str, column: str) -> int:
        """Return how often a column of all texts holds a word."""
        found = self._postings(word)
        return int(found.columns()[:, TEXT_COLUMNS.index(column)].sum(dtype=np.int64))

    def held(
        self,
        terms: Sequence[str],
        phrases: tuple[int, Mapping[int, bytes]],
        ids: Sequence[int],
        weights: tuple[Sequence[float], Sequence[float]],
        holding: tuple[Sequence[int], Sequence[int]],
    ) -> dict[int, Held]:
        """Return which terms and phrases some texts contain; texts that contain none are left out.

        `phrases` is their number, and one byte of field bits per phrase for the texts that contain any. `weights` are
        the weights of the fields for Held.text and for Held.names; `holding` is, for the same two, the number of texts
        in the index that contain each term.
        """
        wanted = np.array(sorted(ids), np.int32)
        columns = [np.array(by_column(some)) for some in weights]
        with_any = np.zeros(len(wanted), bool)
        scores = np.zeros((2, len(wanted)))
        fields = np.zeros((len(wanted), len(terms)), np.uint8)
        for at, term in enumerate(terms):
            postings = self._postings(term)
            places, found = _both(wanted, postings.ids)
            with_any[places] = True
            counts = postings.at(found).columns()
            fields[places, at] = (counts > 0) @ BITS
            for which, some in enumerate(columns):
                often = counts @ some
                rarity = idf(self.texts, holding[which][at])
                scores[which, places] += rarity * (often * (K1 + 1) / (often + self._saturation(wanted[places])))
        none, with_phrases = bytes(phrases[0]), phrases[1]
        return {
            id: Held((*bits, *with_phrases.get(id, none)), text, names)
            for id, bits, text, names, any_term in zip(
                wanted.tolist(), fields.tolist(), *scores.tolist(), with_any.tolist(), strict=True
            )
            if any_term or id in with_phrases
        }

    def scored(self, counts: Mapping[int, bytes], phrases: int, weights: Sequence[float]) -> list[tuple[int, float]]:
        """Return the BM25 of texts by how often each of their columns holds each of some phrases; best first.

        `counts` has, for all texts that hold any of them, a byte per phrase and column.
        """
        if not counts:
            return []
        ids = np.array(list(counts))
        every = np.frombuffer(b"".join(counts.values()), np.uint8).reshape(len(ids), phrases, len(TEXT_COLUMNS))
        often = every @ np.array(by_column(weights))
        rarity = np.array([idf(self.texts, int(some)) for some in every.any(2).sum(0)])
        scores = (rarity * (often * (K1 + 1) / (often + self._saturation(ids)[:, None]))).sum(1)
        return first(ids, scores, len(ids))

    def together(
        self, phrases: Sequence[str], most: int, among: Set[int] | None = None, *, bodies: bool = True
    ) -> dict[int, bytes]:
        """Return the texts, of some or of all, that may well hold phrases: a column has all words of some.

        They have a byte for each phrase: bit n is set if column n has its words. At most `most`: those with the most
        phrases, weighted by how rare their words are; of equal ones the shortest, in which the words are likelier to
        follow each other. (By id, it would depend on when a file was edited.) Without `bodies`, only the other columns
        count.
        """
        if self._found[0] != tuple(phrases):
            self._found = tuple(phrases), [self._beside(list(dict.fromkeys(stems(phrase)))) for phrase in phrases]
            self._likely = {}
        if among is not None:
            return self._likeliest(most, among, bodies=bodies)
        if (most, bodies) not in self._likely:
            self._likely[most, bodies] = self._likeliest(most, None, bodies=bodies)
        return self._likely[most, bodies]

    def _likeliest(self, most: int, among: Set[int] | None, *, bodies: bool) -> dict[int, bytes]:
        found = self._found[1]
        if among is not None:
            wanted = np.array(sorted(among), np.int32)
            found = [_among(wanted, *one) for one in found]
        if not bodies:
            found = [_without_bodies(*one) for one in found]
        some = [ids for ids, _, _ in found if len(ids)]
        if not some:
            return {}
        texts = self._distinct(some)
        with _sums(len(self._lengths)) as sums:
            for ids, _, rarity in found:
                sums[ids] += rarity
            weights = sums[texts]
            sums[texts] = 0
        likeliest = first(texts, weights, most, self._lengths[texts])
        chosen = np.array(sorted(id for id, _ in likeliest), np.int32)
        columns = np.zeros((len(chosen), len(found)), np.uint8)
        for at, (ids, held, _) in enumerate(found):
            places, own = _both(chosen, ids)
            columns[places, at] = held[own]
        return dict(zip(chosen.tolist(), map(bytes, columns), strict=True))

    def _beside(self, words: Sequence[bytes]) -> _Beside:
        """Return the texts with a column that holds all of some words."""
        every = sorted((self._index.of(word) for word in words), key=lambda one: len(one.ids))
        if not every:
            return NONE.ids, np.empty(0, np.uint8), 0.0
        common = every[0].ids
        for one in every[1:]:
            common = common[_both(common, one.ids)[0]]
        shared = np.full((len(common), len(TEXT_COLUMNS)), True)
        for one in every:
            shared &= one.at(_both(common, one.ids)[1]).columns() > 0
        bits = (shared @ (1 << np.arange(len(TEXT_COLUMNS)))).astype(np.uint8)
        with_any = np.flatnonzero(bits)
        return common[with_any], bits[with_any], sum(idf(self.texts, len(one.ids)) for one in every)

    def _counting(self, match: Match) -> Iterator[tuple[Postings, int]]:
        """Yield, for each word of a match, the texts in which it counts, and the number of texts that hold it."""
        for one in match.any_of:
            if isinstance(one, Beginnings):
                words = [self._beginning(word) for word in one.words]
            else:
                words = [self._postings(word) for word in one.words]
            if match.naming:
                words = [word.within(_NAMING) for word in words]
            if isinstance(one, Together | Beginnings):
                common = min((word.ids for word in words), key=len)
                for word in words:
                    common = common[_both(common, word.ids)[0]]
                yield from ((word.at(_both(common, word.ids)[1]), len(word.ids)) for word in words)
            else:
                yield from ((word, len(word.ids)) for word in words)

    def _postings(self, word: str) -> Postings:
        """Return the postings of a word. What the tokenizer takes for several words holds all of them."""
        found = stems(word)
        if len(found) == 1:
            return self._index.of(found[0])
        several = [self._index.of(one) for one in found]
        if not several:
            return NONE
        rarest = min(several, key=lambda one: len(one.ids))
        common = rarest.ids
        for one in several:
            common = common[_both(common, one.ids)[0]]
        return rarest.at(_both(common, rarest.ids)[1])

    def _beginning(self, prefix: str) -> Postings:
        """Return which texts have a word that begins with some letters in their name or scope."""
        found = stems(prefix)
        some = self._index.beginning(found[-1], _NAMES) if found else []
        if not some:
            return NONE
        ids = np.concatenate([one.ids for one in some])
        counts = np.concatenate([one.counts for one in some])
        order = np.argsort(ids, kind="stable")
        starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
        summed = np.zeros(len(starts), np.uint32)
        for at, one in enumerate(_NAMES):
            if one:
                column = np.add.reduceat(of_column(counts[order], at), starts)
                summed |= np.minimum(column, MOST[at]).astype(np.uint32) << np.uint32(SHIFTS[at])
        return Postings(ids[order][starts], summed)

    def _distinct(self, some: Sequence[Ids]) -> Ids:
        """Return the ids in some ascending lists, ascending. In numpy 2.4, np.unique takes ten times as long."""
        if len(some) == 1:
            return some[0]
        if sum(map(len, some)) * _DENSE_FROM > len(self._lengths):
            marked = np.zeros(len(self._lengths), bool)
            for ids in some:
                marked[ids] = True
            return np.flatnonzero(marked).astype(np.int32)
        found = np.sort(np.concatenate(some))
        return found[np.concatenate(([True], found[1:] != found[:-1]))] if len(found) else found


def _among(wanted: Ids, ids: Ids, held: npt.NDArray[np.uint8], rarity: float) -> _Beside:
    """Return which of the texts that are wanted have some words."""
    places, own = _both(wanted, ids)
    return wanted[places], held[own], rarity


def _without_bodies(ids: Ids, held: npt.NDArray[np.uint8], rarity: float) -> _Beside:
    """Return which texts have some words in another column than the body."""
    others = held & np.uint8(~_BODY & 0xFF)
    kept = np.flatnonzero(others)
    return ids[kept], others[kept], rarity


def first(
    ids: npt.NDArray[np.integer], scores: Floats, limit: int, against: npt.NDArray[Any] | None = None
) -> list[tuple[int, float]]:
    """Return (id, score) of the highest scores, best first.

    Of equal scores, the one with less against it comes first, then the lower id.
    """
    if len(scores) > limit:
        chosen = np.flatnonzero(scores >= np.partition(scores, len(scores) - limit)[len(scores) - limit])
        ids, scores = ids[chosen], scores[chosen]
        against = against[chosen] if against is not None else None
    order = np.lexsort((ids, -scores) if against is None else (ids, against, -scores))[:limit]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))


def _both(few: Ids, many: Ids) -> tuple[Numbers, Numbers]:
    """Return the places of the ids that two ascending lists share: in the first list, and in the second."""
    if not len(many):
        nothing = np.empty(0, np.int64)
        return nothing, nothing
    places = np.minimum(np.searchsorted(many, few), len(many) - 1)
    shared = np.flatnonzero(many[places] == few)
    return shared, places[shared]
