"""The second stage of a server: the transformer's vectors, from pushes or made for an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch.core.errors import UsageError
from codesearch.server import remote, second_stage
from codesearch.server.connect import administering
from tests.server.conftest import Place, running, send
from tests.support.models import FakeModel, forget_vectors, install, uninstall
from tests.support.schemas import keeps_schema
from tests.support.trees import SHOP

QUESTION = "retry a failed upload"


@pytest.fixture
def model() -> Iterator[FakeModel]:
    fake = FakeModel(favourite="cache")
    install(fake)
    try:
        yield fake
    finally:
        uninstall()


@pytest.fixture
def second(database: str, model: FakeModel) -> Iterator[Place]:
    with running(database, second_stage.Model(model.name)) as place:
        yield place


@pytest.fixture
def shop(tmp_path: Path, model: FakeModel) -> Iterator[codesearch.Index]:
    # The cross-encoder takes no part on a server.
    settings = {"model": model.name, "rerank": "fast", "cache": False, "workers": 1}
    with codesearch.open_index(SHOP, db=str(tmp_path / "i.db"), **settings) as index:
        index.update()
        yield index


def hits(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["symbol"]["path"], one["symbol"]["start_line"]) for one in answer["hits"]]


def vectors(place: Place) -> int:
    with administering(place.database) as db:
        row = db.execute("SELECT count(*) FROM model_vector").fetchone()
    assert row is not None
    return int(row[0])


def test_the_same_answers_as_a_local_index_with_pushed_vectors(second: Place, shop: codesearch.Index, model: FakeModel):
    shop.embed_all()
    done = send(shop, second.server("ci", "shop", push=True), "shop", source=False)
    assert done.coverage is not None
    assert done.coverage[0] == done.coverage[1] > 0
    assert done.reranked == vectors(second) > 100
    server = second.server("alice", "shop")
    model.documents.clear()
    for text in (QUESTION, "how are orders paid", "format a price", "where is the cache invalidated"):
        found = server.post("/query", {"query": text})
        forget_vectors()
        local = shop.query(text)
        assert hits(found) == [(hit.symbol.path, hit.symbol.start_line) for hit in local]
        assert [one["score"] for one in found["hits"]] == pytest.approx([hit.score for hit in local], abs=0.01)
        assert found["reranked"]["compared"] == found["reranked"]["best"] > 20
        assert found["problem"] == ""
    assert model.documents == []  # no text was embedded for an answer
    assert hits(server.post("/query", {"query": QUESTION, "fast": True})) != hits(
        server.post("/query", {"query": QUESTION})
    )
    again = send(shop, second.server("ci", "shop", push=True), "shop", source=False)
    assert again.reranked == 0


def test_missing_vectors_are_made_from_the_text_and_kept(second: Place, shop: codesearch.Index, model: FakeModel):
    done = send(shop, second.server("ci", "shop", push=True), "shop")
    assert (done.reranked, vectors(second)) == (0, 0)
    server = second.server("alice", "shop")
    found = server.post("/query", {"query": QUESTION})
    assert found["reranked"]["compared"] == found["reranked"]["best"] > 20
    kept = vectors(second)
    assert 0 < kept <= found["reranked"]["best"]
    assert hits(found) == [(hit.symbol.path, hit.symbol.start_line) for hit in shop.query(QUESTION)]
    forget_vectors()
    model.documents.clear()
    assert hits(server.post("/query", {"query": QUESTION})) == hits(found)
    assert model.documents == []
    assert vectors(second) == kept


def test_what_was_not_compared_is_said(second: Place, shop: codesearch.Index):
    send(shop, second.server("ci", "shop", push=True), "shop", source=False)
    found = second.server("alice", "shop").post("/query", {"query": QUESTION})
    best = found["reranked"]["best"]
    assert found["reranked"]["compared"] == 0
    assert f"did not compare {best} of the {best} best results with the question" in found["problem"]
    assert "shop was pushed without text and vectors" in found["problem"]


def test_an_answer_waits_no_longer_than_it_may(database: str, shop: codesearch.Index, model: FakeModel):
    with running(database, second_stage.Model(model.name, seconds=0.0)) as place:
        send(shop, place.server("ci", "shop", push=True), "shop")
        found = place.server("alice", "shop").post("/query", {"query": QUESTION})
    assert (found["reranked"]["compared"], len(found["hits"])) == (0, 10)
    assert "because its time was up: ask again" in found["problem"]


def test_a_model_that_fails_is_named(second: Place, shop: codesearch.Index, model: FakeModel):
    send(shop, second.server("ci", "shop", push=True), "shop")
    model.broken = "out of memory"
    found = second.server("alice", "shop").post("/query", {"query": QUESTION})
    assert found["hits"]
    assert "the model fake cannot be used (out of memory): this is the fast ranking only" in found["problem"]


def test_a_name_needs_no_model(second: Place, shop: codesearch.Index, model: FakeModel):
    send(shop, second.server("ci", "shop", push=True), "shop")
    model.queries.clear()
    found = second.server("alice", "shop").post("/query", {"query": "retry_upload"})
    assert (found["reranked"], model.queries) == (None, [])


def test_vectors_of_another_model_or_length_are_refused(second: Place, shop: codesearch.Index, model: FakeModel):
    server = second.server("ci", "shop", push=True)
    about = {"repository": "shop", "model": model.model_id}
    with pytest.raises(UsageError, match="no use for vectors of other"):
        server.post("/push/vectors", {**about, "model": "other", "vectors": {}})
    with pytest.raises(UsageError, match="not sound"):
        server.post("/push/vectors", {**about, "vectors": {"00" * 16: "AAAA"}})
    reader = second.server("alice", "shop")
    with pytest.raises(UsageError, match="you may not push to it"):
        reader.post("/push/vectors", {**about, "vectors": {}})


def test_vectors_of_other_repositories_are_hidden_and_gone_with_them(second: Place, shop: codesearch.Index):
    shop.embed_all()
    send(shop, second.server("ci", "shop", push=True), "shop", source=False)
    second.token("alice", "other")
    with second.pool.transaction("alice") as db:
        assert db.execute("SELECT count(*) FROM model_vector").fetchone() == (0,)
    with administering(second.database) as db:
        second_stage.add(db, 0 + _repo(db, "shop"), "old", {b"x" * 16: b"y"})
        from codesearch.server import access

        access.collect(db, days=0)
        assert db.execute("SELECT count(*) FROM model_vector WHERE model = 'old'").fetchone() == (0,)
        assert vectors_in(db) > 100
        access.forget(db, "shop")
        assert vectors_in(db) == 0


def vectors_in(db) -> int:
    return int(db.execute("SELECT count(*) FROM model_vector").fetchone()[0])


def _repo(db, name: str) -> int:
    return int(db.execute("SELECT id FROM repo WHERE name = %s", [name]).fetchone()[0])


def test_a_client_prints_what_was_compared(second: Place, shop: codesearch.Index, call, monkeypatch):
    monkeypatch.setenv(remote.VARIABLE, second.token("ci", "shop", push=True))
    pushed = call("push", second.url, SHOP, "--repo", "shop", "--db", str(shop.path), "--no-update", "--no-source")
    assert "the second stage has vectors of 0 of" in pushed.err
    assert "`codesearch index --embed full` makes the others before a push" in pushed.err
    run = call("query", QUESTION, "--remote", second.url, "--json")
    found = json.loads(run.out)
    keeps_schema(found, "query-remote")
    assert found["reranked"]["compared"] == 0
    assert found["problem"] in run.err
    assert "did not compare" in run.err
    fast = json.loads(call("query", QUESTION, "--remote", second.url, "--json", "--model", "static").out)
    assert (fast["reranked"], fast["problem"]) == (None, "")
    refused = call("query", QUESTION, "--remote", second.url, "--model", "other")
    assert "--model other cannot be combined with --remote" in refused.err
