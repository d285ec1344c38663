"""`push --artifact`, `pull` and `refs`: a member of the team starts from the index that CI has pushed."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

import codesearch
from codesearch.artifacts import package, packing
from codesearch.core.errors import StoreError, UsageError
from codesearch.server import access, artifacts, packed, remote
from codesearch.server.connect import administering
from codesearch.server.identity import Limits
from tests.artifacts.conftest import clone, cloned, repository
from tests.server.conftest import Place, running, send
from tests.support.git import commit_all, git
from tests.support.postgres import Postgres
from tests.support.schemas import keeps_schema
from tests.support.trees import write

__all__ = ["clone", "repository"]
"""Fixtures."""
LINES = "".join(f"def helper_{n}(value):\n    return value * {n}\n\n\n" for n in range(40))


@pytest.fixture(autouse=True)
def _private_home(private_home: Path) -> None:
    """Hide the tester's own settings and caches."""


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "PART", 3000)


@pytest.fixture
def pushed(place: Place, repository: Path, call, monkeypatch) -> Place:
    """Return a server with the index of a repository, as CI has pushed it; the token is that of a reader."""
    monkeypatch.setenv(remote.VARIABLE, place.token("ci", "shop", push=True))
    run = call("push", place.url, repository, "--repo", "shop", "--artifact")
    assert run.status == 0, run.err
    assert "the packed index has " in run.err
    monkeypatch.setenv(remote.VARIABLE, place.token("alice", "shop"))
    return place


def rows(place: Place, table: str) -> int:
    with administering(place.database) as db:
        row = db.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def packed_index(index: codesearch.Index, folder: Path) -> Path:
    target = folder / "index.codesearch"
    packing.pack(index, target)
    return target


def test_a_pull_gives_the_index_that_indexing_gives(pushed: Place, repository: Path, clone: Path, call):
    run = call("pull", pushed.url, clone)
    assert run.status == 0, run.err
    assert f"started from shop main of {pushed.url}" in run.err
    with codesearch.open_index(clone) as mine, codesearch.open_index(repository) as theirs:
        report = mine.update()
        assert (report.changed, report.unchanged) == (0, 3), "nothing differs, so nothing was read"
        assert list(mine.symbols()) == list(theirs.symbols())
        assert mine.query("mail the receipt") == theirs.query("mail the receipt")


def test_only_what_differs_is_read(pushed: Place, clone: Path, call):
    write(clone, {"mail/receipt.py": "def forget_receipt():\n    pass\n"})
    run = call("pull", pushed.url, clone)
    assert (run.status, "1 file" in run.err) == (0, True), run.err
    with codesearch.open_index(clone) as mine:
        names = {one.name for one in mine.symbols()}
    assert "forget_receipt" in names and "send_receipt" not in names


def test_the_nearest_branch_is_taken_and_its_distance_told(pushed: Place, repository, tmp_path, call, monkeypatch):
    git(repository, "checkout", "-q", "-b", "topic")
    write(repository, {"topic.py": "def of_topic():\n    pass\n"})
    commit_all(repository, "three")
    monkeypatch.setenv(remote.VARIABLE, pushed.token("ci", "shop", push=True))
    assert call("push", pushed.url, repository, "--repo", "shop", "--ref", "topic", "--artifact").status == 0
    write(repository, {"more.py": "def of_more():\n    pass\n"})
    commit_all(repository, "four")
    there = cloned(repository, tmp_path / "there")
    assert f"started from shop topic of {pushed.url}, 1 commit before this one" in call("pull", pushed.url, there).err
    named = call("pull", pushed.url, there, "--ref", "main", "--rebuild")
    assert f"started from shop main of {pushed.url}, 2 commits before this one" in named.err


def test_an_index_that_is_there_is_kept(pushed: Place, clone: Path, call):
    assert call("index", clone).status == 0
    run = call("pull", pushed.url, clone)
    assert (run.status, "pull is not needed" in run.err) == (0, True), run.err
    assert "started from" in call("pull", pushed.url, clone, "--rebuild").err


