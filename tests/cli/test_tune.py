"""`codesearch tune`: what it prints and keeps; tests/tuning checks what it learns."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from codesearch.index import open_index
from codesearch.quality.metrics import Interval
from codesearch.search import tuned
from codesearch.store import tunings
from codesearch.store.tunings import Tuning
from codesearch.tuning import tune as tuning
from codesearch.tuning.judging import Verdict, Way
from codesearch.tuning.tune import Outcome
from tests.support import models, schemas


@pytest.fixture
def tree(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an indexed tree that may be written; the current folder."""
    tree = Path(shutil.copytree(shop, tmp_path / "shop"))
    monkeypatch.chdir(tree)
    return tree


@pytest.fixture
def learned(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Let `tune` find that other weights help."""
    with open_index(tree) as index:
        model, file = index.reranker_id, index.path
    kept = Tuning(model, tuned.version(), {"text": 1.5}, -0.1, None, (0.04, 0.01, 0.07), 120, "2026-11-27")
    gains = Interval(0.04, 0.01, 0.07), Interval(0.01, -0.02, 0.03)
    ways = (
        Way("weights", gains[0], {"documentation": gains[0], "names": gains[1]}, ""),
        Way("query", gains[1], {"documentation": gains[1], "names": gains[1]}, "held-out queries do not improve"),
    )
    verdict = Verdict(
        {"documentation": 100, "names": 20}, {"": 0.5, "documentation": 0.45, "names": 0.8}, ways, "weights", ""
    )
    outcome = Outcome(tree, model, verdict, kept, 0.0, 12.5, in_time=True)
    monkeypatch.setattr(tuning, "tune", lambda *arguments: outcome)
    assert not tunings.file_of(file).exists()
    return outcome


def test_a_small_tree_is_declined(tmp_path: Path, call, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def wait(n):\n    '''Wait a little longer before each new attempt.'''\n    a = n\n    b = a\n    return b\n"
    (tmp_path / "one.py").write_text(text, "utf-8")
    models.install(models.FakeModel())
    monkeypatch.setenv("CODESEARCH_MODEL", "fake")
    run = call("tune", tmp_path, "--format", "json")
    models.uninstall()
    assert run.status == 1
    schemas.keeps_schema(run.json, "tune")
    assert run.json["adopted"] is None
    assert not run.json["kept"]
    assert run.json["reason"].startswith("too little to learn from")


def test_what_helps_is_kept_shown_and_undone(tree: Path, learned: Outcome, call) -> None:
    before = call("query", "send again", "--json").json["results"]
    run = call("tune")
    assert run.status == 0
    assert "  weights       +0.040 (+0.010 to +0.070)\n" in run.out
    assert "  documentation +0.040 (+0.010 to +0.070)  from 0.450\n" in run.out
    assert "tuned (weights); it costs nothing; `codesearch tune --undo` undoes it\n" in run.out
    status = call("status", "--format", "json").json
    schemas.keeps_schema(status, "status")
    assert status["tuning"] == {
        "when": "2026-11-27",
        "questions": 120,
        "gain": {"mean": 0.04, "low": 0.01, "high": 0.07},
    }
    assert "2026-11-27: MRR@10 +0.040 (+0.010 to +0.070) on held-out queries\n" in call("status").out
    answer = call("query", "send again", "--json", "--explain").json
    schemas.keeps_schema(answer, "query")
    first = answer["results"][0]["explain"]
    assert (first["refined"], first["tuned"]) == (True, True)
    assert "total (with the transformer and the cross-encoder, tuned)" in call("query", "send again", "--explain").out
    undone = call("tune", "--undo")
    assert (undone.status, undone.err) == (0, "codesearch: the tuning is undone\n")
    assert call("tune", "--undo").status == 1
    assert call("query", "send again", "--json").json["results"] == before


def test_the_learned_part_of_a_score_is_a_row_of_its_own(tree: Path, learned: Outcome, call) -> None:
    call("tune")
    answer = call("query", "retry of uploads", "--json", "--explain").json
    rows = {row["name"]: row for row in answer["results"][0]["explain"]["features"]}
    assert rows["learned"]["contribution"] > 0
    assert "what `codesearch tune` has learned" in call("query", "retry of uploads", "--explain").out


def test_a_dry_run_keeps_nothing(tree: Path, learned: Outcome, call) -> None:
    run = call("tune", "--dry-run", "--format", "json")
    assert run.status == 0
    schemas.keeps_schema(run.json, "tune")
    assert (run.json["adopted"], run.json["kept"]) == ("weights", False)
    assert "would be tuned (weights)" in call("tune", "--dry-run").out
    assert call("tune", "--undo").status == 1


def test_an_adapter_says_what_it_costs(tree: Path, learned: Outcome, call, monkeypatch: pytest.MonkeyPatch) -> None:
    slower = replace(learned, milliseconds=0.61, in_time=False)
    monkeypatch.setattr(tuning, "tune", lambda *arguments: slower)
    out = call("tune", "--dry-run").out
    assert "it costs 0.6 ms a query\n" in out
    assert "note: the time was over before all queries had been run\n" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--undo", "--dry-run"), "cannot be combined"),
        (("--minutes", "0"), "--minutes must be more than 0"),
        (("--queries", "0"), "--queries"),
    ],
)
def test_wrong_options(tree: Path, call, arguments: tuple[str, ...], said: str) -> None:
    run = call("tune", *arguments)
    assert run.status == 2
    assert said in run.err
