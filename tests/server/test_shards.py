"""Two databases as the shards of a server: the answers of one database, and what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

import codesearch
from codesearch.core.errors import StoreError, UsageError
from codesearch.server import access, remote, schema, second_stage, shards
from codesearch.server.connect import Pool, administering
from codesearch.server.databases import Databases
from codesearch.server.identity import Limits
from codesearch.server.replicas import Replicas
from codesearch.server.shards import administration, placed
from tests.server.conftest import Place, Process, running, send, serving
from tests.server.test_answers import QUESTIONS
from tests.server.test_metrics import asked
from tests.server.test_page import WIDE, browse, searched, signed_in
from tests.support.models import FakeModel, forget_vectors, install, uninstall
from tests.support.postgres import Postgres, Replica
from tests.support.schemas import keeps_schema
from tests.support.trees import SHOP
from tests.support.wait import until

NAMES = ("cherry", "date", "grape", "kiwi")
"""In the order of their shards."""


@pytest.fixture(scope="module")
def _pair(postgres: Postgres, own_postgres: Postgres) -> tuple[str, str]:
    return postgres.create("first"), own_postgres.create("second")


@dataclass
class Sharded:
    """A gateway in this process over two databases."""

    urls: tuple[str, str]
    url: str
    databases: Databases

    def token(self, who: str, *repositories: str, push: bool = False) -> str:
        with administration(self.urls) as server:
            server.grant(who, repositories, may_push=push)
            return server.new_token(who)

    def server(self, who: str, *repositories: str, push: bool = False) -> remote.Server:
        return remote.Server(self.url, self.token(who, *repositories, push=push))


@contextmanager
def over(urls: tuple[str, str], **options: Any) -> Iterator[Sharded]:
    shards.prepare(urls)
    databases = Databases.of(list(map(Pool, urls)))
    with serving(databases, limits=Limits(0), **options) as url:
        yield Sharded(urls, url, databases)


@pytest.fixture
def empty(_pair: tuple[str, str]) -> tuple[str, str]:
    """Return the URLs of two empty databases that are no shards yet."""
    for url in _pair:
        with administering(url) as db:
            db.execute("TRUNCATE repo, token, shard CASCADE")
    return _pair


@pytest.fixture
def sharded(empty: tuple[str, str]) -> Iterator[Sharded]:
    shards.migrate(empty)
    with over(empty) as found:
        yield found


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, codesearch.Index]]:
    """Return the indexes of four repositories with the files of the shop."""
    files = sorted(path for path in SHOP.rglob("*") if path.is_file())
    found = {}
    for number, name in enumerate(NAMES):
        root = tmp_path_factory.mktemp(name)
        for path in files[number :: len(NAMES)]:
            target = root / path.relative_to(SHOP)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        found[name] = codesearch.open_index(root, model="static", workers=1)
        found[name].update()
    yield found
    for index in found.values():
        index.close()


@pytest.fixture
def filled(sharded: Sharded, parts: dict[str, codesearch.Index]) -> Sharded:
    server = sharded.server("ci", *NAMES, push=True)
    for name in NAMES:
        send(parts[name], server, name)
    return sharded


def homes(urls: tuple[str, str]) -> list[set[str]]:
    """Return the repositories whose files each database has."""
    found = []
    for url in urls:
        with administering(url) as db:
            rows = db.execute("SELECT DISTINCT p.name FROM file f JOIN repo p ON p.id = f.repo").fetchall()
        found.append({row[0] for row in rows})
    return found


def test_repositories_are_in_the_shard_of_their_name_and_nowhere_else(filled: Sharded):
    assert [placed(name, 2) for name in NAMES] == [0, 0, 1, 1]
    assert homes(filled.urls) == [set(NAMES[:2]), set(NAMES[2:])]
    with psycopg.connect(filled.urls[0]) as db:
        for table in ("ref", "symbol", "content", "word", "source"):
            rows = db.execute(
                f"SELECT DISTINCT p.name FROM codesearch.{table} t JOIN codesearch.repo p ON p.id = t.repo".encode()
            ).fetchall()
            assert {row[0] for row in rows} == set(NAMES[:2]), table


@pytest.fixture
def one(place: Place, parts: dict[str, codesearch.Index]) -> remote.Server:
    """Return a server with the same repositories in one database, whose ids are in another order."""
    server = place.server("ci", *NAMES, push=True)
    for name in reversed(NAMES):
        send(parts[name], server, name)
    return server


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Return candidates in an order of their own, without the numbers that a database gives to what it holds."""
    found = [
        {name: value for name, value in one.items() if name not in ("id", "content")} for one in answer["candidates"]
    ]
    return {**answer, "candidates": sorted(found, key=lambda one: (one["repository"], json.dumps(one["symbol"])))}


