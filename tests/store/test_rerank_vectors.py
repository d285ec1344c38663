"""The reranker's vectors in the index: when they are added, kept and dropped."""

from contextlib import closing

import apsw
import pytest

from codesearch.store import NeedsMigrationError, Store, schema, vector_codes
from codesearch.store import store as module
from codesearch.store.rerank_vectors import MOST_QUERIES
from tests.store.test_store import item, record, vector
from tests.store.test_vector_codes import int8, unit

MODEL = "big@1"


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        yield opened


def digest(name):
    return name.encode().ljust(16)


def one(name, path="a.py", **more):
    return item(name, "body", vector(1), path=path, digest=digest(name), **more)


def add(store, *names, model=MODEL, dims=4):
    store.model_vectors(model).add(dims, {digest(name): bytes([len(name)] * dims) for name in names}, {})


def covered(store, model=MODEL):
    return store.model_vectors(model).coverage()


def old_index(path, version):
    """Create an index of an older version, with a file and, if that version has a table for it, a model's vector."""
    with closing(apsw.Connection(str(path))) as db:
        vector_codes.register(db)
        for number in range(version):
            db.execute(schema.MIGRATIONS[number])
        db.pragma("user_version", version)
        db.execute("INSERT INTO meta VALUES ('model', 'test@1'), ('rules', 'r')")
        db.execute("INSERT INTO file VALUES (1, 'a.py', 'python', NULL, '', 9, 10, 1, 1, 1, 2, x'00', '')")
        db.execute("INSERT INTO content VALUES (1, ?), (2, ?)", (digest("old"), digest("older")))
        db.execute("INSERT INTO vector VALUES (1, x'0102030405060708')")
        db.execute("INSERT INTO vector_signs VALUES (1, x'00')")
        db.execute("INSERT INTO symbol VALUES (1, 1, 1, 'function', 'old', 'old', 'old', 'def old()', '', 1, 3, 0, 9)")
        if version > 1:
            db.execute("INSERT INTO model VALUES (1, ?, 4)", (MODEL,))
            db.execute("INSERT INTO model_vector VALUES (1, 1, x'03030303')")


@pytest.mark.parametrize("version", range(1, 9))
def test_an_older_index_is_read_again_and_keeps_the_vectors_of_models(tmp_path, version):
    path = tmp_path / "index.db"
    old_index(path, version)
    with pytest.raises(NeedsMigrationError):
        Store(path)
    with Store(path, writable=True) as store:
        assert list(store.listing()) == []
        assert store.meta() == {}, "so all of it is made again"
        store.replace([record("a.py", one("old"), one("new"))])
        found = {wanted.content: wanted.vector for wanted in store.model_vectors(MODEL).of_symbols([1, 2])}
        assert found == {digest("old"): bytes([3] * 4) if version > 1 else None, digest("new"): None}
    with closing(apsw.Connection(str(path))) as db:
        assert db.pragma("user_version") == schema.VERSION
        assert [row[0] for row in db.execute("SELECT hash FROM content ORDER BY id")].count(digest("older")) == 0


def test_the_vectors_of_the_transformer_take_half_the_bytes_after_migration(tmp_path):
    path = tmp_path / "index.db"
    whole, other = int8(unit(384, 1)), int8(unit(384, 2))
    old_index(path, 7)
    with closing(apsw.Connection(str(path))) as db:
        db.execute("INSERT INTO model VALUES (2, 'transformer@1', 384), (3, 'theirs@1', 384)")
        db.execute("INSERT INTO model_vector VALUES (1, 2, ?), (1, 3, ?)", (whole, other))
    with Store(path, writable=True) as store:
        sizes = dict(store.connection.rows("SELECT model, length(embedding) FROM model_vector"))
        assert sizes == {1: 4, 2: 192, 3: 384}
        known = {name: store.model_vectors(name).of_contents([digest("old")]) for name in ("transformer@1", "theirs@1")}
        assert known == {
            "transformer@1": {digest("old"): vector_codes.levelled(whole)},
            "theirs@1": {digest("old"): other},
        }


def test_vectors_that_are_packed_come_as_they_were(store):
    store.replace([record("a.py", one("alpha"), one("beta"))])
    vectors = {digest("alpha"): vector_codes.levelled(int8(unit(64, 1))), digest("beta"): int8(unit(64, 2))}
    store.model_vectors(MODEL).add(64, vectors, {})
    assert store.model_vectors(MODEL).of_contents(vectors) == vectors
    assert {one.content: one.vector for one in store.model_vectors(MODEL).of_symbols([1, 2])} == vectors
    assert sorted(store.connection.rows("SELECT length(embedding) FROM model_vector")) == [(32,), (64,)]


