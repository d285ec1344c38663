"""Carries the full-text index of one index file over into another, without the texts, which no index holds.

FTS5 stores pages in sorted segments. An id in them is the difference to the one before, except the first of each term
and page. So a segment is carried over by copying its pages and changing a few numbers, at a fraction of the cost of
indexing the texts again; then FTS5 itself merges all segments into one. fts5_index.c in SQLite's source describes the
format.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import apsw

_AVERAGES, _STRUCTURE = 1, 10
"""Rows of the data table that are not pages: totals, and the list of the segments."""
_VERSION = 4
_WITH_ORIGINS = b"\xff\x00\x00\x01"
"""Mark of a structure with what tables without content and with deletions keep of each segment."""
_SEGMENT_BITS = 37
"""A page is in the row `segment << _SEGMENT_BITS | number`; bit 36 marks the pages that only speed up a search."""
_HEAD = struct.Struct(">HH")
"""Of a page: where its first id is if no term precedes it, and where the list of its terms begins."""


class UnsoundError(Exception):
    """The pages of a full-text index are damaged, or have an unknown format; the text follows its name."""


class _Segment(NamedTuple):
    """One entry of a structure."""

    id: int
    first: int
    last: int
    origin_first: int
    origin_last: int
    deleted_pages: int
    deleted: int
    texts: int


def compact(db: apsw.Connection, table: str) -> None:
    """Merge the segments of a table into one without deleted texts."""
    db.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")


def carry(source: apsw.Connection, target: apsw.Connection, table: str, shift: int) -> None:
    """Add the texts of a compacted table of `source` to that of `target`, with `shift` added to their ids.

    Neither connection may have used the table since it was changed: compact `source` over another one, and `target`
    afterwards. The texts must have larger ids than those of `target`. Raises UnsoundError.
    """
    try:
        _carry(source, target, table, shift)
    except (IndexError, ValueError, struct.error) as error:
        raise UnsoundError("is damaged; make the index again") from error


def _carry(source: apsw.Connection, target: apsw.Connection, table: str, shift: int) -> None:
    _, theirs = _structure(source, table)
    cookie, ours = _structure(target, table)
    if not theirs:
        return
    segment = 1 + max((one.id for one in ours), default=0)
    origin = 1 + max((one.origin_last for one in ours), default=0)
    moved = [
        one._replace(id=segment + n, origin_first=origin + n, origin_last=origin + n) for n, one in enumerate(theirs)
    ]
    for old, new in zip(theirs, moved, strict=True):
        _carry_pages(source, target, table, old, new.id, shift)
    target.executemany(
        f"INSERT INTO {table}_docsize VALUES (?, ?, ?)",
        ((id + shift, size, origin) for id, size in source.execute(f"SELECT id, sz FROM {table}_docsize ORDER BY id")),
    )
    _add_totals(source, target, table)
    _write_structure(target, table, cookie, [*ours, *moved])


def totals(db: apsw.Connection, table: str) -> list[int]:
    """Return how many texts a table holds, and how many tokens in each column."""
    data = _row(db, table, _AVERAGES)
    numbers, at = [], 0
    while at < len(data):
        number, at = _number(data, at)
        numbers.append(number)
    return numbers


def _row(db: apsw.Connection, table: str, row: int) -> bytes:
    found: Any = db.execute(f"SELECT block FROM {table}_data WHERE id = ?", (row,)).fetchall()
    return bytes(found[0][0]) if found else b""


def _write_row(db: apsw.Connection, table: str, row: int, data: bytes) -> None:
    db.execute(f"REPLACE INTO {table}_data VALUES (?, ?)", (row, data))


def _add_totals(source: apsw.Connection, target: apsw.Connection, table: str) -> None:
    theirs, ours = totals(source, table), totals(target, table)
    both = [a + b for a, b in zip(theirs, ours, strict=True)] if ours else theirs
    _write_row(target, table, _AVERAGES, b"".join(map(_varint, both)))


def _structure(db: apsw.Connection, table: str) -> tuple[bytes, list[_Segment]]:
    """Return the cookie and the segments of a table, the newest first."""
    version: Any = db.execute(f"SELECT v FROM {table}_config WHERE k = 'version'").fetchall()
    data = _row(db, table, _STRUCTURE)
    if version != [(_VERSION,)] or (data[4:8] != _WITH_ORIGINS and len(data) > 7):
        raise UnsoundError("has a format that this program cannot merge; index the whole in one job")
    if data[4:8] != _WITH_ORIGINS:
        return data[:4], []
    levels, at = _number(data, 8)
    _, at = _number(data, at)
    _, at = _number(data, at)
    segments = []
    for _ in range(levels):
        _, at = _number(data, at)
        some, at = _number(data, at)
        for _ in range(some):
            fields = []
            for _ in _Segment._fields:
                field, at = _number(data, at)
                fields.append(field)
            segments.append(_Segment(*fields))
    return data[:4], segments


def _write_structure(db: apsw.Connection, table: str, cookie: bytes, segments: Sequence[_Segment]) -> None:
    """Write a structure with all segments on the one level there is; merging them again is all that follows."""
    count = _varint(len(segments))
    body = b"".join(_varint(field) for one in segments for field in one)
    _write_row(
        db, table, _STRUCTURE, cookie + _WITH_ORIGINS + _varint(1) + count + _varint(0) + _varint(0) + count + body
    )


def _carry_pages(
    source: apsw.Connection, target: apsw.Connection, table: str, segment: _Segment, new: int, shift: int
) -> None:
    """Copy the pages of a segment, and its list of pages by term; pages that only speed up a search are left out."""
    base, other = segment.id << _SEGMENT_BITS, new << _SEGMENT_BITS
    pages = source.execute(
        f"SELECT id - ?1, block FROM {table}_data WHERE id BETWEEN ?1 + ?2 AND ?1 + ?3",
        (base, segment.first, segment.last),
    )
    target.executemany(
        f"INSERT INTO {table}_data VALUES (?, ?)", ((other + number, _moved(page, shift)) for number, page in pages)
    )
    listed = source.execute(f"SELECT term, pgno & ~1 FROM {table}_idx WHERE segid = ?", (segment.id,))
    target.executemany(f"INSERT INTO {table}_idx VALUES (?, ?, ?)", ((new, *row) for row in listed))


def _moved(page: bytes, shift: int) -> bytes:
    """Return a page with `shift` added to the ids of its texts."""
    first, end = _HEAD.unpack_from(page)
    terms, at, term = [], end, 0
    while at < len(page):
        step, at = _number(page, at)
        term += step
        terms.append(term)
    places = [first] if first else []
    for number, term in enumerate(terms):
        at = term
        if number:  # what it has in common with the term before; the first of a page is whole
            _, at = _number(page, at)
        length, at = _number(page, at)
        if at + length < end:
            places.append(at + length)
    if not places:
        return page
    return _rewritten(page, first, end, terms, places, shift)


def _rewritten(page: bytes, first: int, end: int, terms: list[int], places: list[int], shift: int) -> bytes:
    pieces: list[bytes] = []
    steps: list[int] = []
    grown, copied, before, following = 0, _HEAD.size, 0, 0
    for place in places:
        while following < len(terms) and terms[following] < place:
            steps.append(terms[following] + grown - before)
            before = terms[following] + grown
            following += 1
        id, after = _number(page, place)
        moved = _varint(id + shift)
        pieces += (page[copied:place], moved)
        grown += len(moved) - (after - place)
        copied = after
    for term in terms[following:]:
        steps.append(term + grown - before)
        before = term + grown
    pieces += (page[copied:end], *map(_varint, steps))
    return _HEAD.pack(first, end + grown) + b"".join(pieces)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of SQLite's variable length, and where it ends."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value = byte & 127
    for place in range(at + 1, at + 8):
        byte = data[place]
        value = value << 7 | byte & 127
        if byte < 128:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _varint(value: int) -> bytes:
    """Return a number in SQLite's variable length; up to 56 bits, which no id or size exceeds."""
    if value < 128:
        return bytes((value,))
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))