ASKED: tuple[dict[str, Any], ...] = (
    *({"query": text, "lines": 5} for text in QUESTIONS),
    {"query": "lang:python -is:test load", "limit": 50},
    {"query": "kind:method save", "limit": 50},
    {"query": "load_settings"},
    {"query": "load repo:cherry"},
    {"query": "load -repo:grape", "limit": 30},
    {"query": "load", "where": {"names": ["get*"]}},
)


def test_two_shards_answer_as_one_database(filled: Sharded, one: remote.Server):
    """The same hits in the same order, with the same scores, evidence, lines and refs."""
    there = remote.Server(filled.url, filled.token("ci", *NAMES, push=True))
    for question in ASKED:
        found, known = there.post("/query", question), one.post("/query", question)
        assert found == known, question
        assert found["hits"]
        assert bare(there.post("/candidates", question)) == bare(one.post("/candidates", question))
    several = there.post("/query", {"query": "load settings", "limit": 30})["hits"]
    assert {hit["repository"] for hit in several} == set(NAMES)
    for hit in several[:6]:
        symbol = hit["symbol"]
        asked_of = {"repository": hit["repository"], "ref": "main", "path": symbol["path"]}
        like = {**asked_of, "qualname": symbol["qualname"], "start_byte": symbol["start_byte"], "lines": 3}
        assert there.post("/similar", like) == one.post("/similar", like)
        lines = {**asked_of, "first": 1, "last": 30, "terms": ["load"]}
        assert there.post("/source", lines) == one.post("/source", lines)
    found, known = there.get("/refs"), one.get("/refs")
    for listed in (*found["refs"], *known["refs"]):
        del listed["pushed"]
    assert found == known


def test_the_second_stage_compares_the_best_of_all_shards(
    empty: tuple[str, str], database: str, parts: dict[str, codesearch.Index]
):
    """Its vectors are made from the text of every shard, and each shard keeps those of its own repositories."""
    fake = FakeModel(favourite="cache")
    install(fake)
    try:
        model = second_stage.Model(fake.name, seconds=60)
        shards.migrate(empty)
        with over(empty, model=model) as both, running(database, model) as alone:
            servers = [each.server("ci", *NAMES, push=True) for each in (both, alone)]
            for name in NAMES:
                for server in servers:
                    send(parts[name], server, name)
            for text in ("retry a failed upload", "where is the cache invalidated"):
                forget_vectors()
                found, known = (server.post("/query", {"query": text, "limit": 30}) for server in servers)
                assert found == known
                assert found["reranked"]["compared"] == found["reranked"]["best"] > 20
                assert found["problem"] == ""
                assert {hit["repository"] for hit in found["hits"]} == set(NAMES)
            forget_vectors()
            fake.documents.clear()
            assert servers[0].post("/query", {"query": text, "limit": 30}) == found
            assert fake.documents == [], "the vectors were kept"
    finally:
        uninstall()
    for url, own in zip(empty, (NAMES[:2], NAMES[2:]), strict=True):
        with administering(url) as db:
            rows = db.execute("SELECT DISTINCT p.name FROM model_vector v JOIN repo p ON p.id = v.repo").fetchall()
        assert {row[0] for row in rows} == set(own)


