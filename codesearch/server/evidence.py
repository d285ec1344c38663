"""What the texts of candidates hold, counted from the places of words: the same numbers as `store.full_text.held`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul

from codesearch.server.stems import stems
from codesearch.store.full_text import K1, B, Held, idf

_NOWHERE = (0,) * 6


@dataclass(slots=True)
class Text:
    """The length of a text, where its scope and its signature end, and the places of the words asked for."""

    tokens: int
    scope_end: int
    signature_end: int
    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By word: its positions as an array of PostgreSQL, and their labels, one letter each."""
    _counts: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def counts(self, words: Sequence[str]) -> tuple[int, ...]:
        """Return how often some words follow each other in each field of schema.TEXT_FIELDS."""
        if len(words) != 1:
            return self._following(words)
        word = words[0]
        if word not in self.places:
            return _NOWHERE
        if (known := self._counts.get(word)) is None:
            labels = self.places[word][1]
            scope, signature, path = map(len, self._named(word)) if "B" in labels else (0, 0, 0)
            known = (labels.count("A"), scope, signature, labels.count("C"), path, labels.count("D"))
            self._counts[word] = known
        return known

    def _named(self, word: str) -> tuple[set[int], set[int], set[int]]:
        """Return the positions of a word in scope, signature and path, which have one label."""
        found: tuple[set[int], set[int], set[int]] = set(), set(), set()
        for position, label in self._labelled(word):
            if label == "B":
                found[(position > self.scope_end) + (position > self.signature_end)].add(position)
        return found

    def _labelled(self, word: str) -> Iterable[tuple[int, str]]:
        positions, labels = self.places[word]
        return zip(map(int, positions[1:-1].split(",")), labels, strict=True)

    def _fields(self, word: str) -> tuple[set[int], ...]:
        """Return the positions of a word in each field."""
        by_label: dict[str, set[int]] = {"A": set(), "C": set(), "D": set()}
        for position, label in self._labelled(word):
            if label != "B":
                by_label[label].add(position)
        scope, signature, path = self._named(word)
        return by_label["A"], scope, signature, by_label["C"], path, by_label["D"]

    def _following(self, words: Sequence[str]) -> tuple[int, ...]:
        if not words or any(word not in self.places for word in words):
            return _NOWHERE
        first, *rest = map(self._fields, words)
        return tuple(
            sum(all(one + step in some[at] for step, some in enumerate(rest, 1)) for one in positions)
            for at, positions in enumerate(first)
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """How long the texts of the searched refs are, and how many hold each term: anywhere, and in what names things."""

    texts: int
    tokens: int
    holding: tuple[Sequence[int], Sequence[int]]


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the stems of terms and phrases, each once."""
    return list(dict.fromkeys(word for text in texts for word in stems(text)))


def held(
    terms: Sequence[str],
    phrases: Sequence[str],
    texts: Mapping[int, Text],
    weights: tuple[Sequence[float], Sequence[float]],
    known: Statistics,
) -> dict[int, Held]:
    """Return which terms and phrases each text contains, and its BM25; texts that contain none are left out."""
    rarity = [[idf(known.texts, some) for some in counts] for counts in known.holding]
    average = known.tokens / max(1, known.texts)
    asked = [(*stems(term),) for term in terms]
    rows = [(*stems(phrase),) for phrase in phrases]
    found = {}
    for id, text in texts.items():
        length = K1 * (1 - B + B * text.tokens / average) if average else K1
        fields = []
        sums = [0.0, 0.0]
        for at, words in enumerate(asked):
            counts = text.counts(words)
            fields.append(_bits(counts))
            if counts is not _NOWHERE:
                for which in (0, 1):
                    often = sum(map(mul, weights[which], counts))
                    sums[which] += rarity[which][at] * often * (K1 + 1) / (often + length)
        fields += [_bits(text.counts(words)) for words in rows]
        if any(fields):
            found[id] = Held(tuple(fields), *sums)
    return found


def _bits(counts: Sequence[int]) -> int:
    return 0 if counts is _NOWHERE else sum([1 << at for at, count in enumerate(counts) if count])
