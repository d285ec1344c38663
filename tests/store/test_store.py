import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import apsw
import pytest

from codesearch.core.errors import StoreError
from codesearch.core.filter import Filter
from codesearch.core.tokens import terms, words
from codesearch.core.types import Symbol
from codesearch.store import FileRecord, FileState, Store, SymbolRecord, schema
from codesearch.store.match import Match, Together, Words
from codesearch.store.records import NO_TEXTS
from tests.support.texts import counted

STATE = FileState(10, 1, 1, 1, 2, b"h" * 16)
DIMS = 8


def vector(*values: int) -> bytes:
    return bytes(v % 256 for v in (*values, *[0] * (DIMS - len(values))))


class Item(NamedTuple):
    """A symbol, the text of its fields, its hash and its vector."""

    symbol: Symbol
    fields: tuple[str, ...]
    digest: bytes
    vector: bytes | None


def item(name, body, vec, *, path="a.py", kind="function", digest=None, line=1, qualname=None):
    symbol = Symbol(kind, name, qualname or name, f"def {name}()", "", line, line + 2, 0, 9, "python", path)
    fields = (name, "", "", "", " ".join(terms(path)), body)
    return Item(symbol, fields, digest or f"{name}{body}".encode().ljust(16)[:16], vec)


def record(path, *items, language="python", roles=""):
    symbols = tuple(SymbolRecord(one.symbol, one.digest, one.vector) for one in items)
    words = counted([one.fields for one in items])
    return FileRecord(path, STATE, language=language, lines=9, roles=roles, symbols=symbols, texts=words)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "index.db", writable=True) as opened:
        opened.use_model("test@1", DIMS)
        yield opened


def names(store, rows):
    found = store.symbols(id for id, _ in rows)
    return [found[id][0].name for id, _ in rows]


def test_finds_by_text_and_by_vector(store):
    store.replace([record("a.py", item("upload", "retry failed", vector(127)), item("parse", "json", vector(0, 127)))])
    weights = (1.0,) * 6
    assert names(store, store.text_candidates(Match((Words(("retry",)),)), weights, 5)) == ["upload"]
    assert names(store, store.vector_candidates(vector(100, 20), 2)) == ["upload", "parse"]


def test_sections_of_documents_take_no_places_among_the_nearest(store):
    sections = [item(f"part{at}", str(at), vector(127, at), kind="section", path="a.md") for at in range(9)]
    code = item("upload", "retry", vector(100, 50)), item("parse", "json", vector(50, 100))
    store.replace([record("a.md", *sections, language="markdown"), record("a.py", *code)])
    assert names(store, store.vector_candidates(vector(127), 2)) == ["upload", "parse"]


def test_words_are_found_in_other_forms(store):
    store.replace([record("a.py", item("upload", "retries failing uploads", vector(1)))])
    assert store.text_candidates(Match((Together(("retry", "failed", "upload")),)), (1.0,) * 6, 5)


def test_merging_the_whole_full_text_index_leaves_one_segment_and_the_same_answers(store):
    for number in range(7):
        store.replace([record(f"{number}.py", item(f"f{number}", "retry " * (number + 1), vector(number)))])
    asked = (Match((Words(("retry",)),)), (1.0,) * 6, 9)
    before = store.text_candidates(*asked)
    segments = "SELECT count(*) FROM text_segment WHERE NOT minor"
    assert store.connection.rows(segments)[0][0] > 1
    store.optimize(whole=True)
    store.optimize(whole=True)
    assert store.connection.rows(segments) == [(1,)]
    assert store.text_candidates(*asked) == before


def test_replacing_a_file_leaves_nothing_of_the_old_one(store):
    store.replace([record("a.py", item("old", "alpha", vector(1)))])
    store.replace([record("a.py", item("new", "beta", vector(2)))])
    assert [s.name for s in store.listing()] == ["new"]
    assert store.text_candidates(Match((Words(("alpha",)),)), (1.0,) * 6, 5) == []
    assert store.counts()["vectors"] == store.counts()["contents"] == 1