def test_what_a_name_filter_means_is_decided_over_all_shards(sharded: Sharded, indexed):
    """`[Symbol.iterator]` is a name if any repository has it, and a pattern of one letter otherwise."""
    server = sharded.server("ci", "cherry", "grape", push=True)
    send(indexed({"a.ts": "class A {\n  [Symbol.iterator]() { return walk(this) }\n}\n"}), server, "cherry")
    send(indexed({"b.py": "def o():\n    return walk(1)\n"}), server, "grape")
    found = server.post("/query", {"query": "walk", "where": {"names": ["[Symbol.iterator]"]}})
    assert [one["symbol"]["name"] for one in found["hits"]] == ["[Symbol.iterator]"]
    only = server.post("/query", {"query": "walk", "where": {"names": ["[o]"]}})
    assert [one["repository"] for one in only["hits"]] == ["grape"]


def test_rights_hold_in_each_shard(filled: Sharded):
    everything = [{"query": text, "limit": 50} for text in ("load settings", "save")]
    for who, own in (("alice", ("cherry", "kiwi")), ("bob", ("grape",)), ("carol", ("date",))):
        server = filled.server(who, *own)
        for question in everything:
            found = server.post("/query", question)
            assert {one["name"] for one in found["repositories"]} == set(own)
            assert {hit["repository"] for hit in found["hits"]} <= set(own)
        assert {one["repository"] for one in server.get("/refs")["refs"]} == set(own)
        for name in set(NAMES) - set(own):
            with pytest.raises(UsageError, match="there is no repository"):
                server.post("/query", {"query": "load", "repositories": [name]})
            with pytest.raises(UsageError, match="there is no repository"):
                server.post("/source", {"repository": name, "ref": "main", "path": "x", "first": 1, "last": 2})
            with pytest.raises(UsageError, match="or you may not push to it"):
                server.post("/push/begin", {"repository": name, "ref": "main", "files": [], "model": "x"})
    with administration(filled.urls) as owner:
        owner.revoke("alice", ["cherry"])
        owner.grant(access.group("developers"), ["cherry", "grape"], may_push=False)
        listed = {one["who"]: one["reads"] for one in owner.listing()}
    assert listed["alice"] == ["kiwi"] and listed["@developers"] == ["cherry", "grape"]
    with filled.databases.reading(access.asker("dora", ["developers"]), "", lambda _: "dora") as read:
        rows = read.transactions.each(lambda _, db: db.execute("SELECT p.name FROM ref r JOIN repo p ON p.id = r.repo"))
        assert [[row[0] for row in some] for some in rows] == [["cherry"], ["grape"]]
    with administration(filled.urls) as owner:
        owner.revoke("alice")
    with pytest.raises(UsageError, match="token is wrong"):
        remote.Server(filled.url, "cs_wrong").post("/query", {"query": "load"})


@contextmanager
def killed(own_postgres: Postgres) -> Iterator[None]:
    own_postgres.kill()
    try:
        yield
    finally:
        own_postgres.start()


