"""Tuning from end to end: it is adopted when held-out questions improve, and declined when they do not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codesearch.core.errors import UsageError
from codesearch.index import Index, open_index
from codesearch.quality import mining
from codesearch.search import tuned
from codesearch.store import tunings
from codesearch.tuning.tune import Options, Outcome, adopt, tune, undo
from tests.support import models
from tests.tuning import tree


class Unrelated(models.FakeModel):
    """A model whose vectors of queries have nothing to do with those of documents: the ranking trusts it in vain."""

    def encode_queries(self, texts: Sequence[str]) -> Any:
        return self._encode([" ".join(word[::-1] for word in text.split()) for text in texts])


@contextmanager
def quiet(name: str) -> Iterator[Any]:
    """Show no progress."""
    yield lambda done, total: None


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tree."""
    folder = tmp_path_factory.mktemp("tuned")
    tree.build(folder)
    return folder


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    """Yield an index of the tree, with a model that misleads."""
    models.install(Unrelated("unrelated"))
    with open_index(root, model="unrelated", cache=False, rerank="fast") as index:
        index.update()
        yield index
        undo(index)
    models.uninstall()


@pytest.fixture(scope="module")
def outcome(root: Path) -> Iterator[Outcome]:
    """Return what comes of tuning that tree."""
    models.install(Unrelated("unrelated"))
    with open_index(root, model="unrelated", cache=False, rerank="fast") as index:
        yield tune(index, Options(count=120), quiet)
    models.uninstall()


def test_adopts_what_improves_held_out_questions(index: Index, outcome: Outcome) -> None:
    assert outcome.verdict.questions["documentation"] > 100
    assert outcome.verdict.adopted
    gain = next(way.gain for way in outcome.verdict.ways if way.name == outcome.verdict.adopted)
    assert 0 < gain.low < gain.mean < gain.high
    assert outcome.tuning is not None
    assert outcome.in_time


def test_it_reorders_the_answers_until_it_is_undone(index: Index, outcome: Outcome) -> None:
    text = "every invoice that belongs with one harbour"
    before = [hit.symbol.qualname for hit in index.query(text, limit=40)]
    assert adopt(index, outcome)
    ranking = index.rank(index_query(text), limit=40)
    after = [hit.symbol.qualname for hit in ranking.answer(40).hits]
    assert after != before
    assert sorted(after) == sorted(before) or set(after) & set(before)
    first = ranking.ranked[0]
    assert first.refined
    rows = {name: adds for name, _, _, adds in first.contributions()}
    assert outcome.tuning is not None
    assert ("learned" in rows) == any(outcome.tuning.weights.values())
    assert index.status().tuning == outcome.tuning
    assert undo(index)
    assert not undo(index)
    assert [hit.symbol.qualname for hit in index.query(text, limit=40)] == before
    assert index.status().tuning is None


def index_query(text: str) -> Any:
    """Return a parsed query."""
    from codesearch import search

    return search.parse(text)


def test_the_sum_of_the_contributions_is_unchanged_by_showing_the_learned_part(index: Index, outcome: Outcome) -> None:
    adopt(index, outcome)
    item = index.rank(index_query("every invoice that belongs with one harbour")).ranked[0]
    whole = sum(adds for *_, adds in item.contributions())
    plain = item._replace(weighting=item.weighting._replace(learned=None))
    assert whole == pytest.approx(sum(adds for *_, adds in plain.contributions()))


def test_the_same_tree_and_seed_give_the_same_tuning(index: Index, outcome: Outcome) -> None:
    again = tune(index, Options(count=120), quiet)
    assert again.verdict == outcome.verdict
    assert again.tuning == outcome.tuning


def test_declines_when_the_answers_are_random(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mining.copy_without_documentation

    def shuffled(*arguments: Any) -> Any:
        found = whole(*arguments)
        targets = [question.targets for question in found]
        random.Random(3).shuffle(targets)
        return [replace(question, targets=own) for question, own in zip(found, targets, strict=True)]

    monkeypatch.setattr(mining, "copy_without_documentation", shuffled)
    outcome = tune(index, Options(count=120), quiet)
    assert outcome.tuning is None
    assert not adopt(index, outcome)
    assert outcome.verdict.reason
    assert tunings.read(index.path) is None


def test_declines_a_tree_with_too_few_questions(tmp_path: Path) -> None:
    sentence = "Wait a little longer before each new attempt."
    text = f"def wait(n):\n    '''{sentence}'''\n    a = n\n    b = a\n    return b\n"
    (tmp_path / "one.py").write_text(text, "utf-8")
    models.install(models.FakeModel())
    try:
        with open_index(tmp_path, model="fake", cache=False, rerank="fast") as index:
            outcome = tune(index, Options(), quiet)
    finally:
        models.uninstall()
    assert outcome.tuning is None
    assert "too little to learn from" in outcome.verdict.reason


def test_says_that_nothing_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1\n", "utf-8")
    with open_index(tmp_path, cache=False) as index, pytest.raises(UsageError, match="no queries can be made"):
        tune(index, Options(), quiet)


def test_needs_a_reranker(tmp_path: Path) -> None:
    with open_index(tmp_path, embed="none") as index, pytest.raises(UsageError, match="the reranker is off"):
        tune(index, Options(), quiet)


def test_an_interruption_changes_nothing(index: Index) -> None:
    @contextmanager
    def interrupted(name: str) -> Iterator[Any]:
        if name == "judging":
            raise KeyboardInterrupt
        yield lambda done, total: None

    beside = sorted(path.name for path in index.path.parent.iterdir())
    with pytest.raises(KeyboardInterrupt):
        tune(index, Options(count=120), interrupted)
    assert sorted(path.name for path in index.path.parent.iterdir()) == beside


def test_without_time_it_says_so_and_declines(index: Index) -> None:
    outcome = tune(index, Options(count=120, seconds=0.0), quiet)
    assert not outcome.in_time
    assert outcome.tuning is None


def test_is_ignored_with_a_note_under_another_ranking(index: Index, outcome: Outcome) -> None:
    text = "every invoice that belongs with one harbour"
    before = index.query(text)
    adopt(index, outcome)
    file = tunings.file_of(index.path)
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"ranking": "another"}), "utf-8")
    answer = index.query(text)
    assert answer.hits == before.hits
    assert "codesearch tune --undo" in answer.problem
    status = index.status()
    assert status.tuning is None
    assert tuned.IGNORED in status.notes


def test_is_ignored_with_a_note_with_another_model(index: Index, outcome: Outcome) -> None:
    adopt(index, outcome)
    other = models.FakeModel("other")
    models.install(Unrelated("unrelated"), other)
    with open_index(index.root, model="other", cache=False, rerank="fast") as second:
        assert tuned.IGNORED in second.query("every invoice that belongs with one harbour").problem


def test_a_damaged_file_costs_the_tuning_only(index: Index, outcome: Outcome) -> None:
    text = "every invoice that belongs with one harbour"
    before = index.query(text)
    tunings.file_of(index.path).write_text('{"version": 1', "utf-8")
    answer = index.query(text)
    assert answer.hits == before.hits
    assert "is damaged" in answer.problem
    assert undo(index)
