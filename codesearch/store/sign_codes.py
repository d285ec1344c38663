"""Sign codes (binary quantisation) of all vectors, a thousand per row: they find the nearest.

Hamming distance finds a few thousand. Of these, those are taken whose differing signs weigh least: a sign counts as
much as the query's element is large.

Contents count from 1: row 0 holds the codes of the first PER_ROW contents, in order. Missing vectors are stored as
zeros. They can match by chance, so callers must discard contents that have no vector.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakValueDictionary

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
BY_DISTANCE = 4
"""Codes taken by Hamming distance for each one that is wanted. With 108,000 functions, 750 contain 96 % of the nearest
hundred and 99.7 % of the nearest ten; by Hamming distance alone, a thousand contain 91 and 98 %."""
VERY_MANY = 400_000
"""Number of codes from which twice as many are taken by Hamming distance (docs/benchmarks.md)."""
_PLANES = 3
_STEP = 0.4
"""The size of an element of the query is a number of _PLANES bits, in steps of _STEP deviations of its elements."""

_compared = 0
"""Codes that this process has compared as integers."""
_BYTES, _PAIRS = 0x00FF00FF, 0xFFFF


class Wanted(NamedTuple):
    """The vector of a query, as it is compared with codes."""

    signs: bytes
    planes: tuple[bytes, ...]
    """The sizes of its elements: bit n of each element in planes[n], laid out as the signs are."""

    @classmethod
    def of(cls, db: apsw.Connection, vector: bytes) -> Wanted:
        """Return what an int8 vector is compared by."""
        elements = [byte - 256 if byte > 127 else byte for byte in vector]
        step = _STEP * sqrt(sum(element * element for element in elements) / len(elements)) or 1.0
        sizes = [min((1 << _PLANES) - 1, round(abs(element) / step)) for element in elements]
        signs = of(db, vector)
        planes = [sum((size >> bit & 1) << at for at, size in enumerate(sizes)) for bit in range(_PLANES)]
        return cls(signs, tuple(plane.to_bytes(len(signs), "little") for plane in planes))


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


@dataclass(frozen=True, eq=False)
class _Kept:
    """The codes of an index, and the contents that they are of."""

    codes: npt.NDArray[np.uint64]
    contents: npt.NDArray[np.int32]


_kept: WeakValueDictionary[tuple[Any, ...], _Kept] = WeakValueDictionary()
"""What the readers of this process keep, by file and state: those of the same index share it."""


class Codes:
    """The codes of one version of an index, kept by a process that compares them again and again."""

    def __init__(self) -> None:
        self._state: tuple[int, Any] = (-1, None)
        self._asked = 0
        self._kept: _Kept | None = None

    def nearest(self, db: apsw.Connection, version: int, wanted: Wanted, most: int) -> list[int]:
        """Return the same as `nearest`."""
        # Rows without a vector are deleted without a new version.
        state = version, db.execute("SELECT count(*) FROM vector_signs").fetchall()
        if state != self._state:
            self._state, self._asked, self._kept = state, 0, None
        self._asked += 1
        if self._kept is None and self._asked > 1 and "numpy" in sys.modules and len(wanted.signs) % 8 == 0:
            self._kept = _shared(db, state, len(wanted.signs))
        return nearest(db, wanted, most) if self._kept is None else _nearest_of(self._kept, wanted, most)


def _shared(db: apsw.Connection, state: tuple[Any, ...], size: int) -> _Kept | None:
    """Return what another reader of the same file has read in the same state, or read it."""
    try:
        file = Path(db.filename).stat() if db.filename else None
    except OSError:  # it was just deleted
        file = None
    if file is None:
        return _read(db, size)
    key = file.st_dev, file.st_ino, str(state)
    if (found := _kept.get(key)) is None and (found := _read(db, size)) is not None:
        _kept[key] = found
    return found


def _read(db: apsw.Connection, size: int) -> _Kept | None:
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
    return _Kept(codes[:filled], contents[:filled]) if filled else None


def _nearest_of(kept: _Kept, wanted: Wanted, most: int) -> list[int]:
    import numpy as np

    codes, contents = kept.codes, kept.contents
    signs = np.frombuffer(wanted.signs, "<u8")
    bits = np.concatenate([_differing(codes[at : at + AT_ONCE], signs) for at in range(0, len(codes), AT_ONCE)])
    counts = np.bincount(bits, minlength=8 * len(wanted.signs) + 1)
    places = _first(bits, counts, _by_distance(len(codes)) * most)
    found: list[int] = contents[places[_lightest(codes[places], wanted, most)]].tolist()
    return found


def nearest(db: apsw.Connection, wanted: Wanted, most: int) -> list[int]:
    """Return the `most` contents whose codes differ least from a query's, in ascending order."""
    last: Any = db.execute("SELECT max(id) FROM vector").fetchall()[0][0]
    if last is None:
        return []
    rows = _blocks(db, last, len(wanted.signs))
    global _compared
    if "numpy" in sys.modules or _compared + last >= NUMPY_FROM:
        return _by_numpy(rows, wanted, most, _by_distance(last) * most)
    _compared += last
    return _by_integers(rows, wanted, most, _by_distance(last) * most)


