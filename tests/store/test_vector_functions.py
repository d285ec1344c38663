"""Comparing vectors without sqlite-vec: the same numbers, to the last bit."""

from __future__ import annotations

import random
import sys

import apsw
import pytest

from codesearch.store import vector_functions

SHAPES = (8, 256, 384, 1024)


@pytest.fixture(params=["integers", "numpy"])
def by(request, monkeypatch):
    if request.param == "numpy":
        import numpy  # noqa: F401 -- what decides is whether it has been imported
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)


@pytest.fixture
def ours(monkeypatch):
    monkeypatch.setattr(vector_functions, "_library", lambda: None)
    return database()


def database():
    db = apsw.Connection(":memory:")
    vector_functions.register(db)
    return db


def one(db, sql, *values):
    return db.execute(sql, values).fetchall()[0][0]


def pairs():
    chance = random.Random(5)
    for dims in SHAPES:
        for _ in range(40):
            a = chance.randbytes(dims)
            yield a, chance.randbytes(dims)
            yield a, bytes((x + chance.randrange(3) - 1) % 256 for x in a)
        yield bytes([128] * dims), bytes([127] * dims)
        yield a, a
        yield bytes(dims), a


def test_cosines_and_sign_codes_are_those_of_sqlite_vec(by, monkeypatch):
    if vector_functions._library() is None:
        pytest.skip("sqlite-vec is not installed")
    theirs = database()
    monkeypatch.setattr(vector_functions, "_library", lambda: None)
    ours = database()
    for a, b in pairs():
        for sql, values in (
            ("SELECT vec_distance_cosine(vec_int8(?), vec_int8(?))", (a, b)),
            ("SELECT vec_quantize_binary(vec_int8(?))", (a,)),
        ):
            assert one(ours, sql, *values) == one(theirs, sql, *values)


def test_a_zero_vector_has_no_direction(by, ours):
    sql = "SELECT vec_distance_cosine(vec_int8(?), vec_int8(?))"
    assert one(ours, sql, bytes(8), b"\1" * 8) is None
    assert one(ours, sql, b"\1" * 8, bytes(8)) is None


def test_vectors_of_different_lengths_are_not_compared(by, ours):
    with pytest.raises(ValueError, match="8 and 16"):
        one(ours, "SELECT vec_distance_cosine(vec_int8(?), vec_int8(?))", bytes(8), bytes(16))


def test_what_is_missing_is_said(ours):
    assert "sqlite-vec is not installed" in vector_functions.missing()