def test_a_clone_of_two_repositories_must_say_which(place: Place, repository, tmp_path, call, monkeypatch):
    monkeypatch.setenv(remote.VARIABLE, place.token("ci", "shop", "fork", push=True))
    for name in ("shop", "fork"):
        assert call("push", place.url, repository, "--repo", name, "--artifact").status == 0
    there = cloned(repository, tmp_path / "there")
    run = call("pull", place.url, there)
    assert (run.status, "this could be fork, shop on the server: choose with --repo" in run.err) == (2, True), run.err
    assert "started from fork main" in call("pull", place.url, there, "--repo", "fork").err


def test_nobody_gets_what_was_not_granted(pushed: Place, clone: Path, call, monkeypatch):
    other = pushed.server("mallory", "billing")
    for path, more in (("/artifact", {}), ("/artifact/part", {"number": 0, "sha256": "0" * 64})):
        with pytest.raises(remote.MissingError):
            other.fetch(path, {"repository": "shop", "ref": "main", **more})
    monkeypatch.setenv(remote.VARIABLE, pushed.token("eve", "billing"))
    run = call("pull", pushed.url, clone, "--repo", "shop")
    assert (run.status, "there is no repository shop on the server, or you may not see it" in run.err) == (2, True)
    with administering(pushed.database) as db:
        forced = db.execute(
            "SELECT count(*) FROM pg_class WHERE relname IN ('artifact', 'artifact_part') "
            "AND relrowsecurity AND relforcerowsecurity"
        ).fetchone()
    assert forced == (2,)


def test_a_reader_cannot_replace_it(pushed: Place, repository: Path, tmp_path):
    reader = pushed.server("bob", "shop")
    with codesearch.open_index(repository) as index, pytest.raises(UsageError, match="may not push"):
        packed.send(reader, "shop", "main", packed_index(index, tmp_path))


def test_a_branch_without_one_says_so(place: Place, clone: Path, call, monkeypatch, indexed):
    send(indexed({"a.py": "def a(): pass\n"}), place.server("ci", "shop", push=True), "shop")
    monkeypatch.setenv(remote.VARIABLE, place.token("alice", "shop"))
    run = call("pull", place.url, clone, "--repo", "shop")
    assert (run.status, "the server has no packed index of shop; `codesearch push --artifact`" in run.err) == (2, True)
    with pytest.raises(remote.MissingError, match="there is no packed index of shop main here"):
        packed.fetch(remote.Server(place.url), "shop", "main", clone / "x")