def test_vectors_hang_on_texts_and_come_by_symbol(store):
    store.replace([record("a.py", one("alpha"), one("beta")), record("b.py", one("alpha", "b.py"))])
    add(store, "alpha", "unknown to the index")
    found = {wanted.content: wanted.vector for wanted in store.model_vectors(MODEL).of_symbols([1, 2])}
    assert found == {digest("alpha"): bytes([5] * 4), digest("beta"): None}
    assert covered(store) == (2, 3)
    assert covered(store, "another@1") == (0, 3)
    assert store.model_vectors(MODEL).of_contents([digest("alpha"), digest("beta")]) == {
        digest("alpha"): bytes([5] * 4)
    }


def test_pending_is_in_the_order_of_likely_use(store):
    store.replace(
        [
            record("tests/t.py", one("a test", "tests/t.py"), roles="test"),
            record("a.py", one("a class", kind="class"), one("a function"), one("twice")),
            record("b.py", one("a method", "b.py", kind="method"), one("twice", "b.py")),
        ]
    )
    store.connection.raw.execute("UPDATE file SET mtime_ns = 5000000000 WHERE path = 'b.py'")
    pending = [item.content.decode().strip() for item in store.model_vectors(MODEL).pending()]
    assert pending == ["a method", "twice", "a function", "a class", "a test"]
    add(store, *pending[:4])
    assert [item.path for item in store.model_vectors(MODEL).pending()] == ["tests/t.py"]


def test_going_back_to_another_state_of_a_file_finds_its_vectors_again(store):
    store.replace([record("a.py", one("old"), one("both"))])
    add(store, "old", "both")
    store.replace([record("a.py", one("new"), one("both"))])
    assert covered(store) == (1, 2)
    assert store.counts()["vectors"] == 2, "the static vector went: it would answer with no symbol"
    store.replace([record("a.py", one("old"), one("both"))])
    assert covered(store) == (2, 2)
    assert store.counts()["vectors"] == store.counts()["contents"] == 2
    assert len(store.vector_candidates(vector(1), 9)) == 2


def test_texts_without_a_symbol_are_kept_within_bounds_the_latest_longest(store, monkeypatch):
    monkeypatch.setattr(module, "MOST_UNUSED", 3)
    monkeypatch.setattr(module, "UNUSED_SHARE", 0.0)
    names = [f"name{number}" for number in range(6)]
    for name in names:
        store.replace([record("a.py", one(name))])
        add(store, name)
    store.prune()
    kept = store.model_vectors(MODEL).of_contents(map(digest, names))
    assert set(kept) == set(map(digest, names[2:]))
    assert store.counts()["contents"] == 4
    store.remove(["a.py"])
    store.prune()
    assert store.counts()["contents"] == 3


def test_an_index_made_anew_by_other_rules_keeps_the_vectors(store):
    store.replace([record("a.py", one("alpha"), one("beta"))])
    add(store, "alpha")
    before = store.version()
    store.clear()
    assert store.counts()["symbols"] == store.counts()["vectors"] == 0
    assert store.counts()["contents"] == 1
    assert store.version() > before
    store.replace([record("b.py", one("alpha", "b.py"))])
    assert covered(store) == (1, 1)


def test_an_old_model_stays_until_the_new_one_covers_as_much(store):
    store.replace([record("a.py", *map(one, ("alpha", "beta", "gamma")))])
    add(store, "alpha", "beta", model="old@1")
    add(store, "alpha", model="new@1")
    store.model_vectors("new@1").drop_outgrown()
    assert covered(store, "old@1") == (2, 3)
    add(store, "gamma", model="new@1", dims=6)
    store.model_vectors("new@1").drop_outgrown()
    assert covered(store, "old@1") == (0, 3)
    assert covered(store, "new@1") == (2, 3)
    assert store.connection.rows("SELECT model_id FROM model") == [("new@1",)]


def test_queries_are_remembered_the_newest_of_them(store):
    vectors = store.model_vectors(MODEL)
    vectors.add(4, {}, {bytes([1]): b"abcd"})
    assert vectors.of_query(bytes([1])) == b"abcd"
    assert store.model_vectors("other@1").of_query(bytes([1])) is None
    vectors.add(4, {}, {number.to_bytes(2, "big"): b"efgh" for number in range(MOST_QUERIES)})
    assert vectors.of_query(bytes([1])) is None
    assert len(store.connection.rows("SELECT 1 FROM query_vector")) == MOST_QUERIES


def test_vectors_are_no_change_of_the_index(store):
    store.replace([record("a.py", one("alpha"))])
    before = store.version()
    add(store, "alpha")
    assert store.version() == before
    store.remove(["a.py"])
    assert store.version() > before


def test_cosines(store):
    found = store.cosines(bytes([100, 0]), {1: bytes([50, 0]), 2: bytes([0, 9]), 3: bytes([156, 0]), 4: b"longer"})
    assert found == pytest.approx({1: 1.0, 2: 0.0, 3: -1.0})
    assert store.cosines(b"ab", {}) == {}