def _by_distance(codes: int) -> int:
    return BY_DISTANCE * (2 if codes > VERY_MANY else 1)


def _blocks(db: apsw.Connection, last: int, size: int) -> Iterable[Any]:
    """Return the rows with their numbers. Whatever comes after the last vector is padding, which is cut off."""
    return db.execute(
        f"SELECT block, CASE block WHEN ?1 / {PER_ROW} THEN substr(signs, 1, (?1 % {PER_ROW} + 1) * ?2) ELSE signs END "
        f"FROM vector_signs WHERE block <= ?1 / {PER_ROW} ORDER BY block",
        (last - 1, size),
    )


def _by_integers(rows: Iterable[Any], wanted: Wanted, most: int, by_distance: int) -> list[int]:
    near = _near_by_integers(rows, wanted.signs, by_distance)
    if len(near) > most:
        planes = [int.from_bytes(plane, "little") for plane in wanted.planes]
        weights = [sum([(code & plane).bit_count() << bit for bit, plane in enumerate(planes)]) for _, _, code in near]
        near = [near[at] for at in sorted(sorted(range(len(near)), key=weights.__getitem__)[:most])]
    return [id for _, id, _ in near]


def _near_by_integers(rows: Iterable[Any], signs: bytes, most: int) -> list[tuple[int, int, int]]:
    """Return (number of differing bits, content, these bits) of the nearest codes by Hamming distance."""
    size, wanted = len(signs), int.from_bytes(signs, "little")
    number = int.from_bytes
    counts: Counter[int] = Counter()
    limit = 8 * size
    near: list[tuple[int, int, int]] = []
    for block, row in rows:
        codes = [number(row[at : at + size], "little") ^ wanted for at in range(0, len(row), size)]
        bits = [code.bit_count() for code in codes]
        counts.update(bits)
        ids = range(block * PER_ROW + 1, block * PER_ROW + 1 + len(codes))
        near += [one for one in zip(bits, ids, codes, strict=True) if one[0] <= limit]
        if len(near) > 2 * most:
            limit, _ = _cut(counts, most)
            near = [one for one in near if one[0] <= limit]
    limit, ties = _cut(counts, most)
    tied = {id for _, id, _ in islice((one for one in near if one[0] == limit), ties)}
    return [one for one in near if one[0] < limit or one[1] in tied]


def _by_numpy(rows: Iterable[Any], wanted: Wanted, most: int, by_distance: int) -> list[int]:
    import numpy as np

    kind = "<u8" if len(wanted.signs) % 8 == 0 else "u1"
    signs = np.frombuffer(wanted.signs, kind)
    counts = np.zeros(8 * len(wanted.signs) + 1, np.int64)
    limit = len(counts)
    found = []
    for block, row in rows:  # block by block: nothing as large as the index is allocated
        codes = np.frombuffer(row, kind).reshape(-1, len(signs))
        bits = _differing(codes, signs)
        counts += np.bincount(bits, minlength=len(counts))
        limit = int(np.searchsorted(np.cumsum(counts), by_distance))
        places = np.flatnonzero(bits <= limit)
        found.append((block * PER_ROW + 1 + places, bits[places], codes[places]))
    if not found:
        return []
    ids, bits, codes = (np.concatenate(part) for part in zip(*found, strict=True))
    places = _first(bits, counts, by_distance)
    some: list[int] = ids[places[_lightest(codes[places], wanted, most)]].tolist()
    return some


def _first(bits: npt.NDArray[Any], counts: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Return the places of the `most` codes that differ in the fewest bits, the first of equal ones."""
    import numpy as np

    cut, ties = _cut(dict(enumerate(counts.tolist())), most)
    places = np.flatnonzero(bits <= cut)
    kept = bits[places] < cut
    kept[np.flatnonzero(~kept)[:ties]] = True
    return places[kept]


def _lightest(codes: npt.NDArray[Any], wanted: Wanted, most: int) -> npt.NDArray[np.int64]:
    """Return the places of the codes whose differing signs weigh least, in ascending order."""
    import numpy as np

    if len(codes) <= most:
        return np.arange(len(codes))
    differing = codes ^ np.frombuffer(wanted.signs, codes.dtype)
    weights = np.zeros(len(codes), np.int32)
    for bit, plane in enumerate(wanted.planes):
        counts = np.bitwise_count(differing & np.frombuffer(plane, codes.dtype))
        weights += np.add.reduce(counts, axis=1, dtype=np.int32) << bit
    return np.sort(np.argsort(weights, kind="stable")[:most])


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


def _cut(counts: Mapping[int, int], most: int) -> tuple[int, int]:
    """Return the number of differing bits at which `most` codes are reached, and how many codes are taken of those.

    `counts[n]` codes differ in n bits.
    """
    total = 0
    for bits, some in sorted(counts.items()):
        total += some
        if total >= most:
            return bits, most - (total - some)
    return max(counts, default=0) + 1, 0
