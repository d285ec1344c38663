"""A push sends what the server lacks, and its readers see the old commit or the new one, whatever happens meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.server import access, answering, searching
from codesearch.server.connect import Pool, administering
from codesearch.server.remote import Server
from codesearch.server.store import PgStore
from codesearch.server.transactions import alone
from tests.server.conftest import Place, send
from tests.support.trees import write

FILES = {f"m{n}.py": f"def step_{n}(value):\n    return value + {n}\n" for n in range(12)}


def count(place: Place, table: str) -> int:
    with administering(place.database) as db:
        row = db.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def names(place: Place, pool: Pool | None = None) -> set[str]:
    with (pool or place.pool).transaction("ci") as db:
        refs = answering.refs(alone(db))
        return {one.name for one in PgStore(alone(db), refs).listing() if one.kind == "function"} if refs else set()


def words(place: Place) -> list[tuple[object, ...]]:
    with administering(place.database) as db:
        return db.execute("SELECT minor, word, texts, naming FROM word ORDER BY 1, 2").fetchall()


def test_a_second_push_sends_only_what_changed(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    first = send(index, server, "shop", "c1")
    assert (first.files, first.sent) == (12, 12)
    again = send(index, server, "shop", "c1")
    assert (again.sent, again.vectors) == (0, 0)
    write(index.root, {"m3.py": "def other():\n    return 'other'\n", "copy.py": FILES["m1.py"]})
    (index.root / "m5.py").unlink()
    index.update()
    third = send(index, server, "shop", "c2")
    assert (third.files, third.sent) == (12, 2)
    assert third.vectors == third.symbols - 1, "the copied function has a vector already"
    assert names(place) == {f"step_{n}" for n in range(12) if n not in (3, 5)} | {"other"}
    (ref,) = server.get("/refs")["refs"]
    assert (ref["repository"], ref["ref"], ref["commit"], ref["files"]) == ("shop", "main", "c2", 12)


def test_a_push_leaves_nothing_that_every_search_has_to_read_from_end_to_end(place: Place, indexed):
    send(indexed(FILES), place.server("ci", "shop", push=True), "shop")
    with administering(place.database) as db:
        waiting = [
            db.execute("SELECT gin_clean_pending_list(%s::regclass)", [name]).fetchone()
            for name in searching.TEXT_INDEXES
        ]
        found = db.execute("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%USING gin%'").fetchone()
    assert waiting == [(0,)] * len(searching.TEXT_INDEXES)
    assert found == (len(searching.TEXT_INDEXES),), "all of them"


def test_word_counts_are_those_of_a_push_to_an_empty_server(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    send(index, server, "shop", "c1")
    write(index.root, {"m3.py": "def other(step):\n    return step\n"})
    (index.root / "m5.py").unlink()
    index.update()
    send(index, server, "shop", "c2")
    changed = words(place)
    with administering(place.database) as db:
        access.forget(db, "shop")
    assert count(place, "symbol") == count(place, "word") == 0
    send(index, place.server("ci", "shop", push=True), "shop", "c2")
    assert words(place) == changed


def test_branches_share_versions_of_files(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    send(index, server, "shop", "c1")
    assert send(index, server, "shop", "c9", ref="feature").sent == 0
    assert server.post("/query", {"query": "step_1", "ref": "feature"})["repositories"][0]["commit"] == "c9"
    assert server.post("/query", {"query": "step_1"})["repositories"][0]["commit"] == "c1", "the first one by default"
    assert count(place, "file") == 12


def test_readers_see_a_commit_or_the_other(place: Place, indexed):
    """Fifty readers, while a branch goes back and forth between two commits."""
    server = place.server("ci", "shop", push=True)
    one = indexed({f"a{n}.py": f"def old_{n}():\n    return {n}\n" for n in range(10)})
    two = indexed({f"b{n}.py": f"def new_{n}():\n    return {n}\n" for n in range(7)})
    send(one, server, "shop", "c1")
    whole = ({f"old_{n}" for n in range(10)}, {f"new_{n}" for n in range(7)})
    done = threading.Event()
    seen: list[set[str]] = []
    pool = Pool(place.database, most=50)

    def read() -> None:
        while True:
            last = done.is_set()
            seen.append(names(place, pool))
            if last:
                return

    with ThreadPoolExecutor(50) as readers:
        reading = [readers.submit(read) for _ in range(50)]
        try:
            for turn in range(6):
                send(two if turn % 2 == 0 else one, server, "shop", f"c{turn}")
        finally:
            done.set()
        for one_reader in reading:
            one_reader.result()
    pool.close()
    assert all(some in whole for some in seen)
    assert names(place) == whole[0]


def test_eight_pushes_of_the_same_contents_at_once(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    indexes = [indexed(FILES) for _ in range(8)]
    start = threading.Barrier(8)

    def run(number: int) -> None:
        with type(indexes[number])(indexes[number].root, indexes[number].settings) as index:
            start.wait(60)
            send(index, server, "shop", "c1")

    with ThreadPoolExecutor(8) as pushes:
        for one in [pushes.submit(run, number) for number in range(8)]:
            one.result()
    assert (count(place, "file"), count(place, "ref_file")) == (12, 12)
    assert count(place, "symbol") == count(place, "content"), "each once"
    alone = words(place)
    with administering(place.database) as db:
        access.forget(db, "shop")
    send(indexes[0], place.server("ci", "shop", push=True), "shop")
    assert words(place) == alone


def test_an_unfinished_push_changes_nothing_and_is_resumed(place: Place, indexed, monkeypatch):
    from codesearch.server import outgoing

    monkeypatch.setattr(outgoing, "BATCH_SYMBOLS", 3)
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    post = Server.post

    def cut_off(self, path, value, seconds=30.0):
        if path == "/push/files" and count(place, "file") >= 6:
            raise CodesearchError("cut off")
        return post(self, path, value, seconds)

    monkeypatch.setattr(Server, "post", cut_off)
    with pytest.raises(CodesearchError, match="cut off"):
        send(index, server, "shop")
    monkeypatch.setattr(Server, "post", post)
    assert names(place) == set()
    assert send(index, server, "shop").sent == 6
    assert len(names(place)) == 12


def test_garbage_is_collected_only_when_it_is_old(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    send(indexed(FILES), server, "shop")
    send(indexed({"m1.py": FILES["m1.py"]}), server, "shop", "c2")
    with administering(place.database) as db:
        assert access.collect(db) == 0
        assert access.collect(db, days=0) == 11
    assert count(place, "file") == 1
    assert count(place, "symbol") == count(place, "content") < 4
    assert names(place) == {"step_1"}


def test_an_unfinished_index_is_not_pushed(place: Place, indexed):
    index = indexed(FILES)
    index.required_reader().connection.raw.execute("UPDATE meta SET value = '0' WHERE key = 'complete'")
    with pytest.raises(StoreError, match="not finished"):
        send(index, place.server("ci", "shop", push=True), "shop")


def test_the_source_goes_along_once_and_only_as_it_was_indexed(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    assert send(index, server, "shop", source=False).sources == 0
    assert send(index, server, "shop").sources == len(FILES), "of files that the server has already"
    assert send(index, server, "shop").sources == 0
    write(index.root, {"m3.py": "def other():\n    return 1\n", "m4.py": "def four():\n    return 4\n"})
    index.update()
    assert send(index, server, "shop", "c2", source=False).sent == 2
    write(index.root, {"m4.py": "def secret():\n    return 5\n"})
    assert send(index, server, "shop", "c2").sources == 1
    about = {"repository": "shop", "ref": "main", "first": 1, "last": 9}
    lines = server.post("/source", {**about, "path": "m3.py"})["lines"]
    assert "".join(text for _, text in lines[0]["parts"]) == "def other():"
    assert server.post("/source", {**about, "path": "m4.py"})["lines"] == [], "it is not what was indexed"


def test_a_file_that_changed_since_it_was_indexed_is_not_pushed(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed(FILES)
    send(index, server, "shop", "c1")
    write(index.root, {"m3.py": "def other():\n    return 1\n", "m4.py": "def four():\n    return 4\n"})
    index.update()
    write(index.root, {"m4.py": "def five():\n    return 5\n"})
    with pytest.raises(StoreError, match=r"m4\.py is not in .* as indexed"):
        send(index, server, "shop", "c2")
    assert names(place) == {f"step_{n}" for n in range(12)}
    assert server.get("/refs")["refs"][0]["commit"] == "c1"
    index.update()
    assert send(index, server, "shop", "c3").sent == 2
    assert {"other", "five"} <= names(place)


def test_languages_of_a_branch_are_listed(place: Place, indexed):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": "def a():\n    return 1\n", "b.go": "package b\n\nfunc B() int { return 1 }\n"})
    send(index, server, "shop")
    assert server.get("/refs")["refs"][0]["languages"] == ["go", "python"]
    (index.root / "b.go").unlink()
    index.update()
    send(index, server, "shop", "c2")
    assert server.get("/refs")["refs"][0]["languages"] == ["python"]
