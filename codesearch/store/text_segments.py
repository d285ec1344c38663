"""The full-text index in the file: segments, each with the postings of the texts that were written together.

The ids of a segment's texts are above those of all earlier segments, and no id is used twice. A segment is never
changed: a text is deleted by setting its length to 0 (`text_lengths`), and merging writes a new segment instead
of several neighbours. So what a process keeps of a segment stays valid. Needs numpy.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apsw
import numpy as np

from codesearch.store import postings, text_lengths
from codesearch.store.full_text import DamagedError
from codesearch.store.postings import Batch, Block
from codesearch.store.records import Texts
from codesearch.store.text_lengths import Lengths
from codesearch.store.word_counts import Gathered

MERGED_AT = 16
"""Segments of about the same size that are merged into one."""
MOST_MERGED = 4_000_000
"""Postings that a write merges at most, a second or two; `merge` merges more."""
DEAD_SHARE = 0.3
"""Share of deleted texts from which all segments are written again."""
_FAST, _SMALL = 1, 6
"""Levels of zlib: what will soon be merged is compressed fast, at a tenth more bytes."""
_MERGED_AT_ONCE = 100_000
"""Postings that merging holds in memory, about: 6 MB. More at once saves no time."""


class Segment(NamedTuple):
    """A segment, without its blocks."""

    id: int
    first: int
    """The id of its first text; ids in its blocks are counted from here."""
    last: int
    texts: int
    """Texts when it was written."""
    postings: int
    block: int
    """The number of its first block; the others follow."""


def segments(db: apsw.Connection, minor: bool) -> list[Segment]:
    """Return the segments, the oldest first."""
    rows: Any = db.execute(
        "SELECT id, first, last, texts, postings, block FROM text_segment WHERE minor = ? ORDER BY first", (minor,)
    )
    return [Segment(*row) for row in rows]


def directory(db: apsw.Connection, segment: Segment) -> list[bytes]:
    """Return the first word of each block of a segment. Raises DamagedError."""
    rows: Any = db.execute("SELECT directory FROM text_segment WHERE id = ?", (segment.id,)).fetchall()
    try:
        return postings.inflated(rows[0][0]).split(b"\n")
    except (IndexError, ValueError, zlib.error) as error:
        raise DamagedError(f"the list of the blocks of its full text: {error}") from error


def block(db: apsw.Connection, number: int) -> Block:
    """Return a block. Raises DamagedError."""
    rows: Any = db.execute("SELECT data FROM text_block WHERE id = ?", (number,)).fetchall()
    if not rows:
        raise DamagedError("a block of its full text is missing")
    return postings.unpacked(rows[0][0])


# -- writing ----------------------------------------------------------------------------------


def add(db: apsw.Connection, first: int, texts: Sequence[Texts], minor: Sequence[bool]) -> None:
    """Write the texts of some files, whose ids follow each other from `first` on, and which of them are minor.

    The ids follow all others.
    """
    found = Gathered(texts)
    for kind in (False, True):
        chosen = np.array(minor, bool) == kind
        places = np.flatnonzero(chosen)
        if not len(places):
            continue
        batch = found.batch(chosen, int(places[0]))
        start, last = first + int(places[0]), first + int(places[-1])
        text_lengths.write(db, kind, zip((places + first).tolist(), found.lengths[places].tolist(), strict=True))
        if batch.words:
            _write(db, kind, start, last, len(places), (batch,), _FAST)
        if mergeable := _mergeable(segments(db, kind)):
            _merge(db, kind, mergeable, text_lengths.read(db, kind, last))


def next_id(db: apsw.Connection) -> int:
    """Return the id of the next symbol: above those of all symbols, and of all texts in segments, deleted or not."""
    rows: Any = db.execute(
        "SELECT max(coalesce((SELECT max(id) FROM symbol), 0), coalesce((SELECT max(last) FROM text_segment), 0)) + 1"
    ).fetchall()
    return int(rows[0][0])


def forget(db: apsw.Connection, minor: bool, ids: Iterable[int]) -> None:
    """Delete texts."""
    text_lengths.write(db, minor, ((id, 0) for id in ids))


def clear(db: apsw.Connection) -> None:
    """Delete all texts. Later segments get new ids all the same."""
    for table in ("text_segment", "text_block", "text_length"):
        db.execute(f"DELETE FROM {table}")


def check(db: apsw.Connection, schema: str) -> None:
    """Read all that the full text of an attached index consists of. Raises DamagedError if it cannot be read."""
    for (data,) in db.execute(f"SELECT data FROM {schema}.text_block"):
        postings.unpacked(data)
    for minor in (False, True):
        text_lengths.read(db, minor, schema=schema)


def carry(db: apsw.Connection, other: str, shift: int) -> None:
    """Add the texts of another index that is attached, with `shift` added to their ids.

    They follow all others then; `merge` makes one segment of them all.
    """
    rows: Any = db.execute("SELECT coalesce(max(id), 0) FROM main.text_block").fetchall()
    blocks = rows[0][0]
    db.execute(f"INSERT INTO main.text_block SELECT id + ?, data FROM {other}.text_block ORDER BY id", (blocks,))
    db.execute(
        "INSERT INTO main.text_segment(minor, first, last, texts, postings, block, blocks, directory) "
        "SELECT minor, first + ?1, last + ?1, texts, postings, block + ?2, blocks, directory "
        f"FROM {other}.text_segment ORDER BY first",
        (shift, blocks),
    )
    for minor in (False, True):
        lengths = text_lengths.read(db, minor, schema=other).of
        text_lengths.write(db, minor, ((int(id) + shift, int(lengths[id])) for id in np.flatnonzero(lengths)))


def merge(db: apsw.Connection, minor: bool, *, whole: bool) -> None:
    """Merge what writes have left: all segments into one if `whole` or if many texts are deleted."""
    found = segments(db, minor)
    if not found:
        return
    lengths = text_lengths.read(db, minor, found[-1].last)
    written = sum(one.texts for one in found)
    if whole or written - lengths.texts > DEAD_SHARE * written:
        if len(found) > 1 or lengths.texts < written:
            _merge(db, minor, found, lengths, whole=True)
    elif mergeable := _mergeable(found, most=None):
        _merge(db, minor, mergeable, lengths)


def _write(
    db: apsw.Connection, minor: bool, first: int, last: int, texts: int, batches: Iterable[Batch], level: int
) -> None:
    """Write a segment, compressed by a level of zlib; the words ascend from batch to batch."""
    before: Any = db.execute("SELECT coalesce(max(id), 0) FROM text_block").fetchall()
    start = int(before[0][0]) + 1
    known: list[bytes] = []
    total = 0
    for batch in batches:
        made = list(postings.packed(batch, level))
        rows = [(at, data) for at, (_, data) in enumerate(made, start + len(known))]
        db.executemany("INSERT INTO text_block VALUES (?, ?)", rows)
        known += [word for word, _ in made]
        total += len(batch.ids)
    if known:
        db.execute(
            "INSERT INTO text_segment(minor, first, last, texts, postings, block, blocks, directory) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (minor, first, last, texts, total, start, len(known), zlib.compress(b"\n".join(known))),
        )


def _mergeable(found: Sequence[Segment], most: int | None = MOST_MERGED) -> Sequence[Segment]:
    """Return the last segments if they are many of about the same size, or smaller ones; else none."""
    classes = [one.postings.bit_length() // 4 for one in found]
    for size in sorted(set(classes)):
        start = len(found)
        while start and classes[start - 1] <= size:
            start -= 1
        some = found[start:]
        if len(some) >= MERGED_AT and (most is None or sum(one.postings for one in some) <= most):
            return some
    return ()


def _merge(db: apsw.Connection, minor: bool, some: Sequence[Segment], lengths: Lengths, *, whole: bool = False) -> None:
    """Write one segment instead of several neighbours, without the texts that were deleted."""
    first, last = some[0].first, some[-1].last
    alive = int(np.count_nonzero(lengths.of[first : last + 1]))
    parts = _Parts(db, some)
    merged = (found for one in parts if (found := _united(one, first, lengths.of)).words)
    _write(db, minor, first, last, alive, merged, _SMALL if whole else _FAST)
    for one in some:
        db.execute(
            "DELETE FROM text_block WHERE id >= ?1 AND id < ?1 + (SELECT blocks FROM text_segment WHERE id = ?2)",
            (one.block, one.id),
        )
        db.execute("DELETE FROM text_segment WHERE id = ?", (one.id,))


def _united(parts: Sequence[tuple[int, Batch]], first: int, lengths: Any) -> Batch:
    """Return the postings of (first id, batch) parts as one batch, without texts of length 0."""
    every = sorted(set().union(*(batch.words for _, batch in parts)))
    rank = {word: at for at, word in enumerate(every)}
    word = np.concatenate(
        [np.repeat(np.fromiter(map(rank.__getitem__, one.words), np.int64), one.texts) for _, one in parts]
    )
    ids = np.concatenate([one.ids + start for start, one in parts])
    counts = np.concatenate([one.counts for _, one in parts])
    alive = np.flatnonzero(lengths[ids])
    order = alive[np.argsort(word[alive], kind="stable")]
    holding = np.bincount(word[order], minlength=len(every))
    kept = np.flatnonzero(holding)
    return Batch([every[at] for at in kept.tolist()], holding[kept], ids[order] - first, counts[order])


class _Parts:
    """Yields the same range of words of some segments, range after range."""

    def __init__(self, db: apsw.Connection, some: Sequence[Segment]) -> None:
        self._db, self._segments = db, some
        self._directories = [directory(db, one) for one in some]

    def __iter__(self) -> Iterator[list[tuple[int, Batch]]]:
        left: list[Batch | None] = [None for _ in self._segments]
        at = [0 for _ in self._segments]
        for bound in (*self._bounds(), None):
            found = []
            for n, (segment, first_words) in enumerate(zip(self._segments, self._directories, strict=True)):
                end = len(first_words) if bound is None else bisect_right(first_words, bound)
                some = [left[n]] if left[n] is not None else []
                some += [block(self._db, segment.block + number).batch() for number in range(at[n], end)]
                at[n] = end
                inside, left[n] = _cut(_chained([one for one in some if one is not None]), bound)
                found.append((segment.first, inside))
            yield found

    def _bounds(self) -> list[bytes]:
        """Return words between which there are about _MERGED_AT_ONCE postings."""
        every = sorted(word for some in self._directories for word in some)
        ranges = sum(one.postings for one in self._segments) // _MERGED_AT_ONCE + 1
        step = max(1, len(every) // ranges)
        return sorted(set(every[step::step]))


def _chained(some: Sequence[Batch]) -> Batch:
    """Return batches of the same segment, whose words follow each other, as one."""
    if len(some) == 1:
        return some[0]
    nothing = np.empty(0, np.int64)
    return Batch(
        [word for one in some for word in one.words],
        np.concatenate([nothing, *(one.texts for one in some)]),
        np.concatenate([nothing, *(one.ids for one in some)]),
        np.concatenate([np.empty(0, np.uint32), *(one.counts for one in some)]),
    )


def _cut(batch: Batch, bound: bytes | None) -> tuple[Batch, Batch | None]:
    """Return the words up to a bound, and the others."""
    at = len(batch.words) if bound is None else bisect_right(batch.words, bound)
    if at == len(batch.words):
        return batch, None
    place = int(batch.texts[:at].sum())
    return (
        Batch(batch.words[:at], batch.texts[:at], batch.ids[:place], batch.counts[:place]),
        Batch(batch.words[at:], batch.texts[at:], batch.ids[place:], batch.counts[place:]),
    )
