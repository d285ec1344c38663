"""Sign codes (binary quantisation) of all vectors, a thousand per row: Hamming distance finds the nearest.

Contents count from 1: row 0 holds the codes of the first PER_ROW contents, in order. Missing vectors are stored as
zeros. They can match by chance, so callers must discard contents that have no vector.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any

import apsw

PER_ROW = 1024
"""Codes per row. A change of one vector rewrites its row: 32 KB at 256 dimensions."""

NUMPY_FROM = 100_000
"""Number of codes from which importing numpy pays: those of this query and of all queries before it in the process."""

_compared = 0
"""Codes that this process has compared as integers."""
_BYTES, _PAIRS = 0x00FF00FF, 0xFFFF


def of(db: apsw.Connection, vector: bytes) -> bytes:
    """Return the sign code of an int8 vector: one bit per dimension, set if the element is above zero."""
    found: Any = db.execute("SELECT vec_quantize_binary(vec_int8(?))", (vector,)).fetchall()
    return bytes(found[0][0])


def write(db: apsw.Connection, signs: Iterable[tuple[int, bytes]]) -> None:
    """Write (content, sign code) pairs."""
    rows: dict[int, bytearray] = {}
    for content, code in signs:
        number, at = divmod(content - 1, PER_ROW)
        row = rows.get(number)
        if row is None:
            known: Any = db.execute("SELECT signs FROM vector_signs WHERE block = ?", (number,)).fetchall()
            row = rows[number] = bytearray(known[0][0] if known else PER_ROW * len(code))
        row[at * len(code) : (at + 1) * len(code)] = code
    db.executemany("INSERT OR REPLACE INTO vector_signs VALUES (?, ?)", [(n, bytes(row)) for n, row in rows.items()])


def erase(db: apsw.Connection, contents: Iterable[int]) -> None:
    """Overwrite the codes of some contents with zeros."""
    size: Any = db.execute(f"SELECT length(signs) / {PER_ROW} FROM vector_signs LIMIT 1").fetchall()
    if size:
        write(db, [(content, bytes(size[0][0])) for content in contents])


def prune(db: apsw.Connection) -> None:
    """Delete rows without a vector."""
    inside = f"id > block * {PER_ROW} AND id <= (block + 1) * {PER_ROW}"
    db.execute(f"DELETE FROM vector_signs WHERE NOT EXISTS (SELECT 1 FROM vector WHERE {inside})")


def nearest(db: apsw.Connection, signs: bytes, most: int) -> list[int]:
    """Return the `most` contents whose codes differ least from `signs`, in no particular order."""
    last: Any = db.execute("SELECT max(id) FROM vector").fetchall()[0][0]
    if last is None:
        return []
    # Whatever comes after the last vector is padding.
    rows = db.execute(
        f"SELECT block, CASE block WHEN ?1 / {PER_ROW} THEN substr(signs, 1, (?1 % {PER_ROW} + 1) * ?2) ELSE signs END "
        f"FROM vector_signs WHERE block <= ?1 / {PER_ROW} ORDER BY block",
        (last - 1, len(signs)),
    )
    global _compared
    if "numpy" in sys.modules or _compared + last >= NUMPY_FROM:
        return _by_numpy(rows, signs, most)
    _compared += last
    return _by_integers(rows, signs, most)


def _by_integers(rows: Iterable[Any], signs: bytes, most: int) -> list[int]:
    size, wanted = len(signs), int.from_bytes(signs, "little")
    number = int.from_bytes
    ids: list[int] = []
    differing: list[int] = []
    for block, row in rows:
        ids += range(block * PER_ROW + 1, block * PER_ROW + 1 + len(row) // size)
        differing += [(number(row[at : at + size], "little") ^ wanted).bit_count() for at in range(0, len(row), size)]
    counts = Counter(differing)
    cut = _cut([counts[bits] for bits in range(8 * size + 1)], most)
    nearer = [id for id, bits in zip(ids, differing, strict=True) if bits < cut]
    return nearer + [id for id, bits in zip(ids, differing, strict=True) if bits == cut][: most - len(nearer)]


def _by_numpy(rows: Iterable[Any], signs: bytes, most: int) -> list[int]:
    import numpy as np

    kind = "<u8" if len(signs) % 8 == 0 else "u1"
    wanted = np.frombuffer(signs, kind)
    found = []
    counts = np.zeros(8 * len(signs) + 1, np.int64)
    for block, row in rows:  # block by block: nothing as large as the index is allocated
        differing = np.bitwise_count(np.frombuffer(row, kind).reshape(-1, len(wanted)) ^ wanted)
        if len(wanted) == 4:  # 256 dimensions: adding neighbours within an integer is a third faster than a sum by rows
            four = differing.view("u4").ravel()
            two = (four & _BYTES) + (four >> 8 & _BYTES)
            bits = ((two + (two >> 16)) & _PAIRS).astype(np.uint16)
        else:
            bits = np.add.reduce(differing, axis=1, dtype=np.uint16)
        found.append((block, bits))
        counts += np.bincount(bits, minlength=len(counts))
    cut = _cut(counts.tolist(), most)
    nearer = [block * PER_ROW + 1 + place for block, bits in found for place in np.flatnonzero(bits < cut).tolist()]
    ties = (block * PER_ROW + 1 + place for block, bits in found for place in np.flatnonzero(bits == cut).tolist())
    return [*nearer, *islice(ties, most - len(nearer))]


def _cut(counts: list[int], most: int) -> int:
    """Return the number of differing bits at which `most` codes are reached; `counts[n]` codes differ in n bits."""
    total = 0
    for bits, some in enumerate(counts):
        total += some
        if total >= most:
            return bits
    return len(counts)
