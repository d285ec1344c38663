"""Which texts hold a word, and how often in each column: as values, and packed into blocks of bytes. Needs numpy.

A block holds the postings of a run of words. Its numbers are stored as planes: the lowest bytes of all of them, then
the next bytes, and so on, since equal bytes side by side compress well.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from codesearch.store.full_text import DamagedError
from codesearch.store.schema import TEXT_COLUMNS

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int32]
    Counts = npt.NDArray[np.uint32]
    Floats = npt.NDArray[np.float64]
    Bytes = npt.NDArray[np.uint8]
    Numbers = npt.NDArray[np.int64]

BLOCK_POSTINGS = 4096
BLOCK_WORDS = 512
"""A block ends with the word that reaches one of these numbers, and one that has that many postings has its own."""
_LONG, _SHORT = 8, 4
"""Bits of a count in columns with long texts, and in the others. A higher count is stored as the highest: BM25 hardly
tells them apart."""
_WIDTHS = [_LONG if column in ("body", "documentation") else _SHORT for column in TEXT_COLUMNS]
SHIFTS = [sum(_WIDTHS[:at]) for at in range(len(_WIDTHS))]
"""Where the count of each column lies in the one number that has them all."""
MOST = [(1 << width) - 1 for width in _WIDTHS]
"""The highest count of each column."""
_HEAD = struct.Struct("<IIIBBBB")
"""Of a block: words, postings, different counts, and the planes of texts per word, of ids, and of places of counts;
unused. The words and planes follow, compressed."""
_BYTES = 4
"""The most planes of a number."""
_WORST = 1 << 25
"""Bytes that no block takes; more is damage, which must not take all memory."""


class Postings(NamedTuple):
    """The texts that hold a word, by id, ascending, and how often each column does, in one number."""

    ids: Ids
    counts: Counts

    def within(self, columns: Sequence[bool]) -> Postings:
        """Return those that hold the word in one of some columns, with the counts of these columns only."""
        counts = self.counts & mask(columns)
        return Postings(self.ids, counts).at(np.flatnonzero(counts))

    def at(self, places: Numbers) -> Postings:
        """Return those at some places, in ascending order."""
        return Postings(self.ids[places], self.counts[places])

    def weighted(self, weights: Sequence[float]) -> Floats:
        """Return the sum of the counts of each text, each times the weight of its column."""
        total: Floats = (self.counts & np.uint32(MOST[0])) * weights[0]
        others = np.flatnonzero(self.counts > MOST[0])
        some = self.counts[others]
        for column, weight in enumerate(weights):
            if column and weight:
                total[others] += of_column(some, column) * weight
        return total

    def columns(self) -> Bytes:
        """Return the count of each column of each text."""
        return np.stack([of_column(self.counts, at) for at in range(len(TEXT_COLUMNS))], 1).astype(np.uint8)

    @property
    def nbytes(self) -> int:
        """The bytes that they take."""
        return self.ids.nbytes + self.counts.nbytes


NONE = Postings(np.empty(0, np.int32), np.empty(0, np.uint32))


def of_column(counts: Counts, column: int) -> Counts:
    """Return the counts of one column."""
    found: Counts = counts >> np.uint32(SHIFTS[column]) & np.uint32(MOST[column])
    return found


def mask(columns: Sequence[bool]) -> np.uint32:
    """Return the bits of the counts of some columns."""
    bits: int = sum(most << at for most, at, one in zip(MOST, SHIFTS, columns, strict=True) if one)
    found: np.uint32 = np.uint32(bits)
    return found


def joined(some: Sequence[Postings]) -> Postings:
    """Return postings as one; their ids ascend from one to the next."""
    if len(some) == 1:
        return some[0]
    if not some:
        return NONE
    return Postings(np.concatenate([one.ids for one in some]), np.concatenate([one.counts for one in some]))


class Batch(NamedTuple):
    """The postings of many words."""

    words: list[bytes]
    """In ascending order."""
    texts: Numbers
    """How many texts hold each word."""
    ids: Numbers
    """The texts of the first word, then those of the second, ..., each ascending."""
    counts: Counts


class Block(NamedTuple):
    """The postings of some words, packed; `ids` are not whole until they are asked for."""

    words: list[bytes]
    texts: Numbers
    steps: Numbers
    """Of each posting, the difference of its id to the one before; that of the first of a word is counted from 0."""
    places: Numbers
    """Of each posting, where its counts are in `table`."""
    table: Counts

    def of(self, word: bytes) -> Postings | None:
        """Return the postings of a word; None if the block has not this word."""
        try:
            at = self.words.index(word)
        except ValueError:
            return None
        first = int(self.texts[:at].sum())
        return self._slice(slice(first, first + int(self.texts[at])))

    def beginning(self, prefix: bytes) -> Batch:
        """Return the postings of the words that begin with some letters."""
        start, end = bisect_left(self.words, prefix), bisect_left(self.words, prefix + b"\xff")
        first = int(self.texts[:start].sum())
        some = slice(first, first + int(self.texts[start:end].sum()))
        return Block(
            self.words[start:end], self.texts[start:end], self.steps[some], self.places[some], self.table
        ).batch()

    def _slice(self, some: slice) -> Postings:
        ids = np.cumsum(self.steps[some])
        return Postings(ids.astype(np.int32), self.table[self.places[some]])

    def batch(self) -> Batch:
        """Return all postings."""
        if not self.words:
            return Batch([], self.texts, self.steps, self.table[:0])
        ids = np.cumsum(self.steps)
        starts = np.cumsum(self.texts) - self.texts
        before = np.where(starts > 0, ids[starts - 1], 0)
        return Batch(self.words, self.texts, ids - np.repeat(before, self.texts), self.table[self.places])


def packed(batch: Batch, level: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (first word, bytes) of the blocks that hold a batch, compressed by a level of zlib."""
    ends = np.cumsum(batch.texts)
    start = 0
    while start < len(batch.words):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + BLOCK_POSTINGS)) + 1
        if end - start > 1 and batch.texts[min(end, len(batch.words)) - 1] >= BLOCK_POSTINGS:
            end -= 1
        end = min(end, start + BLOCK_WORDS, len(batch.words))
        some = slice(before, int(ends[end - 1]))
        words = batch.words[start:end]
        yield words[0], _pack(Batch(words, batch.texts[start:end], batch.ids[some], batch.counts[some]), level)
        start = end