def test_equal_content_shares_one_vector_until_the_last_is_gone(store):
    for path in ("a.py", "b.py"):
        store.replace([record(path, item("same", "body", vector(5), path=path))])
    assert store.counts()["symbols"] == 2
    assert store.counts()["vectors"] == 1
    assert len(store.vector_candidates(vector(5), 5)) == 2
    store.remove(["a.py"])
    assert store.counts()["vectors"] == 1
    store.remove(["b.py"])
    assert store.counts()["vectors"] == store.counts()["contents"] == 0


def test_a_failed_batch_changes_nothing(store):
    store.replace([record("a.py", item("kept", "alpha", vector(1)))])
    broken = replace(record("b.py", item("bad", "x", vector(1))), texts=NO_TEXTS)
    with pytest.raises((apsw.Error, ValueError)):
        store.replace([record("a.py", item("lost", "beta", vector(2))), broken])
    assert [s.name for s in store.listing()] == ["kept"]
    assert store.counts()["vectors"] == 1


def test_names_that_are_not_utf8_survive(store):
    path = b"caf\xe9/\n'\".py".decode("utf-8", "surrogateescape")
    store.replace([record(path, item("f", "x", vector(1), path=path))])
    assert [s.path for s in store.listing()] == [path]
    assert list(store.file_states()) == [path]
    assert store.at(path, 2) is not None
    store.remove([path])
    assert store.counts()["symbols"] == 0


FILTERED = [
    record("src/app.py", item("run", "word", vector(1), path="src/app.py")),
    record("src/deep/util.go", item("walk", "word", vector(2), kind="method"), language="go"),
    record("tests/test_app.py", item("test_run", "word", vector(3), qualname="Suite.test_run"), roles="test"),
]


def test_a_test_in_a_file_of_code_is_a_test(store):
    inner = item("adds", "word", vector(2), kind="test", qualname="tests::adds")
    store.replace([*FILTERED, record("src/lib.rs", item("add", "word", vector(1)), inner, language="rust")])
    tests, others = Filter(roles=("test",)), Filter(not_roles=("test",))
    assert {s.name for s in store.listing(tests)} == {"test_run", "adds"}
    assert {s.name for s in store.listing(others)} == {"run", "walk", "add"}
    assert set(names(store, store.vector_candidates(vector(9), 9, tests))) == {"test_run", "adds"}
    assert {s.name for s in store.listing(Filter(roles=("vendored", "test"), languages=("rust",)))} == {"adds"}
    assert {s.name for s in store.listing(Filter(roles=("vendored",)))} == set()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(), {"run", "walk", "test_run"}),
        (Filter(languages=("go",)), {"walk"}),
        (Filter(languages=("go", "python")), {"run", "walk", "test_run"}),
        (Filter(not_languages=("go",)), {"run", "test_run"}),
        (Filter(kinds=("method",)), {"walk"}),
        (Filter(paths=("src/**",)), {"run", "walk"}),
        (Filter(paths=("src/*",)), {"run"}),
        (Filter(paths=("*.go",)), {"walk"}),
        (Filter(paths=("deep",)), {"walk"}),
        (Filter(not_paths=("test",)), {"run", "walk"}),
        (Filter(names=("run",)), {"run", "test_run"}),
        (Filter(names=("run*",)), {"run"}),
        (Filter(names=("Suite.*",)), {"test_run"}),
        (Filter(roles=("test",)), {"test_run"}),
        (Filter(not_roles=("test",)), {"run", "walk"}),
        (Filter(languages=("python",), not_paths=("tests/**",)), {"run"}),
        (Filter(paths=("[",)), set()),
        (Filter(names=("' OR 1=1 --",)), set()),
    ],
)
def test_filters_hold_for_every_way_of_asking(store, where, expected):
    store.replace(FILTERED)
    assert {s.name for s in store.listing(where)} == expected
    assert set(names(store, store.text_candidates(Match((Words(("word",)),)), (1.0,) * 6, 9, where))) == expected
    assert set(names(store, store.vector_candidates(vector(9), 9, where))) == expected


