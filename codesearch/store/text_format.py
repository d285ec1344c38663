"""The format of FTS5's tables, as far as this package reads and writes it.

fts5_index.c in SQLite's source describes it.

FTS5 stores pages in sorted segments. A page holds terms, and after each term its texts: the difference of the id to the
one before (the first of each term and page is whole), the length of the list of places, and that list.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import apsw

AVERAGES, STRUCTURE = 1, 10
"""Rows of the data table that are not pages: totals, and the list of the segments."""
_VERSION = 4
WITH_ORIGINS = b"\xff\x00\x00\x01"
"""Mark of a structure with what tables without content and with deletions keep of each segment."""
SEGMENT_BITS = 37
"""A page is in the row `segment << SEGMENT_BITS | number`; bit 36 marks the pages that only speed up a search."""
HEAD = struct.Struct(">HH")
"""Of a page: where its first id is if no term precedes it, and where the list of its terms begins."""


class UnsoundError(Exception):
    """The pages of a full-text index are damaged, or have an unknown format; the text follows its name."""


class Segment(NamedTuple):
    """One entry of a structure."""

    id: int
    first: int
    last: int
    origin_first: int
    origin_last: int
    deleted_pages: int
    deleted: int
    texts: int


def row(db: apsw.Connection, table: str, id: int) -> bytes:
    """Return a row of the data table; b"" if there is none."""
    found: Any = db.execute(f"SELECT block FROM {table}_data WHERE id = ?", (id,)).fetchall()
    return bytes(found[0][0]) if found else b""


def totals(db: apsw.Connection, table: str) -> list[int]:
    """Return how many texts a table holds, and how many tokens in each column."""
    data = row(db, table, AVERAGES)
    numbers, at = [], 0
    while at < len(data):
        number, at = varint_at(data, at)
        numbers.append(number)
    return numbers


def structure(db: apsw.Connection, table: str) -> tuple[bytes, list[Segment]]:
    """Return the cookie and the segments of a table, the newest first."""
    version: Any = db.execute(f"SELECT v FROM {table}_config WHERE k = 'version'").fetchall()
    data = row(db, table, STRUCTURE)
    if version != [(_VERSION,)] or (data[4:8] != WITH_ORIGINS and len(data) > 7):
        raise UnsoundError("has a format that this program cannot merge; index the whole in one job")
    if data[4:8] != WITH_ORIGINS:
        return data[:4], []
    levels, at = varint_at(data, 8)
    _, at = varint_at(data, at)
    _, at = varint_at(data, at)
    segments = []
    for _ in range(levels):
        _, at = varint_at(data, at)
        some, at = varint_at(data, at)
        for _ in range(some):
            fields = []
            for _ in Segment._fields:
                field, at = varint_at(data, at)
                fields.append(field)
            segments.append(Segment(*fields))
    return data[:4], segments


def varint_at(data: bytes, at: int) -> tuple[int, int]:
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


def varint(value: int) -> bytes:
    """Return a number in SQLite's variable length; up to 56 bits, which no id or size exceeds."""
    if value < 128:
        return bytes((value,))
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))
