"""Carries the full-text index of one index file over into another, without the texts, which no index holds.

A segment (`text_format`) is carried over by copying its pages and changing a few numbers, at a fraction of the cost of
indexing the texts again; then FTS5 itself merges all segments into one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import apsw

from codesearch.store.text_format import (
    AVERAGES,
    HEAD,
    SEGMENT_BITS,
    STRUCTURE,
    WITH_ORIGINS,
    Segment,
    UnsoundError,
    structure,
    totals,
    varint,
    varint_at,
)


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
    _, theirs = structure(source, table)
    cookie, ours = structure(target, table)
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


def _write_row(db: apsw.Connection, table: str, row: int, data: bytes) -> None:
    db.execute(f"REPLACE INTO {table}_data VALUES (?, ?)", (row, data))


def _add_totals(source: apsw.Connection, target: apsw.Connection, table: str) -> None:
    theirs, ours = totals(source, table), totals(target, table)
    both = [a + b for a, b in zip(theirs, ours, strict=True)] if ours else theirs
    _write_row(target, table, AVERAGES, b"".join(map(varint, both)))


def _write_structure(db: apsw.Connection, table: str, cookie: bytes, segments: Sequence[Segment]) -> None:
    """Write a structure with all segments on the one level there is; merging them again is all that follows."""
    count = varint(len(segments))
    body = b"".join(varint(field) for one in segments for field in one)
    _write_row(db, table, STRUCTURE, cookie + WITH_ORIGINS + varint(1) + count + varint(0) + varint(0) + count + body)


def _carry_pages(
    source: apsw.Connection, target: apsw.Connection, table: str, segment: Segment, new: int, shift: int
) -> None:
    """Copy the pages of a segment, and its list of pages by term; pages that only speed up a search are left out."""
    base, other = segment.id << SEGMENT_BITS, new << SEGMENT_BITS
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
    first, end = HEAD.unpack_from(page)
    terms, at, term = [], end, 0
    while at < len(page):
        step, at = varint_at(page, at)
        term += step
        terms.append(term)
    places = [first] if first else []
    for number, term in enumerate(terms):
        at = term
        if number:  # what it has in common with the term before; the first of a page is whole
            _, at = varint_at(page, at)
        length, at = varint_at(page, at)
        if at + length < end:
            places.append(at + length)
    if not places:
        return page
    return _rewritten(page, first, end, terms, places, shift)


def _rewritten(page: bytes, first: int, end: int, terms: list[int], places: list[int], shift: int) -> bytes:
    pieces: list[bytes] = []
    steps: list[int] = []
    grown, copied, before, following = 0, HEAD.size, 0, 0
    for place in places:
        while following < len(terms) and terms[following] < place:
            steps.append(terms[following] + grown - before)
            before = terms[following] + grown
            following += 1
        id, after = varint_at(page, place)
        moved = varint(id + shift)
        pieces += (page[copied:place], moved)
        grown += len(moved) - (after - place)
        copied = after
    for term in terms[following:]:
        steps.append(term + grown - before)
        before = term + grown
    pieces += (page[copied:end], *map(varint, steps))
    return HEAD.pack(first, end + grown) + b"".join(pieces)
