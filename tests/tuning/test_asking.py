"""A question is judged by the ranking that people get: with the transformer and the cross-encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.errors import ModelError
from codesearch.embed import cross
from codesearch.index import open_index
from codesearch.quality.questions import Question, Target
from codesearch.rerank import process
from codesearch.search import pipeline
from codesearch.search.pipeline import Ranking
from codesearch.search.rank import CROSS_CANDIDATES
from codesearch.search.ranking import RERANKED
from codesearch.tuning import asking
from tests.support import models
from tests.tuning import tree

PAIRS = zip(tree.NOUNS[:12], tree.NOUNS[5:17], strict=True)
TEXTS = [f"every {noun} that belongs with one {other}" for noun, other in PAIRS]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> models.FakeCrossEncoder:
    """A cross-encoder that likes what is about some nouns."""
    model = models.FakeCrossEncoder("harbour", "invoice", "garden", "market", "station", "load", "merge", "count")
    monkeypatch.setattr(process.ProcessState, "cross", lambda state: model)
    monkeypatch.setattr(cross, "usable", lambda: True)
    compared = RERANKED._replace(weights={**RERANKED.weights, "cross_odds": 5.0}, compared=True)
    monkeypatch.setattr(pipeline, "COMPARED", compared)
    monkeypatch.setattr(asking, "COMPARED", compared)
    models.install(models.FakeModel())
    return model


def places(ranking: Ranking) -> list[tuple[str, int]]:
    return [(hit.symbol.path, hit.symbol.start_line) for hit in ranking.answer(10).hits]


@pytest.mark.parametrize("rerank", ["full", "fast"])
def test_the_answer_is_the_one_of_a_query(tmp_path: Path, reader: models.FakeCrossEncoder, rerank: str):
    tree.build(tmp_path)
    questions = [Question(text, (Target("account.py"),), "documentation") for text in TEXTS]
    with open_index(tmp_path, model="fake", cache=False, rerank=rerank) as index:
        index.update()
        asked = asking.ask(index, questions, lambda: True, lambda _: None)
        assert len(asked) == len(TEXTS)
        assert all(len(one.logits) >= CROSS_CANDIDATES for one in asked) is (rerank == "full")
        moved = 0
        for one in asked:
            answered = places(Ranking(asking.answered(index.required_reader(), one)))
            assert answered == places(index.rank(one.query))
            moved += answered != places(Ranking(asking.refined(index.required_reader(), one)))
        assert (moved > 0) is (rerank == "full")
    models.uninstall()


def test_a_cross_encoder_that_fails_is_reported(tmp_path: Path, reader: models.FakeCrossEncoder):
    tree.build(tmp_path)
    reader.broken = "no memory"
    with open_index(tmp_path, model="fake", cache=False) as index:
        index.update()
        with pytest.raises(ModelError, match="no memory"):
            asking.ask(index, [Question(TEXTS[0], (Target("account.py"),), "x")], lambda: True, lambda _: None)
    models.uninstall()
