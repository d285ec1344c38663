"""Vectors in four bits a dimension: the static ones, and those of the bundled transformer.

Each element becomes the nearest of 15 levels, which lie where the elements of unit vectors are dense. Half the bytes of
int8, and a cosine with the vector itself of .993. Packing and unpacking are translations of bytes, which take a
microsecond per vector without numpy. `levelled` vectors have only elements of these levels, so packing them loses
nothing.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import apsw

UNPACKED = "unpacked"
"""SQL function: the int8 vector of a packed one."""
PACKED = "packed"
"""SQL function: `pack`."""

_LEVELS = (0.0, 0.27, 0.57, 0.88, 1.22, 1.62, 2.12, 2.9)
"""Levels of an element's size, in units of the deviation of the elements of a unit vector."""
_ZERO = 7
"""Code of the level zero; the codes from 0 to 14 are the levels from the lowest to the highest."""


class _Tables(NamedTuple):
    """Translations between int8 elements, as bytes, and their codes in one half of a byte."""

    to_high: bytes
    to_low: bytes
    from_high: bytes
    from_low: bytes


def pack(vector: bytes) -> bytes:
    """Return an int8 vector of even length in half its bytes: codes of the first half, then of the second, in each."""
    half = len(vector) // 2
    if len(vector) != 2 * half:
        raise ValueError(f"a vector of {len(vector)} dimensions: an even number is needed")
    tables = _TABLES[half]
    high = int.from_bytes(vector[:half].translate(tables.to_high), "little")
    low = int.from_bytes(vector[half:].translate(tables.to_low), "little")
    return (high | low).to_bytes(half, "little")


def unpack(packed: bytes) -> bytes:
    """Return the int8 vector of a packed one."""
    _, _, high, low = _TABLES[len(packed)]
    return packed.translate(high) + packed.translate(low)


def levelled(vector: bytes) -> bytes:
    """Return an int8 vector of even length as it is after packing and unpacking."""
    return unpack(pack(vector))


def stored(vector: bytes) -> bytes:
    """Return an int8 vector as it is stored: packed if that loses nothing, otherwise unchanged."""
    if len(vector) % 2 == 0 and unpack(packed := pack(vector)) == vector:
        return packed
    return vector


def read(found: bytes, dims: int) -> bytes:
    """Return the int8 vector of `dims` dimensions from its stored form; the inverse of `stored`."""
    return unpack(found) if 2 * len(found) == dims else found


def register(db: apsw.Connection) -> None:
    """Register the SQL functions UNPACKED and PACKED."""
    unpacked: Any = unpack  # apsw's types know only functions of every value of SQL
    packed: Any = pack
    db.create_scalar_function(UNPACKED, unpacked, 1, deterministic=True)
    db.create_scalar_function(PACKED, packed, 1, deterministic=True)


class _TablesByLength(dict[int, _Tables]):
    """The tables of vectors by the length of packed ones; a query asks a thousand times."""

    def __missing__(self, length: int) -> _Tables:
        sizes = [min(127, round(level * 127 / sqrt(2 * length))) if length else 0 for level in _LEVELS]
        levels = [*(-size for size in reversed(sizes[1:])), *sizes, 0]  # the last code is never written
        codes = [_nearest(levels, byte - 256 if byte > 127 else byte) for byte in range(256)]
        self[length] = _Tables(
            bytes(code << 4 for code in codes),
            bytes(codes),
            bytes(levels[byte >> 4] & 255 for byte in range(256)),
            bytes(levels[byte & 15] & 255 for byte in range(256)),
        )
        return self[length]


_TABLES = _TablesByLength()


def _nearest(levels: list[int], value: int) -> int:
    return min(range(15), key=lambda code: (abs(levels[code] - value), abs(code - _ZERO)))
