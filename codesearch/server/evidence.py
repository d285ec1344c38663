"""What the texts of candidates hold, counted from the places of words: the same numbers as `store.full_text.held`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul

from codesearch.server.stems import stems
from codesearch.store.full_text import K1, B, Held, idf

_FIELDS = 6
_OF_LABEL = {"A": 0, "C": 3, "D": 5}
"""The numbers of the fields, in schema.TEXT_FIELDS, that have a label of their own."""


@dataclass(slots=True)
class Text:
    """The length of a text, where its scope and its signature end, and the places of the words asked for."""

    tokens: int
    scope_end: int
    signature_end: int
    content: bytes
    """The hash of its content."""
    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By word: its positions as an array of PostgreSQL, and their labels, one letter each."""
    _counts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _fields: dict[str, dict[int, int]] = field(default_factory=dict)

    def counts(self, word: str) -> tuple[int, ...]:
        """Return how often a word that the text has is in each field of schema.TEXT_FIELDS."""
        if (known := self._counts.get(word)) is None:
            positions, labels = self.places[word]
            scope = signature = path = 0
            if "B" in labels:
                first, end = labels.index("B"), labels.rindex("B") + 1
                for at, label in zip(positions[1:-1].split(",", end)[first:end], labels[first:end], strict=True):
                    if label != "B":
                        continue
                    if (place := int(at)) <= self.scope_end:
                        scope += 1
                    elif place <= self.signature_end:
                        signature += 1
                    else:
                        path += 1
            known = self._counts[word] = (
                labels.count("A"), scope, signature, labels.count("C"), path, labels.count("D"),
            )  # fmt: skip
        return known

    def following(self, words: Sequence[str]) -> tuple[int, ...] | None:
        """Return how often words follow each other in each field; None if they never do."""
        if not self.places.keys() >= set(words):
            return None
        first, *rest = map(self._fields_of, words)
        found = [
            where
            for at, where in first.items()
            if all(some.get(at + step) == where for step, some in enumerate(rest, 1))
        ]
        return tuple(map(found.count, range(_FIELDS))) if found else None

    def _fields_of(self, word: str) -> dict[int, int]:
        """Return the field of each position of a word."""
        if (known := self._fields.get(word)) is None:
            positions, labels = self.places[word]
            places = zip(map(int, positions[1:-1].split(",")), labels, strict=True)
            known = self._fields[word] = {at: self._field(at, label) for at, label in places}
        return known

    def _field(self, position: int, label: str) -> int:
        if label != "B":
            return _OF_LABEL[label]
        return 1 if position <= self.scope_end else 2 if position <= self.signature_end else 4


class _Rows:
    """Terms and phrases, by the first of their words: a text has few of the words that are asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._of: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        self.count = 0
        for text in texts:
            if words := stems(text):
                self._of.setdefault(words[0], []).append((self.count, words))
            self.count += 1

    def counted(self, text: Text) -> list[tuple[int, tuple[int, ...]]]:
        """Return the number of each that a text has, and how often it is in each field; in their order."""
        found = []
        for word in self._of.keys() & text.places.keys():
            for at, words in self._of[word]:
                counts = text.counts(word) if len(words) == 1 else text.following(words)
                if counts is not None:
                    found.append((at, counts))
        found.sort()
        return found


@dataclass(frozen=True, slots=True)
class Statistics:
    """How long the texts of the searched refs are, and how many hold each term: anywhere, and in what names things."""

    texts: int
    tokens: int
    holding: tuple[Sequence[int], Sequence[int]]


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the stems of terms and phrases, each once."""
    return list(dict.fromkeys(word for text in texts for word in stems(text)))


def scores(
    terms: Sequence[str], texts: Mapping[int, Text], weights: Sequence[float], known: Statistics, *, naming: bool
) -> dict[int, float]:
    """Return the BM25 of each text that contains any of the terms."""
    rarity = [idf(known.texts, some) for some in known.holding[naming]]
    rows = _Rows(terms)
    return {
        id: _bm25(found, rarity, weights, _length(text, known))
        for id, text in texts.items()
        if (found := rows.counted(text))
    }


def held(
    terms: Sequence[str],
    phrases: Sequence[str],
    texts: Mapping[int, Text],
    weights: tuple[Sequence[float], Sequence[float]],
    known: Statistics,
) -> dict[int, Held]:
    """Return which terms and phrases each text contains, and its BM25; texts that contain none are left out."""
    every, naming = ([idf(known.texts, some) for some in counts] for counts in known.holding)
    rows = _Rows((*terms, *phrases))
    result = {}
    for id, text in texts.items():
        if not (found := rows.counted(text)):
            continue
        fields = [0] * rows.count
        for at, counts in found:
            fields[at] = _bits(counts)
        of_terms = [one for one in found if one[0] < len(terms)]
        length = _length(text, known)
        result[id] = Held(
            tuple(fields), _bm25(of_terms, every, weights[0], length), _bm25(of_terms, naming, weights[1], length)
        )
    return result


def _bm25(
    found: Iterable[tuple[int, Sequence[int]]], rarity: Sequence[float], weights: Sequence[float], length: float
) -> float:
    total = 0.0
    for at, counts in found:
        often = sum(map(mul, weights, counts))
        total += rarity[at] * often * (K1 + 1) / (often + length)
    return total


def _length(text: Text, known: Statistics) -> float:
    """Return how much the length of a text counts against a word in it."""
    average = known.tokens / max(1, known.texts)
    return K1 * (1 - B + B * text.tokens / average) if average else K1


def _bits(counts: Sequence[int]) -> int:
    return sum([1 << at for at, count in enumerate(counts) if count])
