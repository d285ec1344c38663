"""Static vectors in half a byte per dimension: what packing keeps, and that the store compares the same vectors."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from codesearch.store import Store, vector_codes
from tests.store.test_store import item, record


def unit(dims: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    values = [chance.gauss(0, 1) for _ in range(dims)]
    length = math.hypot(*values)
    return [value / length for value in values]


def int8(values: list[float]) -> bytes:
    return bytes(round(127 * value) % 256 for value in values)


def cosine(one: bytes, other: bytes) -> float:
    a, b = ([value - 256 if value > 127 else value for value in vector] for vector in (one, other))
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


@pytest.mark.parametrize("dims", [64, 128, 256, 768])
def test_a_packed_vector_has_half_the_bytes_and_almost_the_direction(dims: int):
    for seed in range(20):
        vector = int8(unit(dims, seed))
        packed = vector_codes.pack(vector)
        assert len(packed) == dims // 2
        assert cosine(vector_codes.unpack(packed), vector) > 0.98


def test_packing_what_was_unpacked_changes_nothing():
    for seed in range(20):
        packed = vector_codes.pack(int8(unit(256, seed)))
        assert vector_codes.pack(vector_codes.unpack(packed)) == packed


def test_a_vector_without_direction_has_none_after_packing():
    assert vector_codes.unpack(vector_codes.pack(bytes(256))) == bytes(256)


@pytest.mark.parametrize("element", [-128, -127, -1, 1, 127])
def test_the_sign_of_an_element_is_kept_or_lost_never_turned(element: int):
    vector = bytes([element % 256]) + bytes(15)
    found = vector_codes.unpack(vector_codes.pack(vector))
    kept = found[0] - 256 if found[0] > 127 else found[0]
    assert kept * element >= 0 and found[1:] == bytes(15)


def test_half_the_bytes_are_stored_where_that_loses_nothing():
    for seed in range(20):
        vector = int8(unit(384, seed))
        levelled = vector_codes.levelled(vector)
        assert vector_codes.stored(levelled) == vector_codes.pack(vector)
        assert vector_codes.read(vector_codes.stored(levelled), 384) == levelled
        assert vector_codes.stored(vector) == vector
        assert vector_codes.read(vector, 384) == vector
    assert vector_codes.stored(b"abc") == b"abc"


def test_an_odd_number_of_dimensions_is_refused():
    with pytest.raises(ValueError, match="3 dimensions"):
        vector_codes.pack(b"abc")


def test_the_store_returns_the_vector_that_it_compares(tmp_path: Path):
    vector = int8(unit(64, 1))
    with Store(tmp_path / "index.db", writable=True) as store:
        store.use_model("test@1", 64)
        store.replace([record("a.py", item("f", "body", vector))])
        ((size,),) = store.connection.rows("SELECT length(embedding) FROM vector")
        ((id, similarity),) = store.vector_candidates(vector, 1)
        kept = store.vector_of(id)
        assert size == 32 and kept is not None
        assert similarity == pytest.approx(cosine(kept, vector), abs=1e-6)
        assert store.similarities(vector, [id]) == {id: pytest.approx(similarity)}
