"""Sign codes (binary quantisation) of all vectors, a thousand per row: Hamming distance finds the nearest.

Contents count from 1: row 0 holds the codes of the first PER_ROW contents, in order. Missing vectors are stored as
zeros. They can match by chance, so callers must discard contents that have no vector.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PER_ROW = 1024
"""Codes per row. A change of one vector rewrites its row: 32 KB at 256 dimensions."""

MOST_KEPT_BYTES = 64 << 20
"""What the codes that a process keeps take at most: those of two million vectors of 256 dimensions."""
AT_ONCE = 4096
"""Codes compared at once: what that takes fits the cache of a core."""
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


class Codes:
    """The codes of one version of an index, kept by a process that compares them again and again."""

    def __init__(self) -> None:
        self._state: tuple[int, Any] = (-1, None)
        self._asked = 0
        self._kept: tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]] | None = None
        """The codes, and the contents that they are of."""

    def nearest(self, db: apsw.Connection, version: int, signs: bytes, most: int) -> list[int]:
        """Return the same as `nearest`."""
        # Rows without a vector are deleted without a new version.
        state = version, db.execute("SELECT count(*) FROM vector_signs").fetchall()
        if state != self._state:
            self._state, self._asked, self._kept = state, 0, None
        self._asked += 1
        if self._kept is None and self._asked > 1 and "numpy" in sys.modules and len(signs) % 8 == 0:
            self._kept = _read(db, len(signs))
        return nearest(db, signs, most) if self._kept is None else _nearest_of(*self._kept, signs, most)


def _read(db: apsw.Connection, size: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]] | None:
    """Return all codes, and their contents; None if they take more memory than a process should keep."""
    import numpy as np

    last: Any = db.execute("SELECT max(id) FROM vector").fetchall()[0][0]
    if last is None or last * size > MOST_KEPT_BYTES:
        return None
    codes = np.empty((last, size // 8), "<u8")
    contents = np.empty(last, np.int32)
    filled = 0
    for block, row in _blocks(db, last, size):  # straight into its place: a copy of all would take as much again
        some = np.frombuffer(row, "<u8").reshape(-1, size // 8)
        codes[filled : filled + len(some)] = some
        contents[filled : filled + len(some)] = np.arange(block * PER_ROW + 1, block * PER_ROW + 1 + len(some))
        filled += len(some)
    return (codes[:filled], contents[:filled]) if filled else None


def _nearest_of(codes: npt.NDArray[np.uint64], contents: npt.NDArray[np.int32], signs: bytes, most: int) -> list[int]:
    import numpy as np

    wanted = np.frombuffer(signs, "<u8")
    bits = np.concatenate([_differing(codes[at : at + AT_ONCE], wanted) for at in range(0, len(codes), AT_ONCE)])
    cut = _cut(np.bincount(bits, minlength=8 * len(signs) + 1).tolist(), most)
    nearer = contents[np.flatnonzero(bits < cut)].tolist()
    return [*nearer, *contents[np.flatnonzero(bits == cut)[: most - len(nearer)]].tolist()]


def nearest(db: apsw.Connection, signs: bytes, most: int) -> list[int]:
    """Return the `most` contents whose codes differ least from `signs`, in no particular order."""
    last: Any = db.execute("SELECT max(id) FROM vector").fetchall()[0][0]
    if last is None:
        return []
    rows = _blocks(db, last, len(signs))
    global _compared
    if "numpy" in sys.modules or _compared + last >= NUMPY_FROM:
        return _by_numpy(rows, signs, most)
    _compared += last
    return _by_integers(rows, signs, most)


def _blocks(db: apsw.Connection, last: int, size: int) -> Iterable[Any]:
    """Return the rows with their numbers. Whatever comes after the last vector is padding, which is cut off."""
    return db.execute(
        f"SELECT block, CASE block WHEN ?1 / {PER_ROW} THEN substr(signs, 1, (?1 % {PER_ROW} + 1) * ?2) ELSE signs END "
        f"FROM vector_signs WHERE block <= ?1 / {PER_ROW} ORDER BY block",
        (last - 1, size),
    )


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
        bits = _differing(np.frombuffer(row, kind).reshape(-1, len(wanted)), wanted)
        found.append((block, bits))
        counts += np.bincount(bits, minlength=len(counts))
    cut = _cut(counts.tolist(), most)
    nearer = [block * PER_ROW + 1 + place for block, bits in found for place in np.flatnonzero(bits < cut).tolist()]
    ties = (block * PER_ROW + 1 + place for block, bits in found for place in np.flatnonzero(bits == cut).tolist())
    return [*nearer, *islice(ties, most - len(nearer))]


def _differing(codes: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Return in how many bits each code differs."""
    import numpy as np

    differing = np.bitwise_count(codes ^ wanted)
    if len(wanted) == 4:  # 256 dimensions: adding neighbours within an integer is a third faster than a sum by rows
        four = differing.view("u4").ravel()
        two = (four & _BYTES) + (four >> 8 & _BYTES)
        bits: npt.NDArray[np.uint16] = ((two + (two >> 16)) & _PAIRS).astype(np.uint16)
    else:
        bits = np.add.reduce(differing, axis=1, dtype=np.uint16)
    return bits


def _cut(counts: list[int], most: int) -> int:
    """Return the number of differing bits at which `most` codes are reached; `counts[n]` codes differ in n bits."""
    total = 0
    for bits, some in enumerate(counts):
        total += some
        if total >= most:
            return bits
    return len(counts)
