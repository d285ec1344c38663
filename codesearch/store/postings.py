"""Which texts hold a word, and how often in each column, read from the pages of FTS5; needs numpy.

FTS5 itself takes half a microsecond for each text that it scores. Here the texts of a word are read once, at half that
cost, and kept: a process that answers questions reads the words of a language again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import numpy as np

from codesearch.store.schema import TEXT_COLUMNS
from codesearch.store.text_format import HEAD, SEGMENT_BITS, Segment, UnsoundError, structure, varint_at

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Bytes = npt.NDArray[np.uint8]

MOST_KEPT_BYTES = 64 << 20
"""What the postings that a process keeps take at most."""

MOST_READ_BYTES = 256 << 10
"""Words whose lists of texts are longer are not read, but left to FTS5: 30,000 to 40,000 texts, or 10 ms."""
_PAGE_HEAD = HEAD.size
_TOMBSTONES = 1 << 16
"""Added to the number of a segment in the rows that list its deleted texts."""
_COLUMN = 1
"""In a list of places, this number comes before the number of the column of the places after it."""


class _Layout:
    """How the counts of the columns lie in one number."""

    def __init__(self, kind: type[np.unsignedinteger[Any]], long: int, short: int) -> None:
        """`long` is the number of bits for columns with long texts, `short` that for the others."""
        self.kind = kind
        self.widths = [long if column in ("body", "documentation") else short for column in TEXT_COLUMNS]
        self.shifts = [sum(self.widths[:at]) for at in range(len(self.widths))]
        self.most = [(1 << width) - 1 for width in self.widths]

    def column(self, counts: npt.NDArray[Any], column: int) -> npt.NDArray[Any]:
        """Return the counts of one column."""
        found: npt.NDArray[Any] = counts >> self.kind(self.shifts[column]) & self.kind(self.most[column])
        return found

    def mask(self, columns: Sequence[bool]) -> Any:
        """Return the bits of some columns."""
        wanted = zip(self.most, self.shifts, columns, strict=True)
        return self.kind(sum(most << shift for most, shift, one in wanted if one))

    def weighted(self, counts: npt.NDArray[Any], weights: Sequence[float]) -> Floats:
        """Return the sum of the counts of each text, each times the weight of its column."""
        total: Floats = (counts & self.kind(self.most[0])) * weights[0]
        others = np.flatnonzero(counts > self.most[0])
        some = counts[others]
        for column, weight in enumerate(weights):
            if column and weight:
                total[others] += self.column(some, column) * weight
        return total


_SMALL = _Layout(np.uint32, 8, 4)
_LARGE = _Layout(np.uint64, 16, 8)
"""For the few texts whose counts do not fit the small one. A still higher count is the highest that fits."""


class Postings(NamedTuple):
    """The texts that hold a word, by id, and how often each column does."""

    ids: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint32]
    high: npt.NDArray[np.int32]
    """Places of the texts with high counts."""
    high_counts: npt.NDArray[np.uint64]

    def within(self, columns: Sequence[bool]) -> Postings:
        """Return those that hold the word in one of some columns, with the counts of these columns only."""
        counts = self.counts & _SMALL.mask(columns)
        return Postings(self.ids, counts, self.high, self.high_counts & _LARGE.mask(columns)).at(np.flatnonzero(counts))

    def at(self, places: Ids) -> Postings:
        """Return those at some places, in ascending order."""
        if not len(self.high) or not len(places):
            return Postings(self.ids[places], self.counts[places], NONE.high, NONE.high_counts)
        found = np.searchsorted(places, self.high)
        kept = np.flatnonzero(places[np.minimum(found, len(places) - 1)] == self.high)
        return Postings(self.ids[places], self.counts[places], found[kept].astype(np.int32), self.high_counts[kept])

    def weighted(self, weights: Sequence[float]) -> Floats:
        """Return the sum of the counts of each text, each times the weight of its column."""
        total = _SMALL.weighted(self.counts, weights)
        if len(self.high):
            total[self.high] = _LARGE.weighted(self.high_counts, weights)
        return total

    def columns(self) -> Bytes:
        """Return the count of each column of each text, up to 255."""
        found = np.stack([_SMALL.column(self.counts, at) for at in range(len(TEXT_COLUMNS))], 1).astype(np.uint8)
        for at in range(len(TEXT_COLUMNS) if len(self.high) else 0):
            found[self.high, at] = np.minimum(_LARGE.column(self.high_counts, at), 255)
        return found

    @property
    def nbytes(self) -> int:
        """The bytes that they take."""
        return sum(part.nbytes for part in self)


NONE = Postings(np.empty(0, np.int32), np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.uint64))


def _joined(ids: Ids, counts: npt.NDArray[np.uint64]) -> Postings:
    """Return postings; the ids ascend, and the counts are in the large layout."""
    small = np.zeros(len(ids), np.uint32)
    exceeds = np.zeros(len(ids), bool)
    for at, shift in enumerate(_SMALL.shifts):
        found = _LARGE.column(counts, at)
        exceeds |= found > _SMALL.most[at]
        small |= np.minimum(found, _SMALL.most[at]).astype(np.uint32) << np.uint32(shift)
    high = np.flatnonzero(exceeds)
    return Postings(ids.astype(np.int32), small, high.astype(np.int32), counts[high])


class Kept:
    """Postings that a process keeps: those used last, up to a number of bytes. Thread-safe."""

    def __init__(self, most: int = MOST_KEPT_BYTES) -> None:
        self._most = most
        self._lock = Lock()
        self._found: OrderedDict[tuple[int, bytes], Postings | None] = OrderedDict()
        self._bytes = 0

    def get(self, owner: int, token: bytes) -> Postings | None:
        """Return what was put. Raises KeyError if it was not, or made room for others."""
        with self._lock:
            found = self._found[owner, token]
            self._found.move_to_end((owner, token))
            return found

    def put(self, owner: int, token: bytes, postings: Postings | None) -> None:
        """Keep postings; those that were used longest ago make room."""
        with self._lock:
            self._drop((owner, token))
            self._found[owner, token] = postings
            self._bytes += _size(postings)
            while self._bytes > self._most:
                self._drop(next(iter(self._found)))

    def forget(self, owner: int) -> None:
        """Drop what one owner has put."""
        with self._lock:
            for key in [key for key in self._found if key[0] == owner]:
                self._drop(key)

    def _drop(self, key: tuple[int, bytes]) -> None:
        self._bytes -= _size(self._found.pop(key, None))


def _size(postings: Postings | None) -> int:
    return 0 if postings is None else postings.nbytes


_KEPT = Kept()
_owners = count(1)


class PostingsReader:
    """Reads the postings of one full-text table, for one version of an index."""

    def __init__(self, db: apsw.Connection, table: str) -> None:
        """Prepare to read. Raises UnsoundError if the table has a format that is not known."""
        self._db, self._table = db, table
        self._owner = next(_owners)
        structure(db, table)

    def close(self) -> None:
        """Drop what is kept."""
        _KEPT.forget(self._owner)

    def of(self, token: bytes) -> Postings | None:
        """Return the postings of a word as FTS5 writes it, stemmed; None if too many texts hold it."""
        try:
            return _KEPT.get(self._owner, token)
        except KeyError:
            found = self._read(token)
            _KEPT.put(self._owner, token, found)
            return found

    def _read(self, token: bytes) -> Postings | None:
        _, segments = structure(self._db, self._table)
        found = []
        for segment in segments:
            part = self._of_segment(segment, b"0" + token)
            if part is None:
                return None
            found.append(part)
        ids = np.concatenate([part[0] for part in found]) if found else _NO_IDS
        if not len(ids):
            return NONE
        if ids[-1] > np.iinfo(np.int32).max:
            raise UnsoundError("has more texts than this program can score")
        counts = np.concatenate([part[1] for part in found])
        if len(found) > 1:
            order = np.argsort(ids, kind="stable")
            ids, counts = ids[order], counts[order]
        return _joined(ids, counts)

    def _of_segment(self, segment: Segment, term: bytes) -> tuple[Ids, npt.NDArray[np.uint64]] | None:
        pieces: list[bytes] = []
        anchors: list[int] = []
        length = 0
        for piece, first in self._pieces(segment, term):
            if first is not None:
                anchors.append(length + first)
            pieces.append(piece)
            length += len(piece)
            if length > MOST_READ_BYTES:
                return None
        ids, counts = decoded(b"".join(pieces), anchors)
        if segment.deleted_pages and len(ids):
            alive = ~np.isin(ids, self._deleted(segment))
            return ids[alive], counts[alive]
        return ids, counts

    def _pieces(self, segment: Segment, term: bytes) -> Iterator[tuple[bytes, int | None]]:
        """Yield the parts of the list of texts of a term, each with where its first whole id is, if it has one."""
        rows: Any = self._db.execute(
            f"SELECT pgno >> 1 FROM {self._table}_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1",
            (segment.id, term),
        ).fetchall()
        first = max(segment.first, rows[0][0] if rows else 0)
        base = segment.id << SEGMENT_BITS
        pages = self._db.execute(
            f"SELECT block FROM {self._table}_data WHERE id BETWEEN ? AND ? ORDER BY id",
            (base + first, base + segment.last),
        )
        begun = False
        for (page,) in pages:
            whole, end = HEAD.unpack_from(page)
            if not begun:
                place = _place_of(page, end, term)
                if place is None:
                    return
                start, stop = place
                yield page[start:stop], 0
                begun = True
                if stop < end:
                    return
            else:
                stop = varint_at(page, end)[0] if end < len(page) else end
                yield page[_PAGE_HEAD:stop], whole - _PAGE_HEAD if _PAGE_HEAD <= whole < stop else None
                if stop < end:
                    return

    def _deleted(self, segment: Segment) -> Ids:
        base = (segment.id + _TOMBSTONES) << SEGMENT_BITS
        found: list[Ids] = []
        for (page,) in self._db.execute(
            f"SELECT block FROM {self._table}_data WHERE id BETWEEN ? AND ?", (base, base + segment.deleted_pages - 1)
        ):
            keys = np.frombuffer(page, ">u4" if page[0] == 4 else ">u8", offset=8)
            found.append(keys[keys > 0].astype(np.int64))
        return np.concatenate(found) if found else _NO_IDS


def _place_of(page: bytes, end: int, term: bytes) -> tuple[int, int] | None:
    """Return where the list of texts of a term begins and ends in a page that has terms; None if it has not this one.

    `end` is where the list of the places of the terms begins.
    """
    at, place, known = end, 0, b""
    size = len(page)
    while at < size:
        step = page[at]
        at += 1
        if step > 127:
            step, at = varint_at(page, at - 1)
        place += step
        kept, start = varint_at(page, place) if known else (0, place)
        length, start = varint_at(page, start)
        known = known[:kept] + page[start : start + length]
        if known == term:
            return start + length, place + varint_at(page, at)[0] if at < size else end
        if known > term:
            return None
    return None


_NO_IDS = np.empty(0, np.int64)


def decoded(data: bytes, anchors: Sequence[int]) -> tuple[Ids, npt.NDArray[np.uint64]]:
    """Return the ids of a list of texts, and their counts in the large layout.

    `anchors` are the places of ids that are whole, the first one among them.
    Raises UnsoundError if the list marks deleted texts, as tables that delete in another way do.
    """
    if not data:
        return _NO_IDS, np.empty(0, np.uint64)
    stream = np.frombuffer(data, np.uint8)
    starts = np.array(_starts(data), np.int64)
    steps, sizes = _numbers(stream, starts)
    lengths, bodies = _numbers(stream, sizes)
    if (lengths & 1).any():
        raise UnsoundError("marks deleted texts in a way that is not known")
    first = np.searchsorted(starts, np.array(anchors, np.int64))
    whole = steps[first]
    steps[first] = 0
    ids = np.cumsum(steps)
    ids += np.repeat(whole - ids[first], np.diff(first, append=len(ids)))
    return ids, _counts(stream, starts, bodies)


def _starts(data: bytes) -> list[int]:
    """Return where each text begins: its id, the length of its list of places times two, and the list."""
    starts: list[int] = []
    begins = starts.append
    at, end = 0, len(data)
    while at < end:
        begins(at)
        while data[at] > 127:
            at += 1
        length = data[at + 1]
        at += 2
        if length > 127:
            length &= 127
            while data[at] > 127:
                length = length << 7 | data[at] & 127
                at += 1
            length = length << 7 | data[at]
            at += 1
        at += length >> 1
    return starts


def _numbers(stream: npt.NDArray[np.uint8], at: Ids) -> tuple[Ids, Ids]:
    """Return the numbers at some places, and where they end."""
    byte = stream[at]
    found = (byte & 127).astype(np.int64)
    ends = at + 1
    more = np.flatnonzero(byte > 127)
    while len(more):
        byte = stream[ends[more]]
        found[more] = found[more] << 7 | (byte & 127)
        ends[more] += 1
        more = more[byte > 127]
    return found, ends


def _counts(stream: npt.NDArray[np.uint8], starts: Ids, bodies: Ids) -> npt.NDArray[np.uint64]:
    """Return how often each column of each text has places; the list of a text ends where the next text begins."""
    ends = np.append(starts[1:], len(stream))
    last = stream < 128
    """Of each byte, whether a number ends in it."""
    numbers = np.zeros(len(stream) + 1, np.int32)
    np.cumsum(last, out=numbers[1:])
    marks = np.flatnonzero((stream == _COLUMN) & np.concatenate(([True], last[:-1])))
    text = np.searchsorted(starts, marks, side="right") - 1
    inside = marks >= bodies[text]
    marks, text = marks[inside], text[inside]
    if len(marks) > 1:  # the number of the first column but one is that of the mark
        second = np.concatenate(([False], (np.diff(marks) == 1)))
        marks, text = marks[~second], text[~second]
    # A part of a list ends where the next mark of the same text is, or with the text.
    following = np.append(marks[1:], len(stream))
    stop = np.minimum(following, ends[text]) if len(marks) else marks
    found = np.minimum(numbers[stop] - numbers[np.minimum(marks + 2, stop)], 0xFFFF)
    first_mark = ends.copy()
    leading = np.flatnonzero(np.diff(text, prepend=-1))
    first_mark[text[leading]] = marks[leading]
    counts: npt.NDArray[np.uint64] = np.minimum(numbers[first_mark] - numbers[bodies], _LARGE.most[0]).astype(np.uint64)
    column = stream[np.minimum(marks + 1, len(stream) - 1)]
    for one in range(1, len(TEXT_COLUMNS)):
        own = np.flatnonzero(column == one)
        some = np.minimum(found[own], _LARGE.most[one]).astype(np.uint64)
        counts[text[own]] |= some << np.uint64(_LARGE.shifts[one])
    return counts
