"""Questions are answered from a real streaming replica while it is near enough, and the answer says how near."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from codesearch.core.errors import StoreError, UsageError
from codesearch.server import remote
from codesearch.server.connect import Pool, administering
from codesearch.server.identity import Limits
from codesearch.server.replicas import Replicas
from tests.server.conftest import Place, running, send
from tests.server.test_metrics import asked
from tests.support.postgres import Postgres, Replica
from tests.support.schemas import keeps_schema
from tests.support.trees import SMALL
from tests.support.wait import until


@pytest.fixture(scope="module")
def copied(own_postgres: Postgres) -> Iterator[tuple[str, Replica]]:
    url = own_postgres.create("replicated")
    with administering(url):
        pass
    copy = own_postgres.replica()
    try:
        yield url, copy
    finally:
        copy.close()


@dataclass
class Pair:
    """A gateway that asks a replica."""

    place: Place
    copy: Replica
    replicas: Replicas

    def ask(self, token: str, path: str = "/query") -> dict[str, Any]:
        found: dict[str, Any] = remote.Server(self.place.url, token).post(path, {"query": "send a file again"})
        return found

    def near(self, token: str) -> dict[str, Any]:
        """Wait until the replica answers."""
        return self.when(token, lambda found: found["lag"] is not None)

    def when(self, token: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask until something holds of the answer."""
        answers: list[dict[str, Any]] = []

        def does() -> bool:
            answers.append(self.ask(token))
            return holds(answers[-1])

        until(does, lambda: str(answers[-1])[:500])
        return answers[-1]

    def refs(self, token: str) -> list[str]:
        return [one["commit"] for one in remote.Server(self.place.url, token).get("/refs")["refs"]]


@pytest.fixture
def pair(copied: tuple[str, Replica]) -> Iterator[Pair]:
    url, copy = copied
    with administering(url) as db:
        db.execute("TRUNCATE repo, token CASCADE")
    pool = Pool(url)
    replicas = Replicas(pool, [Pool(copy.url("replicated"))], 5.0)
    try:
        with running(url, replicas=replicas, limits=Limits(0)) as place:
            yield Pair(place, copy, replicas)
    finally:
        replicas.close()
        pool.close()


def reads(pair: Pair, source: str) -> float:
    lines = asked(pair.place.url, "/metrics")[1].splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith(f'codesearch_reads_total{{from="{source}"}}')
    )


def test_a_replica_answers_as_the_primary_does_and_says_its_lag(pair: Pair, indexed, call, monkeypatch):
    ci = pair.place.token("ci", "small", push=True)
    send(indexed(SMALL), remote.Server(pair.place.url, ci), "small")
    found = pair.near(ci)
    assert 0 <= found["lag"] <= 5
    with running(pair.place.database) as alone:
        theirs = remote.Server(alone.url, ci).post("/query", {"query": "send a file again"})
    assert theirs["lag"] is None
    assert found["hits"] == theirs["hits"] != []
    assert reads(pair, "replica") >= 1
    assert 'codesearch_replica_lag_seconds{replica="1"} ' in asked(pair.place.url, "/metrics")[1]
    monkeypatch.setenv(remote.VARIABLE, ci)
    printed = json.loads(call("query", "send a file again", "--remote", pair.place.url, "--json").out)
    keeps_schema(printed, "query-remote")
    assert 0 <= printed["lag"] <= 5


def test_who_pushed_sees_it_at_once_and_others_within_the_lag(pair: Pair, indexed):
    ci, alice = pair.place.token("ci", "small", push=True), pair.place.token("alice", "small")
    server = remote.Server(pair.place.url, ci)
    index = indexed(SMALL)
    send(index, server, "small", "c1")
    pair.near(ci)
    until(lambda: pair.ask(alice)["lag"] is not None)
    pair.copy.pause(paused=True)
    try:
        send(index, server, "small", "c2")
        assert pair.refs(ci) == ["c2"], "the one who pushed is answered by the primary"
        assert pair.refs(alice) == ["c1"], "as it was when the replica stopped, not long ago"
    finally:
        pair.copy.pause(paused=False)
    until(lambda: pair.refs(alice) == ["c2"])
    assert pair.near(ci)["repositories"][0]["commit"] == "c2"


