"""Nearest neighbours by sign codes: both ways of counting bits, growth, and deleted vectors."""

import random
import sys
from hashlib import blake2b

import pytest

from codesearch.store import Store, sign_codes, vector_codes
from tests.store.test_store import item, record

DIMS = 64


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", DIMS)
        yield opened


def vectors(count, seed=1):
    chance = random.Random(seed)
    some = [bytes(chance.choice((100, 156)) for _ in range(DIMS)) for _ in range(count)]
    return [vector_codes.unpack(vector_codes.pack(vector)) for vector in some]


def put(store, path, some):
    store.replace(
        [
            record(
                path,
                *(
                    item(f"f{n}", "body", v, path=path, digest=blake2b(v, digest_size=16).digest())
                    for n, v in enumerate(some)
                ),
            )
        ]
    )


def differing(one, other):
    return sum(a != b for a, b in zip(one, other, strict=True))


def found(store, wanted, most):
    rows = store.connection.rows("SELECT id, embedding FROM vector")
    known = {id: vector_codes.unpack(vector) for id, vector in rows}
    return [
        known[id]
        for id in sign_codes.nearest(store.connection.raw, sign_codes.Wanted.of(store.connection.raw, wanted), most)
        if id in known
    ]


@pytest.fixture(params=["integers", "numpy"])
def counting(request, monkeypatch):
    if request.param == "numpy":
        import numpy  # noqa: F401 -- what decides is whether it has been imported
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
        monkeypatch.setattr(sign_codes, "_compared", 0)
    return request.param


@pytest.mark.parametrize("count", [1, 5, 1023, 1024, 1025, 3000])
def test_the_nearest_are_found(store, counting, count):
    some = vectors(count)
    put(store, "a.py", some)
    wanted = vectors(1, seed=2)[0]
    best = sorted(differing(one, wanted) for one in some)
    for most in (1, 10, 2000):
        assert sorted(differing(one, wanted) for one in found(store, wanted, most)) == best[:most]


def test_what_is_gone_is_no_longer_near_and_what_comes_is(store, counting):
    first, second = vectors(1500), vectors(1500, seed=3)
    put(store, "a.py", first)
    put(store, "b.py", second[:700])
    store.remove(["a.py"])
    put(store, "b.py", second)
    assert found(store, first[0], 1)[0] in second
    assert found(store, second[-1], 1) == [second[-1]]
    store.remove(["b.py"])
    store.prune()
    assert found(store, second[0], 10) == []
    assert store.connection.rows("SELECT count(*) FROM vector_signs") == [(0,)]


def test_vectors_all_alike_do_not_come_all_at_once(store, counting):
    store.replace(
        [
            record(
                "a.py",
                *(item(f"f{n}", "body", bytes([100] * DIMS), digest=n.to_bytes(16, "big")) for n in range(2500)),
            )
        ]
    )
    assert len(found(store, bytes([100] * DIMS), 40)) == 40


@pytest.mark.parametrize("size", [8, 16, 32, 48, 33])
def test_both_ways_of_counting_find_the_same(size):
    chance = random.Random(size)
    rows = [(block, chance.randbytes(sign_codes.PER_ROW * size)) for block in (0, 2)]
    rows.append((3, bytes(size) + b"\xff" * size))
    for signs in (chance.randbytes(size), bytes(size), b"\xff" * size):
        wanted = sign_codes.Wanted(signs, tuple(chance.randbytes(size) for _ in range(3)))
        for most in (1, 100, 500, 5000):
            given = rows, wanted, most, sign_codes.BY_DISTANCE * most
            assert sign_codes._by_numpy(*given) == sign_codes._by_integers(*given)


def test_a_sign_counts_as_much_as_the_element_of_the_query_is_large(store, counting):
    """Of the codes that differ in about as many signs, those come that differ where the query's elements are small."""
    some = list(dict.fromkeys(vectors(400)))
    put(store, "a.py", some)
    wanted = bytes(100 if at < 8 else 10 for at in range(DIMS))
    large = {vector: sum(element > 127 for element in vector[:8]) for vector in some}
    taken = found(store, wanted, 100)
    assert len(taken) == 100
    left = [large[vector] for vector in some if vector not in taken]
    assert sum(large[vector] for vector in taken) / 100 + 1 < sum(left) / len(left)