def test_a_shard_that_is_down_is_told_in_every_format(
    filled: Sharded, own_postgres: Postgres, call, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    token = filled.token("ci", *NAMES, push=True)
    server, bob = remote.Server(filled.url, token), filled.server("bob", "cherry")
    monkeypatch.setenv(remote.VARIABLE, token)
    whole = server.post("/query", {"query": "load settings"})
    assert (whole["problem"], whole["missing"]) == ("", [])
    said = "not searched, because the database cannot be reached: grape, kiwi"
    with killed(own_postgres):
        found = server.post("/query", {"query": "load settings"})
        assert (found["problem"], found["missing"]) == (said, ["grape", "kiwi"])
        assert {one["name"] for one in found["repositories"]} == {"cherry", "date"} and found["hits"]
        there = ("query", "load settings", "--remote", filled.url)
        for format in ("text", "json", "paths", "vimgrep", "nl"):
            run = call(*there, "--format", format)
            assert (run.status, said in run.err) == (0, True), format
        printed = json.loads(call(*there, "--json").out)
        keeps_schema(printed, "query-remote")
        assert (printed["complete"], printed["missing"], printed["problem"]) == (False, ["grape", "kiwi"], said)
        only = server.post("/query", {"query": "load repo:grape"})
        assert (only["hits"], only["missing"]) == ([], ["grape"])
        assert server.post("/query", {"query": "load repo:cherry"})["problem"] == ""
        assert bob.post("/query", {"query": "load"})["problem"] == "", "what he may not see is not missing"
        listed = call("refs", filled.url, "--format", "json")
        keeps_schema(json.loads(listed.out), "refs")
        assert json.loads(listed.out)["missing"] == ["grape", "kiwi"]
        assert "not listed, because the database cannot be reached: grape, kiwi" in listed.err
        with pytest.raises(remote.UnreachableError, match="the database cannot be used now"):
            server.post("/source", {"repository": "grape", "ref": "main", "path": "x", "first": 1, "last": 2})
        with pytest.raises(remote.UnreachableError, match="the database cannot be used now"):
            server.post("/push/begin", {"repository": "kiwi", "ref": "main", "files": [], "model": "x"})
        with pytest.raises(StoreError, match="cannot be reached"), administration(filled.urls) as administered:
            administered.grant("alice", ["cherry"], may_push=False)
        assert asked(filled.url, "/health/ready")[0] == 200
    until(lambda: server.post("/query", {"query": "load settings"}) == whole)
    with administration(filled.urls) as administered:
        assert "alice" not in {one["who"] for one in administered.listing()}, "all or nothing"


@pytest.mark.editor
def test_the_page_shows_both_shards_and_says_what_is_missing(filled: Sharded, own_postgres: Postgres, tmp_path):
    token = filled.token("ann", *NAMES)
    places = "[...new Set([...document.querySelectorAll('.hit .where b')].map(one => one.textContent))].sort()"
    steps = [
        *signed_in(token), *searched("load settings"),
        ("evaluate", places),
        ("evaluate", "[...document.querySelectorAll('#repository option')].map(one => one.value)"),
        ("shot", str(tmp_path / "page.png")),
    ]  # fmt: skip
    refused = ("Failed to load resource: the server responded with a status of 401",)
    whole = browse(filled.url, *steps, size=WIDE, problems=refused)["results"]
    assert whole == [list(NAMES), ["", *NAMES]]
    with killed(own_postgres):
        found = browse(
            filled.url, *steps, ("evaluate", "document.body.innerText"), size=WIDE, problems=refused
        )["results"]  # fmt: skip
    assert found[0] == list(NAMES[:2])
    assert "the database cannot be reached: grape, kiwi" in found[2]


def test_pushes_to_a_shard_go_on_while_another_is_down(filled: Sharded, own_postgres: Postgres, indexed):
    server = remote.Server(filled.url, filled.token("ci", *NAMES, push=True))
    with killed(own_postgres):
        send(indexed({"new.py": "def brand_new():\n    return 1\n"}), server, "cherry", "c2")
        assert server.post("/query", {"query": "brand_new"})["hits"][0]["repository"] == "cherry"


def test_packed_indexes_are_in_the_shard_of_their_repository(sharded: Sharded, call, monkeypatch, tmp_path):
    monkeypatch.setenv(remote.VARIABLE, sharded.token("ci", "cherry", "kiwi", push=True))
    for name in ("cherry", "kiwi"):
        root = tmp_path / name
        root.mkdir()
        (root / "a.py").write_text(f"def of_{name}():\n    return 1\n")
        run = call("push", sharded.url, root, "--repo", name, "--ref", "main", "--artifact", "--commit", "abc")
        assert run.status == 0, run.err
        db = tmp_path / f"{name}.db"
        run = call("pull", sharded.url, root, "--repo", name, "--db", db)
        assert (run.status, f"started from {name} main" in run.err) == (0, True), run.err
    with psycopg.connect(sharded.urls[1]) as db:
        assert db.execute("SELECT count(*) FROM codesearch.artifact").fetchall() == [(1,)]


def test_a_repository_or_a_branch_is_forgotten_everywhere(filled: Sharded, call):
    there = ("--store", filled.urls[0], "--store", filled.urls[1])
    assert call("access", "forget", "kiwi", "--ref", "none", *there).status == 2
    assert call("access", "forget", "kiwi", "--ref", "main", *there).status == 0
    assert call("access", "forget", "grape", *there).status == 0
    assert call("access", "forget", "grape", *there).status == 2
    server = remote.Server(filled.url, filled.token("dora", *NAMES[:2], "kiwi"))
    assert {one["repository"] for one in server.get("/refs")["refs"]} == {"cherry", "date"}
    assert call("access", "gc", *there).err == "codesearch: deleted 0 versions of files\n"
    for url in filled.urls:
        with administering(url) as db:
            assert db.execute("SELECT count(*) FROM repo WHERE name = 'grape'").fetchall() == [(0,)]


def test_the_list_of_databases_must_be_whole_and_in_order(sharded: Sharded, call):
    first, second = sharded.urls
    for urls, said in (
        ((second, first), "is shard 2 of 2, and --store has it as 1 of 2"),
        ((first,), "is shard 1 of 2, and --store has it as 1 of 1: name all databases of the server, in their order"),
        ((second,), "is shard 2 of 2"),
        ((first, first), "is given twice"),
    ):
        options = [part for url in urls for part in ("--store", url)]
        for command in (("access", "list"), ("serve",), ("access", "migrate")):
            run = call(*command, *options)
            assert (run.status, said in run.err) == (2, True), (command, run.err)
    for replica, said in (
        (second, "with several databases, say which of them it copies: 1=postgresql://..."),
        (f"3={second}", "--store names 2 databases, numbered from 1"),
        (f"0={second}", "--store names 2 databases, numbered from 1"),
    ):
        run = call("serve", "--store", first, "--store", second, "--replica", replica)
        assert (run.status, said in run.err) == (2, True), run.err


def test_databases_that_are_no_shards_yet_are_refused_with_what_to_do(empty: tuple[str, str], call):
    there = ("--store", empty[0], "--store", empty[1])
    for command in (("access", "list"), ("serve",)):
        run = call(*command, *there)
        assert (run.status, "is no shard yet: run `codesearch access migrate`" in run.err) == (2, True), run.err


def test_a_database_joins_one_that_has_repositories(
    empty: tuple[str, str], parts: dict[str, codesearch.Index], call, monkeypatch
):
    """What was pushed stays where it is, and new names are placed over both."""
    with running(empty[0]) as alone:
        token = alone.token("ci", "grape", push=True)
        send(parts["grape"], remote.Server(alone.url, token), "grape")
    there = ("--store", empty[0], "--store", empty[1])
    run = call("access", "migrate", *there)
    assert (run.status, run.err) == (0, f"codesearch: 2 databases have schema {schema.VERSION}\n")
    with over(empty) as both:
        with administration(empty) as server:
            server.grant("ci", ["kiwi"], may_push=True)
        send(parts["kiwi"], remote.Server(both.url, token), "kiwi")
        send(parts["grape"], remote.Server(both.url, token), "grape", "c2")
        found = remote.Server(both.url, token).post("/query", {"query": "load settings", "limit": 50})
    assert {one["name"]: one["commit"] for one in found["repositories"]} == {"grape": "c2", "kiwi": "c1"}
    assert homes(empty) == [{"grape"}, {"kiwi"}]


def test_a_repository_that_is_in_two_databases_is_refused(empty: tuple[str, str], call):
    for url in empty:
        with administering(url) as db:
            access.grant(db, "ci", ["cherry"], may_push=True)
    run = call("access", "migrate", "--store", empty[0], "--store", empty[1])
    assert (run.status, "the repository cherry is in " in run.err) == (2, True), run.err
    for url in empty:
        with administering(url) as db:
            assert db.execute("SELECT count(*) FROM shard").fetchall() == [(0,)], "nothing has changed"


def test_the_command_serves_shards_and_its_metrics_tell_them_apart(sharded: Sharded, tmp_path):
    process = Process(" ".join(sharded.urls), tmp_path / "log", "--port", "0", "--model", "static")
    try:
        found: Callable[[], str] = lambda: asked(process.url, "/metrics")[1]  # noqa: E731
        until(lambda: 'codesearch_database_up{shard="2"} 1' in found())
        lines = found().splitlines()
    finally:
        process.kill()
    assert 'codesearch_database_connections_max{shard="1"} 16' in lines
    assert sum(line.startswith("# TYPE codesearch_database_connections ") for line in lines) == 1


# -- replicas of a shard ---------------------------------------------------------------------------


@dataclass
class Copied(Sharded):
    """A gateway over two databases, of which the second has a replica."""

    copy: Replica


@pytest.fixture
def copied(filled: Sharded, own_postgres: Postgres) -> Iterator[Copied]:
    copy = own_postgres.replica()
    places = shards.prepare(filled.urls)
    copies = [[], [Pool(copy.url("second"))]]
    databases = Databases(
        [
            Replicas(Pool(url), some, 5.0, place=place)
            for url, some, place in zip(filled.urls, copies, places, strict=True)
        ]
    )
    try:
        with serving(databases, limits=Limits(0)) as url:
            yield Copied(filled.urls, url, databases, copy)
    finally:
        copy.close()


def reads(url: str, shard: int, source: str) -> bool:
    return f'codesearch_reads_total{{shard="{shard}",from="{source}"}} ' in asked(url, "/metrics")[1]


def test_a_replica_of_one_shard_answers_for_it(filled: Sharded, copied: Copied):
    token = copied.token("ci", *NAMES, push=True)
    question = {"query": "load settings", "limit": 30}
    until(lambda: remote.Server(copied.url, token).post("/query", question)["lag"] is not None)
    found = remote.Server(copied.url, token).post("/query", question)
    known = remote.Server(filled.url, token).post("/query", question)
    assert 0 <= found["lag"] <= 5 and known["lag"] is None
    assert {**found, "lag": None} == known
    assert reads(copied.url, 2, "replica") and not reads(copied.url, 1, "replica")
    assert 'codesearch_replica_lag_seconds{shard="2",replica="1"} ' in asked(copied.url, "/metrics")[1]


def test_who_pushed_to_a_shard_with_a_replica_sees_it_at_once(copied: Copied, indexed):
    server = copied.server("ci", *NAMES, push=True)
    until(lambda: server.post("/query", {"query": "load"})["lag"] is not None)
    copied.copy.pause(paused=True)
    try:
        send(indexed({"new.py": "def brand_new():\n    return 1\n"}), server, "kiwi", "c2")
        found = server.post("/query", {"query": "brand_new"})
        assert (found["hits"][0]["repository"], found["lag"]) == ("kiwi", None)
    finally:
        copied.copy.pause(paused=False)


def test_a_replica_answers_for_a_shard_that_is_down_and_says_so(copied: Copied, own_postgres: Postgres, indexed):
    server = copied.server("ci", *NAMES, push=True)
    question = {"query": "load settings", "limit": 30}
    until(lambda: server.post("/query", question)["lag"] is not None)
    whole = server.post("/query", question)
    with killed(own_postgres):
        until(lambda: server.post("/query", question)["problem"])
        found = server.post("/query", question)
        assert found["problem"].startswith("database 2 cannot be reached; the answer is from a copy that is up to ")
        assert (found["hits"], found["missing"]) == (whole["hits"], [])
        assert asked(copied.url, "/health/ready")[0] == 200
        with pytest.raises(remote.UnreachableError, match="the database cannot be used now"):
            send(indexed({"new.py": "def brand_new():\n    return 1\n"}), server, "kiwi", "c2")
    until(lambda: not server.post("/query", question)["problem"])


def test_a_replica_of_another_database_is_refused(copied: Copied, call):
    first, second = copied.urls
    run = call("serve", "--store", first, "--store", second, "--replica", f"1={copied.copy.url('second')}")
    assert (run.status, "this is a replica of database 2 of a server, and not of " in run.err) == (2, True), run.err
