"""An answer that comes from a part of the tree says so, in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesearch.store import Store
from tests.cli.test_errors import writing
from tests.support.command import process
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
