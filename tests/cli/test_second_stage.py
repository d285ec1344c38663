"""The options --model and --embed, and messages about the reranker."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.embed import MODELS
from codesearch.rerank import process as rerank_process
from codesearch.rerank.reranker import Reranker
from tests.support.command import Run, process

Call = Callable[..., Run]


@pytest.fixture
def other(private_home: Path) -> Path:
    """Install a copy of the static model under another name, which needs no library. Return its folder."""
    folder = private_home / ".local" / "share" / "codesearch" / "models" / "other"
    shutil.copytree(MODELS / "static", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "name": "other"}))
    rerank_process.state.models.clear()
    return folder


def test_index_says_when_the_folder_is_searchable_and_when_all_is_covered(small: Path, call: Call, other: Path):
    run = call("index", small, "--model", "other", "--embed", "full")
    assert run.status == 0
    read, searchable, covered = run.err.splitlines()[-3:]
    assert "2 files indexed" in read
    assert "ready to search; embedding 6 more symbols with other" in searchable
    assert "embedded 6 texts with other" in covered
    assert covered.endswith("all 6 symbols embedded")
    again = call("index", small, "--model", "other", "--embed", "full")
    assert "nothing to embed with other, all 6 symbols embedded" in again.err
    assert call("index", small, "--model", "other", "--embed", "full", "-q").err == ""
    assert "embed" not in call("index", small, "--model", "other").err


def test_status_tells_what_the_second_stage_has_seen(
    small: Path, call: Call, other: Path, monkeypatch: pytest.MonkeyPatch
):
    call("index", small)
    monkeypatch.setenv("CODESEARCH_MODEL", "other")
    assert "\n          other: 0 of 6 symbols embedded\n" in call("status", small).out
    call("query", "retry the upload", small, "--path", "retry.py")
    report = call("status", small, "--format", "json").json
    assert report["second_stage"]["model"] == "other"
    assert 0 < report["second_stage"]["symbols"] < report["symbols"]
    monkeypatch.setenv("CODESEARCH_EMBED", "none")
    assert call("status", small, "--format", "json").json["second_stage"] is None


@pytest.mark.parametrize("option", ["--quiet", "--explain", "--open=1"])
def test_the_answer_is_shown_before_anything_is_written(
    small: Path, call: Call, other: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary, option: str
):
    monkeypatch.setenv("EDITOR", "echo retry.py")
    call("index", small)
    shown = []

    def keep(self: Reranker, *vectors: object) -> None:
        shown.append(capfdbinary.readouterr().out)

    monkeypatch.setattr(Reranker, "keep", keep)
    run = call("query", "retry the upload", small, "--model", "other", option)
    assert run.status == 0
    (before,) = shown
    opened = option == "--open=1"
    assert (b"retry.py" in before, "retry.py" in run.out) == (not opened, opened), "an editor may stay open for long"


def test_a_model_that_cannot_be_used_costs_a_note_and_nothing_else(small: Path, call: Call, other: Path):
    plain = call("query", "retry the upload", small, "--model", "static", "--format", "json")
    (other / "table.bin").write_bytes(b"damaged")
    run = call("query", "retry the upload", small, "--model", "other", "--format", "json")
    assert (run.status, run.json["results"]) == (0, plain.json["results"])
    assert run.err.count("\n") == 1
    assert "the model other cannot be used" in run.err
    assert call("query", "retry the upload", small, "--model", "other", "-q").err == ""
    (small / "questions").write_text("retry it\nupload it\n")
    several = call("query", "--batch", small / "questions", small, "--model", "other")
    assert (several.status, len(several.lines), several.err.count("cannot be used")) == (0, 2, 1)
    assert call("index", small, "--model", "other").status == 0
    assert call("index", small, "--model", "other", "--embed", "full").status == 2


def test_a_word_that_embed_does_not_know_is_an_error(small: Path):
    run = process("query", "retry", small, "--embed", "sometimes", cwd=small)
    assert run.status == 2
    assert "lazy" in run.err