def test_of_very_many_codes_more_are_taken_by_distance(store, counting, monkeypatch):
    """Those that come near the query by the sizes of its elements are often farther by the number of signs."""
    some = list(dict.fromkeys(vectors(900)))
    put(store, "a.py", some)
    wanted = bytes(100 if at < 8 else 10 for at in range(DIMS))
    large = {vector: sum(element > 127 for element in vector[:8]) for vector in some}
    before = sum(large[vector] for vector in found(store, wanted, 40))
    monkeypatch.setattr(sign_codes, "VERY_MANY", 800)
    assert sum(large[vector] for vector in found(store, wanted, 40)) < before


def test_the_sizes_of_the_elements_are_kept_in_three_bits(store):
    signs, planes = sign_codes.Wanted.of(store.connection.raw, bytes([0, 10, 246, 20, 60, 196, 127, 1]))
    assert signs == bytes([0b11011010])
    sizes = [sum((plane[0] >> at & 1) << bit for bit, plane in enumerate(planes)) for at in range(8)]
    assert sizes == [0, 0, 0, 1, 3, 3, 6, 0]


def test_a_process_that_has_compared_many_codes_imports_numpy(store, monkeypatch):
    used = []

    def noted(name):
        def count(*_):
            used.append(name)
            return []

        return count

    for name in ("_by_integers", "_by_numpy"):
        monkeypatch.setattr(sign_codes, name, noted(name))
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    monkeypatch.setattr(sign_codes, "_compared", 0)
    monkeypatch.setattr(sign_codes, "NUMPY_FROM", 25)
    put(store, "a.py", vectors(10))
    for _ in range(4):
        found(store, vectors(1)[0], 3)
    assert used == ["_by_integers", "_by_integers", "_by_numpy", "_by_numpy"]


def test_the_codes_that_a_process_keeps_find_the_same(store):
    import numpy  # noqa: F401 -- what decides is whether it has been imported

    db = store.connection.raw
    put(store, "a.py", vectors(1500))
    put(store, "b.py", vectors(3000, seed=3))
    codes = sign_codes.Codes()
    changes = (
        lambda: None,
        lambda: store.remove(["a.py"]),
        store.prune,
        lambda: put(store, "c.py", vectors(40, 5)),
    )
    for change in changes:
        change()
        for seed in (2, 4, 6):
            wanted = sign_codes.Wanted.of(db, vectors(1, seed)[0])
            for most in (1, 100, 700, 2000):
                assert codes.nearest(db, store.version(), wanted, most) == sign_codes.nearest(db, wanted, most)
        assert codes._kept is not None


def test_an_index_with_documents_only_has_no_codes_to_keep(store):
    import numpy  # noqa: F401 -- what decides is whether it has been imported

    section = item("usage", "body", vectors(1)[0], kind="section", path="a.md")
    store.replace([record("a.md", section, language="markdown")])
    wanted = sign_codes.Wanted.of(store.connection.raw, vectors(1)[0])
    for _ in range(3):
        assert store._codes.nearest(store.connection.raw, store.version(), wanted, 3) == []


def test_codes_are_not_kept_for_one_question_nor_if_they_are_too_large(store, monkeypatch):
    db = store.connection.raw
    put(store, "a.py", vectors(10))
    codes = sign_codes.Codes()
    wanted = sign_codes.Wanted.of(db, vectors(1)[0])
    codes.nearest(db, store.version(), wanted, 3)
    assert codes._kept is None
    monkeypatch.setattr(sign_codes, "MOST_KEPT_BYTES", 10)
    codes.nearest(db, store.version(), wanted, 3)
    assert codes._kept is None


def test_readers_of_the_same_index_share_what_they_keep(tmp_path):
    import numpy  # noqa: F401 -- what decides is whether it has been imported

    def asked(reader):
        for seed in (1, 2):
            reader.vector_candidates(vectors(1, seed)[0], 3)
        return reader._codes._kept

    paths = [tmp_path / "one.db", tmp_path / "other.db"]
    with Store(paths[0], writable=True) as one, Store(paths[1], writable=True) as other:
        for written in (one, other):
            written.use_model("test@1", DIMS)
            put(written, "a.py", vectors(10))
        assert one.version() != other.version()
        with Store(paths[0]) as first, Store(paths[0]) as second, Store(paths[1]) as third:
            kept = asked(first)
            assert kept is not None and asked(second) is kept
            assert asked(third) is not None and asked(third) is not kept
            put(one, "b.py", vectors(20, 7))
            assert asked(first) is not kept and asked(second) is asked(first)
            assert len(asked(first).contents) > len(kept.contents)