def test_a_filter_that_is_used_again_finds_what_is_new(store):
    store.replace(FILTERED)
    go, python = Filter(languages=("go",)), Filter(languages=("python",))
    assert set(names(store, store.vector_candidates(vector(9), 9, go))) == {"walk"}
    assert set(names(store, store.vector_candidates(vector(8), 9, python))) == {"run", "test_run"}
    store.replace([record("b.go", item("jump", "word", vector(4), path="b.go"), language="go")])
    assert set(names(store, store.vector_candidates(vector(7), 9, python))) == {"run", "test_run"}
    assert set(names(store, store.vector_candidates(vector(6), 9, go))) == {"walk", "jump"}


def test_the_innermost_symbol_is_at_a_line(store):
    outer = item("Outer", "x", vector(1), kind="class", line=1)
    inner = item("inner", "y", vector(2), kind="method", line=2)
    wide = Item(Symbol("module", "a", "a", "", "", 1, 50, 0, 99, "python", "a.py"), ("",) * 6, b"m" * 16, vector(3))
    store.replace([record("a.py", wide, outer, inner)])
    assert [store.at("a.py", line)[1].name for line in (1, 4, 30)] == ["Outer", "inner", "a"]
    assert store.at("a.py", 51) is None


def test_another_models_vectors_are_refused_with_the_way_out(store, tmp_path):
    with pytest.raises(StoreError, match=r"test@1.*other@2.*--rebuild"):
        store.use_model("other@2", 16)


def test_a_newer_schema_is_refused(tmp_path):
    path = tmp_path / "index.db"
    Store(path, writable=True).close()
    with apsw.Connection(str(path)) as db:
        db.pragma("user_version", schema.VERSION + 1)
    db.close()
    with pytest.raises(StoreError, match=r"newer codesearch.*--rebuild"):
        Store(path, writable=True)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be looked at" * 50, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_index_is_refused(tmp_path, content):
    path = tmp_path / ".codesearch" / "index.db"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match="--rebuild"):
        Store(path, writable=True)
    assert path.read_bytes()[:16] == content[:16]


def test_damage_that_sqlite_passes_on_as_data_is_told(tmp_path):
    """A few changed bits: text that is not UTF-8, or a NULL where there can be none. Neither ends in a traceback."""
    path = tmp_path / "index.db"

    def damage(statement: str) -> None:
        with Store(path, writable=True) as store:
            store.use_model("test@1", 8)
            store.replace([record("a.py", item("retry", "socket", vector(1)))])
        with closing(sqlite3.connect(path)) as db:
            db.executescript(
                "PRAGMA writable_schema = ON; "
                "UPDATE sqlite_schema SET sql = replace(sql, 'text TEXT NOT NULL', 'text TEXT') WHERE name = 'name'"
            )
        with closing(sqlite3.connect(path)) as db:
            db.executescript(
                f"{statement}; PRAGMA writable_schema = ON; "
                "UPDATE sqlite_schema SET sql = replace(sql, 'text TEXT', 'text TEXT NOT NULL') WHERE name = 'name'"
            )

    damage("UPDATE name SET text = CAST(x'7265f2' AS TEXT)")
    with Store(path) as store:
        for read in (lambda: list(store.listing()), lambda: store.symbols([1])):
            with pytest.raises(StoreError, match=r"the index is damaged .* --rebuild"):
                read()
    path.unlink()
    damage("UPDATE name SET text = NULL")
    with (
        Store(path) as store,
        pytest.raises(StoreError, match=r"damaged \(NULL value in name.text\)"),
        store.snapshot(),
    ):
        words(next(store.listing()).name)


def test_an_error_that_has_nothing_to_do_with_the_index_stays_what_it_is(store):
    nothing: list[str] = []
    with pytest.raises(IndexError), store.snapshot():
        nothing[0].upper()