def _pack(batch: Batch, level: int) -> bytes:
    table, places = np.unique(batch.counts, return_inverse=True)
    steps = np.diff(batch.ids, prepend=0)
    starts = (np.cumsum(batch.texts) - batch.texts).astype(np.int64)
    steps[starts] = batch.ids[starts]
    parts = [_planes(batch.texts), _planes(steps), _planes(places)]
    words = b"\n".join(batch.words)
    head = _HEAD.pack(len(batch.words), len(batch.ids), len(table), *(width for width, _ in parts), 0)
    data = [len(words).to_bytes(4, "little"), words, _plane_bytes(table, 4), *(data for _, data in parts)]
    return head + zlib.compress(b"".join(data), level)


def unpacked(data: bytes) -> Block:
    """Return a block. Raises DamagedError."""
    try:
        return _unpack(data)
    except (ValueError, IndexError, struct.error, zlib.error, OverflowError) as error:
        raise DamagedError(f"a block of its full text: {error}") from error


def _unpack(data: bytes) -> Block:
    words, postings, kinds, *widths, _ = _HEAD.unpack_from(data)
    numbers = words * widths[0] + postings * (widths[1] + widths[2]) + 4 * kinds
    if max(words, postings, kinds) > _WORST or numbers > _WORST or max(widths) > _BYTES:
        raise ValueError("a block is too large")
    raw = inflated(data[_HEAD.size :])
    length = int.from_bytes(raw[:4], "little")
    if len(raw) != 4 + length + numbers:
        raise ValueError("a block has a wrong length")
    listed = raw[4 : 4 + length].split(b"\n")
    at = 4 + length
    table, at = _number(raw, at, kinds, 4)
    texts, at = _number(raw, at, words, widths[0])
    steps, at = _number(raw, at, postings, widths[1])
    places, _ = _number(raw, at, postings, widths[2])
    if len(listed) != words or texts.sum() != postings or (texts < 1).any() or (postings and places.max() >= kinds):
        raise ValueError("a block contradicts itself")
    return Block(listed, texts, steps, places, table.astype(np.uint32))


def inflated(data: bytes) -> bytes:
    """Return what zlib compressed. Raises zlib.error, and ValueError if it is too much to be sound."""
    inflate = zlib.decompressobj()
    raw = inflate.decompress(data, _WORST)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("compressed data has a wrong length")
    return raw


def _planes(numbers: Numbers) -> tuple[int, bytes]:
    """Return how many planes some numbers take, and the planes."""
    width = max(1, (int(numbers.max(initial=0)).bit_length() + 7) // 8)
    return width, _plane_bytes(numbers, width)


def _plane_bytes(numbers: npt.NDArray[np.integer], width: int) -> bytes:
    every: Bytes = numbers.astype("<u8").view(np.uint8).reshape(-1, 8)
    found: bytes = every[:, :width].T.tobytes()
    return found


def _number(raw: bytes, at: int, count: int, width: int) -> tuple[Numbers, int]:
    """Return the numbers whose planes begin at a place, and where they end."""
    planes = np.frombuffer(raw, np.uint8, count * width, at).reshape(width, count)
    found = planes[0].astype(np.int64)
    for plane in range(1, width):
        found |= planes[plane].astype(np.int64) << (8 * plane)
    return found, at + count * width