def test_only_the_latest_of_a_branch_is_kept(place: Place, indexed, tmp_path, small_parts):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": LINES})
    for extra in range(3):
        write(index.root, {"b.py": f"def extra_{extra}(): pass\n"})
        index.update()
        send(index, server, "shop", f"c{extra}")
        packed.send(server, "shop", "main", packed_index(index, tmp_path))
        assert rows(place, "artifact") == 1
    size = (tmp_path / "index.codesearch").stat().st_size
    assert rows(place, "artifact_part") == artifacts.parts_of(size) > 2
    packed.fetch(server, "shop", "main", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == (tmp_path / "index.codesearch").read_bytes()
    with administering(place.database) as db:
        access.forget(db, "shop")
    assert (rows(place, "artifact"), rows(place, "artifact_part")) == (0, 0)


def test_an_upload_that_was_cut_off_goes_on(place: Place, indexed, tmp_path, monkeypatch, small_parts):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": LINES})
    send(index, server, "shop")
    target, real, sent = packed_index(index, tmp_path), remote.Server.post, []

    def cut_off(self, path, value, *more):
        if path == "/push/artifact/part":
            sent.append(value["number"])
            if len(sent) == 3:
                raise remote.UnreachableError("cut off")
        return real(self, path, value, *more)

    monkeypatch.setattr(remote.Server, "post", cut_off)
    with pytest.raises(remote.UnreachableError):
        packed.send(server, "shop", "main", target)
    with pytest.raises(remote.MissingError):
        server.fetch("/artifact", {"repository": "shop", "ref": "main"})
    packed.send(server, "shop", "main", target)
    parts = artifacts.parts_of(target.stat().st_size)
    assert sent == [0, 1, 2, *range(2, parts)], "two parts were there already"
    assert packed.fetch(server, "shop", "main", tmp_path / "fetched")["parts"] == parts


def test_what_was_cut_off_is_deleted_a_day_later(place: Place, indexed, tmp_path, small_parts):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": LINES})
    send(index, server, "shop")
    about = {"repository": "shop", "ref": "main", "commit": "", "size": 5000}
    for letter in "ab":
        server.post("/push/artifact", {**about, "sha256": letter * 64})
    with administering(place.database) as db:
        access.collect(db)
        assert db.execute("SELECT count(*) FROM artifact").fetchone() == (2,)
        db.execute("UPDATE artifact SET sent = now() - interval '2 days' WHERE sha256 = %s", [b"\xaa" * 32])
        access.collect(db)
        assert db.execute("SELECT sha256 FROM artifact").fetchall() == [(b"\xbb" * 32,)]


def test_what_is_altered_on_its_way_is_refused(place: Place, indexed, tmp_path, monkeypatch, small_parts):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": LINES})
    send(index, server, "shop")
    target = packed_index(index, tmp_path)
    with monkeypatch.context() as lying:
        lying.setattr(package, "sha256_of", lambda _: "12" * 32)
        with pytest.raises(StoreError, match="arrived altered"):
            packed.send(server, "shop", "main", target)
    assert rows(place, "artifact") == 0
    packed.send(server, "shop", "main", target)
    with administering(place.database) as db:
        db.execute("UPDATE artifact_part SET data = set_byte(data, 7, get_byte(data, 7) # 1) WHERE number = 1")
    with pytest.raises(StoreError, match="arrived damaged"):
        packed.fetch(server, "shop", "main", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_a_download_during_a_push_gets_one_or_the_other(place: Place, indexed, tmp_path, small_parts):
    server = place.server("ci", "shop", push=True)
    index = indexed({"a.py": LINES})
    send(index, server, "shop")
    wanted = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(index.root, {"b.py": f"def {name}(): pass\n"})
        index.update()
        wanted.append(packed_index(index, tmp_path / name))
    packed.send(server, "shop", "main", wanted[0])
    ended, got = threading.Event(), set()
    contents = {file.read_bytes() for file in wanted}

    def replace() -> None:
        for turn in range(1, 9):
            packed.send(server, "shop", "main", wanted[turn % 2])
        ended.set()

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        while not ended.is_set():
            try:
                packed.fetch(server, "shop", "main", tmp_path / "fetched")
            except StoreError as error:
                assert "was replaced all the time" in str(error)
                continue
            got.add((tmp_path / "fetched").read_bytes())
    finally:
        thread.join(60)
    assert got <= contents


def test_a_download_goes_on_where_the_database_was_lost(
    own_postgres: Postgres, indexed, tmp_path, call, monkeypatch, small_parts
):
    """While the database is down the command says so, keeps what has arrived, and asks for the rest only."""
    url = own_postgres.create("lost")
    with running(url, limits=Limits(0)) as place:
        token = place.token("ci", "shop", push=True)
        server = remote.Server(place.url, token)
        index = indexed({"a.py": LINES})
        send(index, server, "shop")
        source = packed_index(index, tmp_path)
        packed.send(server, "shop", "main", source)
        parts = artifacts.parts_of(source.stat().st_size)
        assert parts >= 4
        asked, fetch = [], remote.Server.fetch

        def counted(self: remote.Server, path: str, value, seconds: float = 1.0) -> bytes:
            asked.append(value["number"])
            if asked == [0, 1, 2]:
                own_postgres.kill()
            return fetch(self, path, value, seconds)

        monkeypatch.setattr(remote.Server, "fetch", counted)
        monkeypatch.setattr(packed, "WAITS", (0.01, 0.01))
        monkeypatch.setenv(remote.VARIABLE, token)
        checkout = write(tmp_path / "checkout", {"a.py": LINES})
        command = ("pull", place.url, checkout, "--repo", "shop")
        run = call(*command)
        assert run.status == 2
        assert "the database cannot be used now; try again" in run.err
        assert f"2 of {parts} parts have arrived, and the same command goes on from there" in run.err
        assert asked == [0, 1, 2, 2, 2]
        run = call(*command)
        assert (run.status, "cannot answer now" in run.err) == (2, True), run.err
        own_postgres.start()
        asked.clear()
        run = call(*command)
        assert (run.status, "started from shop main" in run.err) == (0, True), run.err
        assert asked == list(range(2, parts))
    left = {path.name for path in (checkout / ".codesearch").iterdir()}
    assert not {name for name in left if name.endswith(("-pulled", ".partial"))}, left
    assert "helper_7" in call("query", "helper_7", checkout).out


@pytest.mark.parametrize(("most", "said"), [(0, "accepts none"), (1 << 20, "")])
def test_a_server_accepts_as_much_as_it_was_told(database, indexed, tmp_path, monkeypatch, most, said):
    with running(database, most_packed=most) as place:
        server = place.server("ci", "shop", push=True)
        index = indexed({"a.py": LINES})
        send(index, server, "shop")
        target = packed_index(index, tmp_path)
        if not said:
            assert packed.send(server, "shop", "main", target) == target.stat().st_size
            return
        with pytest.raises(UsageError, match=said):
            packed.send(server, "shop", "main", target)


def test_a_part_of_another_length_is_refused(place: Place, indexed, small_parts):
    server = place.server("ci", "shop", push=True)
    send(indexed({"a.py": LINES}), server, "shop")
    about = {"repository": "shop", "ref": "main", "commit": "", "sha256": "ab" * 32, "size": 5000}
    assert server.post("/push/artifact", about) == {"part": 3000, "lacking": [0, 1]}
    for number, data in ((0, "AAAA"), (1, "AAAA"), (2, "AAAA"), (-1, "AAAA"), (0, "%%%")):
        with pytest.raises(UsageError, match="not sound"):
            server.post("/push/artifact/part", {**about, "number": number, "data": data})
    with pytest.raises(UsageError, match="parts of the packed index are lacking"):
        server.post("/push/artifact/end", about)
    with pytest.raises(UsageError, match="push it first"):
        server.post("/push/artifact", {**about, "ref": "other"})


def test_branches_are_listed(pushed: Place, repository: Path, call):
    commit = git(repository, "rev-parse", "HEAD").strip()
    run = call("refs", pushed.url)
    assert (run.status, run.out.startswith(f"shop main at {commit[:12]}: 3 files, ")) == (0, True), run.out
    assert run.out.endswith(" packed\n")
    found = json.loads(call("refs", pushed.url, "--format", "json").out)
    keeps_schema(found, "refs")
    assert found["refs"][0]["artifact"]["commit"] == commit
    assert call("refs", pushed.url, "--repo", "other").status == 1


def test_a_branch_can_be_deleted(pushed: Place, call):
    assert call("access", "forget", "shop", "--ref", "other", "--store", pushed.database).status == 2
    assert call("access", "forget", "shop", "--ref", "main", "--store", pushed.database).status == 0
    run = call("refs", pushed.url)
    assert (run.status, "there is no repository that you may see" in run.err) == (1, True)
    assert (rows(pushed, "ref"), rows(pushed, "artifact")) == (0, 0)
