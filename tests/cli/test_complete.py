"""An answer that comes from a part of the tree says so, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch import Index
from codesearch.cli import session
from codesearch.core.errors import UnwritableError
from codesearch.service import client
from codesearch.store import Store
from tests.cli.test_errors import writing
from tests.support.command import Run, process
from tests.support.trees import write

QUESTIONS = {
    "query": ["query", "alpha"],
    "explained query": ["query", "alpha", "--explain"],
    "similar": ["similar", "a.py:1"],
    "symbols": ["symbols"],
}
LISTED = {**QUESTIONS, "show": ["show", "alpha"], "why": ["why", "alpha", "a.py:1"]}
UNFINISHED = "is not finished; results may be incomplete (`codesearch index` finishes it)"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = write(tmp_path / "tree", {"a.py": "def alpha():\n    pass\n", "b.py": "def alphabet():\n    pass\n"})
    process("index", "-q", made, cwd=made)
    return made


@pytest.fixture
def unfinished(tree: Path) -> Path:
    """A tree whose first index was interrupted."""
    with Store(tree / ".codesearch" / "index.db", writable=True) as store:
        store.set_meta(complete="")
    return tree


@pytest.mark.parametrize("question", LISTED.values(), ids=LISTED)
def test_json_says_whether_the_answer_is_complete(tree: Path, question: list[str]):
    run = process(*question, "--format", "json", cwd=tree)
    assert run.json["complete"] is True
    assert run.err == ""


@pytest.mark.parametrize("question", LISTED.values(), ids=LISTED)
def test_json_from_an_unfinished_index(unfinished: Path, question: list[str]):
    run = process(*question, "--no-update", "--format", "json", cwd=unfinished)
    assert run.status == 0
    assert run.json["complete"] is False
    assert run.err == f"codesearch: the first index of {unfinished} {UNFINISHED}\n"


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_each_line_of_ndjson_from_an_unfinished_index(unfinished: Path, question: list[str]):
    lines = process(*question, "--no-update", "--format", "ndjson", cwd=unfinished).lines
    assert lines
    assert all(line["complete"] is False for line in lines)
    process("index", "-q", cwd=unfinished)
    assert not any("complete" in line for line in process(*question, "--format", "ndjson", cwd=unfinished).lines)


@pytest.mark.parametrize("update", [True, False], ids=["finished", "unfinished"])
def test_each_line_of_a_batch(unfinished: Path, update: bool):
    options = [] if update else ["--no-update"]
    run = process("query", "--batch", "-", *options, cwd=unfinished, stdin=b"alpha\nlang:klingon\n")
    assert [json.loads(line)["complete"] for line in run.out.splitlines()] == [update, update]


@pytest.mark.parametrize("format", ["text", "vimgrep", "paths"])
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_the_other_formats_note_it_on_stderr(unfinished: Path, question: list[str], format: str):
    if "--explain" in question and format != "text":
        pytest.skip("there is no explanation in this format")
    run = process(*question, "--no-update", "--format", format, cwd=unfinished)
    assert f"the first index of {unfinished} {UNFINISHED}\n" in run.err
    assert process(*question, "--no-update", "--format", format, "-q", cwd=unfinished).err == ""


def test_an_index_that_another_process_is_writing_lacks_what_has_changed(tree: Path):
    (tree / "c.py").write_text("def alphanumeric():\n    pass\n")
    with writing(tree / ".codesearch" / "index.db"):
        run = process("query", "alpha", "--json", cwd=tree)
    assert run.json["complete"] is False
    assert "another process is writing" in run.err
    assert process("query", "alpha", "--json", cwd=tree).json["complete"] is True


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_first_index_that_ended_before_its_first_file_is_not_a_tree_without_files(tree: Path, question: list[str]):
    (tree / "logo.png").touch()
    with Store(tree / ".codesearch" / "index.db", writable=True) as store:
        store.remove(["a.py", "b.py"])
        store.set_meta(complete="")
    run = process(*question, "--no-update", cwd=tree)
    assert "nothing to search" not in run.err
    assert UNFINISHED in run.err or question[0] == "similar"  # which then has no function to start from


def test_an_index_that_got_no_file_in_since_the_disk_was_full_has_no_answer(
    tree: Path, call: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    with Store(tree / ".codesearch" / "index.db", writable=True) as store:
        store.remove(["a.py", "b.py"])
        store.set_meta(complete="")

    def full(*_: object, **__: object) -> None:
        raise UnwritableError("the disk is full")

    monkeypatch.setattr(Index, "update", full)
    run = call("query", "alpha", tree)
    assert (run.status, run.out) == (2, "")
    assert run.err.endswith("the disk is full\n")


@pytest.mark.parametrize("wait", [[], ["--wait"]], ids=["early", "waiting"])
def test_a_question_does_not_wait_for_long_where_the_watcher_that_makes_the_first_index_hangs(
    tmp_path: Path, call: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, wait: list[str]
):
    tree = write(tmp_path / "tree", {"a.py": "def alpha():\n    pass\n"})
    index = tree / ".codesearch" / "index.db"
    monkeypatch.setattr(session, "SHORT_WAIT", 0.1)
    monkeypatch.setattr(session, "HANG_WAIT", 0.5)
    monkeypatch.setattr(client, "_hung", {index})
    with writing(index):
        run = call("query", "alpha", tree, *wait)
    assert run.status == 2
    assert "does not respond; `codesearch watch --stop` stops it" in run.err
    assert "is writing the index and has not finished in time" in run.err
