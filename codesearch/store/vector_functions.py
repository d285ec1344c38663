"""The functions of sqlite-vec that the store uses, and the same in Python for machines where it has no wheel.

Both compute in float32 what the bytes of int8 vectors determine: their scores are equal to the last bit.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from math import sqrt
from operator import mul
from pathlib import Path
from struct import Struct

import apsw

_LIBRARY = {"darwin": "vec0.dylib", "win32": "vec0.dll"}.get(sys.platform, "vec0.so")
_FLOAT = Struct("=f")


def register(db: apsw.Connection) -> None:
    """Define `vec_int8`, `vec_quantize_binary` and `vec_distance_cosine`: by sqlite-vec, or in Python without it."""
    library = _library()
    if library is not None:
        db.enable_load_extension(True)
        db.load_extension(str(library))
        db.enable_load_extension(False)
        return
    functions: dict[str, tuple[Callable[..., float | bytes | None], int]] = {
        "vec_int8": (bytes, 1),
        "vec_quantize_binary": (_signs, 1),
        "vec_distance_cosine": (_distance, 2),
    }
    for name, (function, arguments) in functions.items():
        db.create_scalar_function(name, function, arguments, deterministic=True)


def missing() -> str:
    """Return what it costs that sqlite-vec is not installed; "" if it is."""
    if _library() is not None:
        return ""
    return "sqlite-vec is not installed: vectors are compared in Python, which takes about 50 ms per query"


def _library() -> Path | None:
    # Loaded by path: importing sqlite_vec would import numpy, which costs every command 100 ms.
    spec = find_spec("sqlite_vec")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / _LIBRARY


def _signs(vector: bytes) -> bytes:
    """Return one bit per element, set if it is above zero; the first element is the lowest bit."""
    bits = sum(1 << at for at, element in enumerate(vector) if 0 < element < 128)
    return bits.to_bytes(len(vector) // 8, "little")


def _distance(one: bytes, other: bytes) -> float | None:
    """Return 1 - cosine; None for a zero vector. Raises ValueError if their lengths differ."""
    if len(one) != len(other):
        raise ValueError(f"vectors of {len(one)} and {len(other)} elements cannot be compared")
    elements, length = _query(other)
    if "numpy" in sys.modules:
        import numpy as np

        # Sums of products of int8 are integers, exact in float32 up to 1040 elements.
        row = np.frombuffer(one, np.int8).astype(np.float32)
        product, squared = float(row @ np.frombuffer(other, np.int8).astype(np.float32)), float(row @ row)
    else:
        numbers = array("b", one)
        product, squared = float(sum(map(mul, numbers, elements))), float(sum(map(mul, numbers, numbers)))
    size = sqrt(squared) * sqrt(length)
    return _FLOAT.unpack(_FLOAT.pack(1 - product / size))[0] if size else None


@lru_cache(4)
def _query(vector: bytes) -> tuple[tuple[int, ...], float]:
    """Return the elements and the squared length of the vector that many others are compared with."""
    elements = tuple(array("b", vector))
    return elements, float(sum(map(mul, elements, elements)))