def test_a_full_disk_is_told_and_what_was_there_stays(store):
    store.replace([record("a.py", item("kept", "alpha", vector(1)))])
    pages = store.connection.raw.pragma("page_count")
    store.connection.raw.pragma("max_page_count", pages + 1)
    texts = [" ".join(f"word{i * step}" for step in range(1, 300)) for i in range(200)]
    big = [item(f"f{i}", text, vector(i), line=i) for i, text in enumerate(texts)]
    with pytest.raises(StoreError, match="disk is full"):
        store.replace([record("b.py", *big)])
    store.connection.raw.pragma("max_page_count", 1 << 30)
    assert [s.name for s in store.listing()] == ["kept"]
    store.replace([record("b.py", *big)])
    assert store.counts()["symbols"] == 201


def test_the_views_work_in_any_sqlite(store):
    store.replace(FILTERED)
    store.close()
    plain = sqlite3.connect(store.path)
    rows = plain.execute("SELECT path, name, kind FROM symbols WHERE language = 'go'").fetchall()
    assert rows == [("src/deep/util.go", "walk", "method")]
    assert plain.execute("SELECT count(*) FROM files").fetchone() == (3,)
    plain.close()


def test_an_index_with_a_table_missing_is_told(store):
    store.replace(FILTERED)
    store.connection.raw.execute("DROP TABLE vector_signs")
    with pytest.raises(StoreError, match=r"missing.*--rebuild"):
        store.vector_candidates(vector(1), 5)


def test_a_database_of_somebody_else_is_told_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE meta(name)")
        other.execute("INSERT INTO meta VALUES ('mine')")
    with pytest.raises((StoreError, apsw.Error)):
        Store(path, writable=True)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT * FROM meta").fetchall() == [("mine",)]


def test_a_filter_may_have_bytes_that_are_not_utf_8():
    from codesearch.store import filter_sql

    _, bindings = filter_sql.render(Filter(names=("x\udcff",), not_paths=("a\udcff",)))
    assert bindings == [b"x\xff", b"a\xff"]
    assert filter_sql.path_matches(b"src/a\xff.py", b"a\xff")
    assert not filter_sql.name_matches("x", "x", b"x\xff")


def free_pages(store):
    return store.connection.raw.pragma("freelist_count")


def filled(store, files):
    for number in range(files):
        items = [item(f"f{number}_{n}", f"word{n} " * 50, vector(n), path=f"{number}.py", line=n) for n in range(30)]
        store.replace([record(f"{number}.py", *items)])


def test_a_compacted_file_has_no_free_pages_and_answers_as_before(store):
    filled(store, 20)
    store.remove([f"{number}.py" for number in range(10)])
    before = store.text_candidates(Match((Words(("word7",)),)), [1.0] * 6, 20)
    assert free_pages(store) > 0 and before
    store.compact(whole=True)
    assert free_pages(store) == 0
    assert store.text_candidates(Match((Words(("word7",)),)), [1.0] * 6, 20) == before


def test_few_free_pages_are_left_for_the_next_writes(store, monkeypatch):
    filled(store, 20)
    store.remove([f"{number}.py" for number in range(18)])
    free = free_pages(store)
    store.compact()
    assert free_pages(store) == free > 0
    monkeypatch.setattr("codesearch.store.store.MOST_FREE_PAGES", 10)
    store.compact()
    assert free_pages(store) == 0


def test_a_file_that_another_process_writes_is_not_compacted(store):
    filled(store, 5)
    store.remove(["0.py", "1.py", "2.py"])
    free = free_pages(store)
    store.connection.raw.set_busy_timeout(0)
    with closing(apsw.Connection(str(store.path))) as other:
        other.execute("BEGIN IMMEDIATE")
        store.compact(whole=True)
    assert free_pages(store) == free > 0
    assert store.counts()["symbols"] == 60
