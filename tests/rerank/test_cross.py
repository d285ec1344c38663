"""The cross-encoder reads the first hits: once per question, in its time, and never at the cost of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

import codesearch
from codesearch import RerankBudget
from codesearch.core.errors import RerankCancelledError
from codesearch.embed import cross
from codesearch.rerank import process
from codesearch.search import parse, pipeline
from codesearch.search.rank import CROSS_CANDIDATES
from codesearch.search.ranking import RERANKED
from tests.support import models
from tests.support.models import FakeCrossEncoder, FakeModel

QUESTION = "generate shell completion script"


@pytest.fixture
def reader(fake: FakeModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCrossEncoder]:
    """A cross-encoder that likes what is about orders and files."""
    model = FakeCrossEncoder("order", "file", "path", "name", "customer", "total")
    monkeypatch.setattr(process.ProcessState, "cross", lambda state: model)
    monkeypatch.setattr(cross, "usable", lambda: True)
    weights = {**RERANKED.weights, "cross_odds": 5.0}
    monkeypatch.setattr(pipeline, "COMPARED", RERANKED._replace(weights=weights, compared=True))
    yield model


def ids(hits):
    return [(hit.symbol.path, hit.symbol.start_line, hit.score) for hit in hits]


def places(hits):
    return [(hit.symbol.path, hit.symbol.start_line) for hit in hits]


def asked(root: Path, **settings):
    with codesearch.open_index(root, model="fake", **settings) as index:
        return index.query(QUESTION, limit=50)


def test_it_reorders_the_first_hits_only(root: Path, reader: FakeCrossEncoder):
    fast, full = asked(root, rerank="fast"), asked(root)
    assert reader.read
    assert len(reader.read) <= CROSS_CANDIDATES
    assert places(fast) != places(full)
    assert set(places(fast)) == set(places(full))
    first = len({hit.symbol for hit in fast[:CROSS_CANDIDATES]})
    assert places(fast)[first:] == places(full)[first:]
    scores = [hit.score for hit in full]
    assert scores == sorted(scores, reverse=True)


def test_a_question_is_read_once(root: Path, reader: FakeCrossEncoder):
    first = asked(root)
    reader.read.clear()
    assert ids(asked(root)) == ids(first)
    models.forget_vectors()  # another process: the scores are in the index
    assert ids(asked(root)) == ids(first)
    assert reader.read == []


def test_what_changed_is_read_again(root: Path, reader: FakeCrossEncoder):
    first = asked(root)[0].symbol
    count = len(reader.read)
    reader.read.clear()
    path = root / first.path
    lines = path.read_text().split("\n")
    lines[first.start_line - 1] += "  # zsh"
    path.write_text("\n".join(lines))
    with codesearch.open_index(root, model="fake") as index:
        index.update()
    asked(root)
    assert 0 < len(reader.read) < count


@pytest.mark.parametrize("kept", [True, False])
def test_scores_are_kept_in_the_index_only_if_the_question_may_be(root: Path, reader: FakeCrossEncoder, *, kept: bool):
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION, budget=RerankBudget(keep_query=kept, write_later=True))
        index.flush()
        reader.read.clear()
        models.forget_vectors()
        index.query(QUESTION)
    assert bool(reader.read) is not kept


def test_without_enough_time_it_is_left_out_wholly(root: Path, reader: FakeCrossEncoder):
    fast = asked(root, rerank="fast")
    with codesearch.open_index(root, model="fake") as index:
        found = index.query(QUESTION, limit=50, budget=RerankBudget(cross_seconds=0.0))
    assert ids(found) == ids(fast)
    assert not found.problem


def test_a_cancelled_question_ends(root: Path, reader: FakeCrossEncoder):
    stop = []
    reader.on_document = lambda: stop.append(1)
    with codesearch.open_index(root, model="fake") as index, pytest.raises(RerankCancelledError):
        index.query(QUESTION, budget=RerankBudget(should_stop=lambda: bool(stop)))
    assert len(reader.read) == 1


def test_a_failing_model_leaves_the_answer_without_it(root: Path, reader: FakeCrossEncoder):
    fast = asked(root, rerank="fast")
    reader.broken = "no memory"
    found = asked(root)
    assert ids(found) == ids(fast)
    assert found.problem == "the cross-encoder cannot be used (no memory): the answer is without it"


@pytest.mark.parametrize("level", ["none", "fast"])
def test_the_setting_and_the_budget_leave_it_out(root: Path, reader: FakeCrossEncoder, level: Literal["none", "fast"]):
    by_setting = asked(root, rerank=level)
    assert by_setting.refined is (level == "fast")
    with codesearch.open_index(root, model="fake") as index:
        assert ids(index.query(QUESTION, limit=50, budget=RerankBudget(rerank=level))) == ids(by_setting)
    assert reader.read == []


def test_neither_typed_text_nor_a_name_is_read(root: Path, reader: FakeCrossEncoder):
    with codesearch.open_index(root, model="fake") as index:
        index.query(QUESTION, budget=RerankBudget(limit=8))
        index.query("Typer")
    assert reader.read == []


def test_a_question_that_was_prefetched_and_is_typed_is_not_read(root: Path, reader: FakeCrossEncoder):
    with codesearch.open_index(root, model="fake") as index:
        index.prefetch(QUESTION)
        index.query(QUESTION, budget=RerankBudget(limit=8))
    assert reader.read == []


def test_without_onnxruntime_the_answer_is_that_of_the_second_stage(
    root: Path, reader: FakeCrossEncoder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cross, "usable", lambda: False)
    assert ids(asked(root)) == ids(asked(root, rerank="fast"))
    assert reader.read == []


def test_hits_without_text_count_as_the_mean_of_the_others(root: Path, reader: FakeCrossEncoder):
    first = asked(root, rerank="fast")[0].symbol
    with (root / first.path).open("a") as file:
        file.write("\n# changed since it was indexed\n")
    with codesearch.open_index(root, model="fake") as index:
        found = index.rank(parse(QUESTION))
    unread = [item for item in found.ranked if item.candidate.symbol.path == first.path and item.weighting.compared]
    assert unread
    assert all(item.features.cross_odds == 0 for item in unread)
    assert any(item.features.cross_odds for item in found.ranked)


def test_its_part_is_a_row_of_the_explanation(root: Path, reader: FakeCrossEncoder):
    with codesearch.open_index(root, model="fake") as index:
        ranked = index.rank(parse(QUESTION)).ranked
    compared = [item for item in ranked if item.features.cross_odds]
    assert compared
    for item in compared:
        odds = item.features.cross_odds
        rows = {name: row for name, *row in item.contributions()}
        assert rows["cross_odds"] == pytest.approx([odds, 5.0, 5.0 * odds])
        without = item._replace(features=item.features._replace(cross_odds=0.0))
        assert sum(row[3] for row in item.contributions()) == pytest.approx(
            sum(row[3] for row in without.contributions()) + 5.0 * odds
        )
