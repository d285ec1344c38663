"""Texts as counts of their words, which a worker makes and the writer puts into the full-text index. Needs numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from codesearch.core.numbers import Numbers
from codesearch.core.parts import Parts
from codesearch.core.tokens import as_terms
from codesearch.store.postings import MOST, SHIFTS, Batch
from codesearch.store.records import Texts
from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS
from codesearch.store.stems import stems

if TYPE_CHECKING:
    import numpy.typing as npt

_COLUMNS = [TEXT_COLUMNS.index(field) for field in TEXT_FIELDS]
_MOST = np.array([MOST[column] for column in _COLUMNS])
_SHIFTS = np.array([SHIFTS[column] for column in _COLUMNS])
"""The highest count of each field, and where it lies in a posting."""


_Stems = Callable[[Sequence[bytes]], Iterable[list[bytes]]]


def _stems_of(identifiers: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the stems of each identifier. Those of all ASCII words are asked for at once: each is one token."""
    found = [as_terms((one,)) for one in identifiers]
    plain = iter(stems(" ".join(terms for terms in found if terms.isascii())))
    for terms in found:
        yield list(islice(plain, len(terms.split()))) if terms.isascii() else stems(terms)


class WordCounter:
    """Counts the words of texts whose identifiers are numbers."""

    def __init__(self, numbers: Numbers, stems_of: _Stems = _stems_of) -> None:
        """Take the numbers, and what returns the stems of each of some identifiers."""
        self._stems = stems = Numbers()
        # Not by way of `self`: a worker that begins again with other numbers would keep these, in a cycle.
        self._parts = Parts(numbers, lambda identifiers: map(stems.packed, stems_of(identifiers)))

    def counted(self, files: Sequence[Sequence[Sequence[bytes]]]) -> Iterator[Texts]:
        """Yield the texts of each file, given for each text the packed numbers of each of TEXT_FIELDS.

        Raises ValueError if a text has another number of fields.
        """
        texts = [text for file in files for text in file]
        if any(len(text) != len(TEXT_FIELDS) for text in texts):
            raise ValueError(f"a text has more or less than {len(TEXT_FIELDS)} fields")
        stems_of, per_field = self._parts.of([field for text in texts for field in text])
        lengths = per_field.reshape(-1, len(TEXT_FIELDS)).sum(1).clip(1).astype("<u4")  # 0 means no text
        used = np.flatnonzero(np.bincount(stems_of, minlength=len(self._stems)))
        postings = _postings(stems_of, per_field, used)
        words = [self._stems.texts[at] for at in used.tolist()]
        start = 0
        ends = np.cumsum(postings.per_text)
        for file in files:
            end = start + len(file)
            some = slice(int(ends[start - 1]) if start else 0, int(ends[end - 1]) if end else 0)
            yield Texts(
                words,
                lengths[start:end].tobytes(),
                postings.per_text[start:end].astype("<u4").tobytes(),
                postings.words[some].tobytes(),
                postings.counts[some].tobytes(),
            )
            start = end


class _Postings(NamedTuple):
    """The postings of texts, text by text."""

    per_text: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint32]


def _postings(
    stems_of: npt.NDArray[np.int32], per_field: npt.NDArray[np.int32], used: npt.NDArray[np.int64]
) -> _Postings:
    """Return the postings of the stems of all fields; words are positions in `used`, the stems that there are."""
    columns, words, texts = len(TEXT_FIELDS), max(1, len(used)), len(per_field) // len(TEXT_FIELDS)
    # Each occurrence as one number: text, word, column. Half as long numbers are sorted in half the time.
    kind = np.uint32 if texts * words * columns < 1 << 32 else np.uint64
    of_stem = np.zeros(int(used[-1]) + 1 if len(used) else 1, kind)
    of_stem[used] = np.arange(len(used), dtype=kind) * kind(columns)
    of_text = np.arange(texts, dtype=kind) * kind(words * columns)
    of_field = (of_text[:, None] + np.arange(columns, dtype=kind)).ravel()
    keys = np.sort(np.repeat(of_field, per_field) + of_stem[stems_of])
    starts = _starts(keys)
    often = np.diff(starts, append=len(keys))
    word_of_text, field = np.divmod(keys[starts], kind(columns))
    counts = (np.minimum(often, _MOST[field]) << _SHIFTS[field]).astype("<u4")
    first = _starts(word_of_text)
    text, word = np.divmod(word_of_text[first], kind(words))
    counts = np.bitwise_or.reduceat(counts, first) if len(first) else counts
    return _Postings(np.bincount(text.astype(np.int64), minlength=texts), word.astype("<u4"), counts)


def _starts(ordered: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return where runs of equal numbers begin."""
    return np.flatnonzero(np.concatenate((np.ones(min(1, len(ordered)), bool), ordered[1:] != ordered[:-1])))


class Gathered:
    """The texts of several files, whose ids follow each other: what one write adds to the full-text index."""

    def __init__(self, some: Sequence[Texts]) -> None:
        numbers: dict[bytes, int] = {}
        known: dict[int, npt.NDArray[np.int64]] = {}
        """The numbers of the words of each list, which files that were counted together share."""
        words = [np.zeros(0, np.int64)]
        for one in some:
            if id(one.words) not in known:
                ranks = [numbers.setdefault(word, len(numbers)) for word in one.words]
                known[id(one.words)] = np.array(ranks, np.int64)
            words.append(known[id(one.words)][np.frombuffer(one.places, "<u4")])
        self.lengths = _joined([one.lengths for one in some])
        """The number of words of each text."""
        order = sorted(numbers)
        rank = np.empty(len(order), np.uint16 if len(order) <= 1 << 16 else np.int64)  # short numbers sort faster
        rank[[numbers[word] for word in order]] = np.arange(len(order))
        self._words = order
        self._text = np.repeat(np.arange(len(self.lengths)), _joined([one.postings for one in some]))
        self._word, self._counts = rank[np.concatenate(words)], _joined([one.counts for one in some])

    def batch(self, chosen: npt.NDArray[np.bool_], first: int) -> Batch:
        """Return the postings of the texts that are `chosen`, with ids counted from text `first`."""
        places = np.flatnonzero(chosen[self._text])
        places = places[np.argsort(self._word[places], kind="stable")]
        holding = np.bincount(self._word[places], minlength=len(self._words))
        kept = np.flatnonzero(holding)
        return Batch(
            [self._words[at] for at in kept.tolist()], holding[kept], self._text[places] - first, self._counts[places]
        )


def _joined(some: Iterable[bytes]) -> npt.NDArray[np.uint32]:
    return np.frombuffer(b"".join(some), "<u4")
