"""What the texts of candidates hold, counted from the places of words: the same numbers as `store.full_text.held`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from codesearch.server.stems import stems
from codesearch.store.full_text import K1, B, Held, idf

_FIELDS = {
    ("everything", "A"): 0,
    ("naming", "B"): 1,
    ("naming", "C"): 2,
    ("everything", "C"): 3,
    ("naming", "D"): 4,
    ("everything", "D"): 5,
}
"""(column, label of its places) -> position of the field in schema.TEXT_FIELDS."""
_NOWHERE = (0,) * 6


class Places(NamedTuple):
    """A word of a text, and where it is."""

    column: str
    word: str
    positions: Sequence[int]
    labels: Sequence[str]


@dataclass(slots=True)
class Text:
    """The length of a text, and the places of the words asked for, by field."""

    tokens: int
    places: dict[str, dict[int, set[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def add(self, found: Places) -> None:
        """Add the places of a word."""
        of_word = self.places[found.word]
        for position, label in zip(found.positions, found.labels, strict=True):
            if (known := _FIELDS.get((found.column, label))) is not None:
                of_word[known].add(position)

    def counts(self, words: Sequence[str]) -> tuple[int, ...]:
        """Return how often some words follow each other in each field."""
        if not words or any(word not in self.places for word in words):
            return _NOWHERE
        first, *rest = words
        found = [0] * 6
        for at, positions in self.places[first].items():
            if rest:
                others = [self.places[word].get(at, set()) for word in rest]
                positions = {one for one in positions if all(one + step in some for step, some in enumerate(others, 1))}
            found[at] = len(positions)
        return tuple(found)


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
    found = {}
    for id, text in texts.items():
        length = K1 * (1 - B + B * text.tokens / average) if average else K1
        fields = []
        sums = [0.0, 0.0]
        for at, term in enumerate(terms):
            counts = text.counts(stems(term))
            fields.append(_bits(counts))
            for which in (0, 1):
                often = sum([weight * count for weight, count in zip(weights[which], counts, strict=True)])
                sums[which] += rarity[which][at] * often * (K1 + 1) / (often + length)
        fields += [_bits(text.counts(stems(phrase))) for phrase in phrases]
        if any(fields):
            found[id] = Held(tuple(fields), *sums)
    return found


def _bits(counts: Sequence[int]) -> int:
    return sum([1 << at for at, count in enumerate(counts) if count])
