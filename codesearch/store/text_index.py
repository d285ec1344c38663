"""Reads the full-text index of one file for queries: postings of words, beginnings of words, lengths. Needs numpy."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from threading import Lock

import apsw
import numpy as np

from codesearch.store import text_lengths, text_segments
from codesearch.store.full_text import DamagedError
from codesearch.store.postings import NONE, Block, Postings, joined
from codesearch.store.text_segments import Segment

MOST_KEPT_BYTES = 64 << 20
"""What the postings that a process keeps take at most."""

_ENTRY_BYTES = 500
"""What an entry takes beside its numbers."""

Key = tuple[int, int, bytes]
"""The reader; the segment, or the version of the index for what its segments hold together; the word."""


class Kept:
    """Postings that a process keeps: those used last, up to a number of bytes. Thread-safe."""

    def __init__(self, most: int = MOST_KEPT_BYTES) -> None:
        self._most = most
        self._lock = Lock()
        self._found: OrderedDict[Key, Postings] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> Postings | None:
        """Return what was put; None if it was not, or made room for others."""
        with self._lock:
            if (found := self._found.get(key)) is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: Key, postings: Postings) -> None:
        """Keep postings; those that were used longest ago make room."""
        with self._lock:
            self._drop(key)
            self._found[key] = postings
            self._bytes += _ENTRY_BYTES + postings.nbytes
            while self._bytes > self._most:
                self._drop(next(iter(self._found)))

    def forget(self, reader: int) -> None:
        """Drop what one reader has put."""
        with self._lock:
            for key in [key for key in self._found if key[0] == reader]:
                self._drop(key)

    def _drop(self, key: Key) -> None:
        if (found := self._found.pop(key, None)) is not None:
            self._bytes -= _ENTRY_BYTES + found.nbytes


_KEPT = Kept()
_readers = count(1)


class TextIndex:
    """The texts of one kind, minor or not. Not thread-safe.

    What it keeps of a segment stays valid; `refresh` reads what else there is for a new version of the index.
    """

    def __init__(self, db: apsw.Connection, minor: bool) -> None:
        self._db, self._minor = db, minor
        self._reader = next(_readers)
        self._version: int | None = None
        self._segments: list[Segment] = []
        self._directories: dict[int, list[bytes]] = {}
        self._last: dict[int, tuple[int, Block]] = {}
        """By segment, the block read last, and its number: words asked for in order lie side by side."""
        self.lengths = text_lengths.NONE
        self._whole = True
        """Whether no text of a segment was deleted."""

    def refresh(self, version: int) -> None:
        """Read segments and lengths, unless they are those of this version. Raises DamagedError."""
        if version == self._version:
            return
        self._version = None
        self._segments = text_segments.segments(self._db, self._minor)
        known = {one.id for one in self._segments}
        self._directories = {id: some for id, some in self._directories.items() if id in known}
        self._last = {}
        self.lengths = text_lengths.read(self._db, self._minor)
        last = max((one.last for one in self._segments), default=0)
        self._whole = last < len(self.lengths.of) and self.lengths.texts == sum(one.texts for one in self._segments)
        self._version = version

    def close(self) -> None:
        """Drop the postings that are kept."""
        _KEPT.forget(self._reader)

    def of(self, word: bytes) -> Postings:
        """Return the postings of a stem."""
        if self._whole and len(self._segments) == 1:
            return self._of_segment(self._segments[0], word)
        assert self._version is not None
        key = self._reader, -self._version, word  # no segment has such a number
        found = _KEPT.get(key)
        if found is None:
            found = self._alive([self._of_segment(one, word) for one in self._segments])
            _KEPT.put(key, found)
        return found

    def beginning(self, prefix: bytes, columns: Sequence[bool]) -> list[Postings]:
        """Return the postings of the stems that begin with some letters, in some columns.

        Each list has those of several stems, one after the other.
        """
        found = []
        for segment in self._segments:
            first_words = self._directory(segment)
            start = max(0, bisect_right(first_words, prefix) - 1)
            end = bisect_left(first_words, prefix + b"\xff")
            for number in range(start, end):
                some = self._block(segment, number).beginning(prefix)
                inside = Postings(some.ids.astype(np.int32), some.counts).within(columns)
                if len(inside.ids):
                    found.append(self._alive([_shifted(inside, segment)]))
        return found

    def _of_segment(self, segment: Segment, word: bytes) -> Postings:
        key = self._reader, segment.id, word
        found = _KEPT.get(key)
        if found is None:
            at = bisect_right(self._directory(segment), word) - 1
            inside = self._block(segment, at).of(word) if at >= 0 else None
            found = NONE if inside is None else _shifted(inside, segment)
            _KEPT.put(key, found)
        return found

    def _directory(self, segment: Segment) -> list[bytes]:
        known = self._directories.get(segment.id)
        if known is None:
            known = self._directories[segment.id] = text_segments.directory(self._db, segment)
        return known

    def _block(self, segment: Segment, at: int) -> Block:
        last = self._last.get(segment.id)
        if last is None or last[0] != at:
            last = self._last[segment.id] = at, text_segments.block(self._db, segment.block + at)
        return last[1]

    def _alive(self, some: list[Postings]) -> Postings:
        """Return the postings of segments as one, without deleted texts."""
        found = joined([one for one in some if len(one.ids)])
        if self._whole or not len(found.ids):
            return found
        alive = np.flatnonzero(self.lengths.of.take(found.ids, mode="clip") > 0)
        alive = alive[found.ids[alive] < len(self.lengths.of)]  # beyond it, all are deleted
        return found if len(alive) == len(found.ids) else found.at(alive)


def _shifted(found: Postings, segment: Segment) -> Postings:
    """Return postings of a block with whole ids."""
    if found.ids.min() < 0 or found.ids.max() > segment.last - segment.first:
        raise DamagedError("its full text names texts that do not exist")
    return Postings(found.ids + segment.first, found.counts)
