"""A service with a reranker: the same answers and notes, and vectors computed while it is idle."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch.rerank import process
from codesearch.service import Service, client
from codesearch.service.maintainer import Maintainer
from tests.support.models import FakeModel
from tests.support.trees import write_function
from tests.support.wait import until


def test_a_service_answers_as_the_command_does_and_only_by_the_same_settings(tree: Path, fake: FakeModel):
    with Service(tree, {"model": "fake"}) as service:
        assert service.refresh(timeout=60)
        for embed, answers in (("lazy", True), ("full", True), ("none", False)):
            with codesearch.open_index(tree, model="fake", embed=embed) as index:
                answer = client.query(index, "handle function 7")
                assert (answer is not None) == answers
                if answer is not None:
                    assert answer.hits == index.query("handle function 7").hits
        with codesearch.open_index(tree, model="static") as index:
            assert client.query(index, "handle function 7") is None


def test_why_the_second_stage_is_missing_reaches_the_client(tree: Path, fake: FakeModel):
    fake.broken = "the model is damaged"
    with Service(tree, {"model": "fake"}) as service:
        assert service.refresh(timeout=60)
        with codesearch.open_index(tree, model="fake") as index:
            answer = client.query(index, "handle function 7")
            assert answer is not None
            assert answer.hits
            assert "the model is damaged" in answer.problem


def test_with_full_it_embeds_all_while_idle_and_new_files_too(tree: Path, fake: FakeModel):
    with Service(tree, {"model": "fake", "embed": "full"}, serve=False) as service:
        assert service.refresh(timeout=60)

        def complete() -> bool:
            with service.reading() as index:
                status = index.status()
            return 0 < status.embedded == status.symbols

        until(complete)
        generation = service.status().generation
        write_function(tree, "src/added.py", "added_function")
        assert service.refresh(timeout=60)
        until(complete)
        until(lambda: service.status().embedding is None)
        assert service.status().generation == generation + 1, "vectors are no change of the index"


def test_with_full_a_saved_file_does_not_wait_for_the_vectors(tree: Path, fake: FakeModel):
    fake.delay = 0.3
    with Service(tree, {"model": "fake", "embed": "full"}, serve=False) as service:
        assert service.refresh(timeout=60)
        until(lambda: fake.documents)
        write_function(tree, "src/added.py", "added_function")
        assert service.refresh(timeout=60)
        with service.reading() as index:
            status = index.status()
        assert status.embedded < status.symbols
        assert any(symbol.name == "added_function" for symbol in service.symbols())


def test_lazily_nothing_is_embedded_unasked(tree: Path, fake: FakeModel, monkeypatch: pytest.MonkeyPatch):
    idle: list[int] = []
    fill = Maintainer._backfill

    def counted(self: Maintainer) -> None:
        fill(self)
        idle.append(1)

    monkeypatch.setattr(Maintainer, "_backfill", counted)
    with Service(tree, {"model": "fake"}, serve=False) as service:
        assert service.refresh(timeout=60)
        until(lambda: len(idle) > 2, "the service has had time to embed")
        assert fake.documents == []
        assert not process.state.models