def test_a_token_that_the_replica_does_not_know_yet_is_looked_up_in_the_database(pair: Pair, indexed):
    ci = pair.place.token("ci", "small", push=True)
    send(indexed(SMALL), remote.Server(pair.place.url, ci), "small")
    pair.near(ci)
    pair.copy.pause(paused=True)
    try:
        found = pair.ask(pair.place.token("new", "small"))
        assert found["hits"] and found["lag"] is None
        with pytest.raises(UsageError, match="the token is wrong"):
            pair.ask("cs_wrong")
    finally:
        pair.copy.pause(paused=False)


def test_one_that_is_too_far_behind_is_not_asked(pair: Pair, indexed):
    ci, alice = pair.place.token("ci", "small", push=True), pair.place.token("alice", "small")
    index = indexed(SMALL)
    send(index, remote.Server(pair.place.url, ci), "small", "c1")
    pair.near(alice)
    pair.copy.pause(paused=True)
    try:
        send(index, remote.Server(pair.place.url, ci), "small", "c2")
        until(lambda: pair.refs(alice) == ["c2"], "after five seconds")
        found = pair.ask(alice)
        assert (found["lag"], found["problem"]) == (None, "")
    finally:
        pair.copy.pause(paused=False)


def test_a_replica_that_is_gone_and_one_that_is_none(pair: Pair, copied, indexed):
    ci = pair.place.token("ci", "small", push=True)
    send(indexed(SMALL), remote.Server(pair.place.url, ci), "small", "c1")
    url = copied[0]
    pool, nowhere = Pool(url), Pool("postgresql://postgres@/replicated?host=/nowhere")
    for other in (nowhere, Pool(url)):
        replicas = Replicas(pool, [other])
        try:
            with running(url, replicas=replicas, limits=Limits(0)) as place:
                found = remote.Server(place.url, ci).post("/query", {"query": "send a file again"})
                assert found["hits"] and found["lag"] is None
        finally:
            replicas.close()
    pool.close()


def test_without_the_primary_a_replica_answers_and_says_so(own_postgres: Postgres, copied, indexed):
    url, copy = copied
    pool = Pool(url)
    replicas = Replicas(pool, [Pool(copy.url("replicated"))], 2.0)
    try:
        with running(url, replicas=replicas, limits=Limits(0)) as place:
            ci = place.token("ci", "small", push=True)
            send(indexed(SMALL), remote.Server(place.url, ci), "small", "c1")
            pair = Pair(place, copy, replicas)
            pair.near(ci)
            own_postgres.kill()
            try:
                found = pair.when(ci, lambda one: bool(one["problem"]))
                assert found["hits"]
                assert found["problem"].startswith("the database cannot be reached; the answer is from a copy")
                assert asked(place.url, "/health/ready")[0] == 200
                assert reads(pair, "stale") >= 1
                with pytest.raises(remote.UnreachableError):
                    send(indexed(SMALL), remote.Server(place.url, ci), "small", "c2")
            finally:
                own_postgres.start()
            found = pair.when(ci, lambda one: not one["problem"])
            assert found["hits"]
    finally:
        replicas.close()
        pool.close()


def test_how_old_a_replica_is_follows_from_looks_at_the_primary(monkeypatch):
    now, positions = [100.0], {"value": 10}
    replicas = Replicas(Pool("postgresql://nowhere/x"), clock=lambda: now[0])
    monkeypatch.setattr(replicas, "look", lambda: replicas._looks.append((now[0], positions["value"])))
    assert replicas._lag(10) == float("inf"), "nothing was looked at yet"
    for when, position in ((100.0, 10), (101.0, 10), (102.0, 25), (103.0, 30)):
        now[0], positions["value"] = when, position
        replicas.look()
    now[0] = 103.5
    assert [replicas._lag(replayed) for replayed in (30, 29, 25, 10, 9)] == [0.5, 1.5, 1.5, 2.5, float("inf")]
    with pytest.raises(StoreError), replicas.reading(""):
        pass
