"""Names and parts are kept once; what is written comes back exactly, whatever the texts are."""

import sqlite3
from contextlib import closing

import pytest

from codesearch.core.tokens import name_key
from codesearch.core.types import KINDS, Symbol
from codesearch.store import FileRecord, FileState, Store, SymbolRecord, contents, interned
from tests.support.texts import counted

TEXTS = (
    ("get", "Box.get", "def get(self)"),
    ("get", "get", "get"),
    ("get", "other/qualified", "nothing of the kind"),
    ("get", "", ""),
    ("~Box", "a::Box::~Box", "virtual ~Box() = default"),
    ("operator+", "Box::operator+", "Box operator+(Box operator+)"),
    ("Öl_Menge", "Fass.Öl_Menge", "Öl_Menge: int"),
    ("", "Box.", "anonymous"),
    ("nul\0byte", "Box.nul\0byte", "def nul\0byte()"),
    ("Build the docs", "guide > Build the docs", "## Build the docs"),
)
"""Names, qualified names and signatures."""


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", 8)
        yield opened


def symbol(name, qualname, signature, *, kind="function", line=1, path="a.py"):
    return Symbol(kind, name, qualname, signature, "Documented.", line, line + 2, line, line + 9, "python", path)


def record(path, *symbols):
    items = [SymbolRecord(one, f"{path}{at}".encode().ljust(16), None) for at, one in enumerate(symbols)]
    words = counted([("",) * 6] * len(items))
    return FileRecord(path, FileState(1, 1, 1, 1, 2, b"h"), language="python", symbols=tuple(items), texts=words)


def written():
    return [symbol(*texts, line=line) for line, texts in enumerate(TEXTS, 1)]


def test_symbols_come_back_as_they_were_written(store):
    store.replace([record("a.py", *written())])
    assert list(store.listing()) == written()


def test_other_programs_read_the_same_texts(store):
    store.replace([record("a.py", *written())])
    with closing(sqlite3.connect(store.path)) as plain:
        rows = plain.execute(
            "SELECT name, qualname, signature, start_line, end_line FROM symbols ORDER BY id"
        ).fetchall()
    assert rows == [(*texts, line, line + 2) for line, texts in enumerate(TEXTS, 1)]


def test_the_views_know_every_kind(store):
    store.replace([record("a.py", *(symbol("f", "f", "f", kind=kind) for kind in KINDS))])
    assert [one.kind for one in store.listing()] == list(KINDS)


def test_a_text_is_kept_once(store):
    db = store.connection.raw
    for path in ("a.py", "b.py"):
        store.replace([record(path, *written())])
    assert store.connection.rows("SELECT count(*), count(DISTINCT text) FROM name") == [(7, 7)]
    (count,) = store.connection.rows("SELECT count(*), count(DISTINCT text || whole) FROM part")
    assert count[0] == count[1]
    assert interned.with_names(db, ["get", "new"])["get"] == interned.with_names(db, ["get"])["get"]


def test_every_name_is_found_by_its_key(store):
    store.replace([record("a.py", *written())])
    keys = store.connection.rows(f"SELECT text, {interned.key_of()}, key IS NULL FROM name")
    assert {text: key for text, key, _ in keys} == {text: name_key(text) for text, *_ in TEXTS}
    assert {text for text, _, computed in keys if computed} == {"get", "Build the docs", ""}, "the others say their key"
    for one in written():
        found = [store.symbols([id])[id].symbol for id in store.named(name_key(one.name), 99)]
        assert one in found


def test_texts_with_the_same_checksum_are_told_apart(store):
    db = store.connection.raw
    pair = [("plumless", False), ("buckeroo", False)]  # CRC-32 is the same
    numbers = interned.with_parts(db, pair)
    assert store.connection.rows("SELECT count(DISTINCT checksum) FROM part") == [(1,)]
    assert len(set(numbers.values())) == 2
    assert interned.with_parts(db, pair) == numbers
    assert interned.with_parts(db, [("plumless", True)])["plumless", True] not in numbers.values()


def test_what_nothing_has_any_more_is_deleted(store):
    store.replace([record("a.py", *written()), record("b.py", symbol("kept", "Box.kept", "def kept()", path="b.py"))])
    store.remove(["a.py"])
    store.prune()
    store.optimize()
    assert store.connection.rows("SELECT text FROM name") == [("kept",)]
    assert store.connection.rows("SELECT text FROM part ORDER BY 1") == [("Box.",), ("def ",)]


def test_hashes_that_begin_alike_are_told_apart(store):
    db = store.connection.raw
    one, other, third = (b"same" + bytes([number]) * 12 for number in range(3))
    db.executemany("INSERT INTO content VALUES (?, ?)", [(1, one), (2, other)])
    assert contents.known(db, [one, other, third]) == {one: 1, other: 2}
    assert contents.known(db, [third]) == {}


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT id FROM name WHERE {interned.key_of()} = 'get'",
        f"SELECT id FROM content WHERE {contents.beginning_of()} IN (x'00112233')",
        "SELECT id FROM part WHERE checksum IN (1)",
    ],
)
def test_an_index_finds_them(store, statement):
    (plan,) = store.connection.rows(f"EXPLAIN QUERY PLAN {statement}")
    assert "SEARCH" in plan[3]
    assert "INDEX" in plan[3]
