"""Opened results are recorded only if the user wants it, up to a limit, and become questions for `eval`."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import codesearch
from codesearch.cli.ui import open_file
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.types import Symbol
from codesearch.quality import feedback
from codesearch.quality.questions import Target
from tests.support.command import Run
from tests.support.trees import SMALL

Call = Callable[..., Run]
RETRY = Symbol("function", "retry_upload", "retry_upload", "", "", 1, 4, 0, 90, "python", "retry.py")


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file to which an editor writes its arguments."""
    said = tmp_path / "said"
    script = tmp_path / "vim"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{said}"\n', "utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{script}' -p")
    monkeypatch.delenv("VISUAL", raising=False)
    return said


@pytest.mark.skipif(os.name == "nt", reason="a shell script is the editor")
def test_an_answer_is_opened_and_nothing_recorded(small: Path, call: Call, editor: Path):
    run = call("query", "retry_upload", small, "--open", "1")
    assert (run.status, run.out) == (0, "")
    assert editor.read_text("utf-8").split() == ["-p", "+1", str(small / "retry.py")]
    assert not list((small / ".codesearch").glob("*feedback*"))
    run = call("feedback", "list", small)
    assert (run.status, run.out) == (1, "")


@pytest.mark.skipif(os.name == "nt", reason="a shell script is the editor")
def test_what_is_recorded_where_the_user_wants_it(
    small: Path,
    call: Call,
    editor: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("CODESEARCH_FEEDBACK", "1")
    answers = call("query", "value of a key", small, "--format", "json").json["results"]
    assert call("query", "value of a key", small, "--open", "2").status == 0
    (line,) = (small / ".codesearch" / "index-feedback.jsonl").read_text("utf-8").splitlines()
    found = json.loads(line)
    assert sorted(found) == ["line", "name", "path", "place", "query", "time"]
    assert (found["query"], found["place"]) == ("value of a key", 2)
    assert (found["path"], found["name"]) == (answers[1]["path"], answers[1]["qualname"])
    assert call("index", small, "--rebuild").status == 0
    assert call("clean", small).status == 0
    run = call("feedback", "list", small)
    assert run.status == 0
    assert f"value of a key  ->  {found['path']}:{found['line']} {found['name']}  (2)" in run.out
    assert call("feedback", "clear", small).status == 0
    assert call("feedback", "clear", small).status == 1
    empty = call("feedback", "list", small)
    assert (empty.status, empty.out, "nothing was recorded" in empty.err) == (1, "", True)


def test_a_project_cannot_switch_it_on(small: Path, call: Call):
    (small / ".codesearch.toml").write_text("feedback = true\n", "utf-8")
    run = call("query", "retry", small)
    assert run.status == 2
    assert "feedback cannot be set by a project" in run.err
    (small / ".codesearch.toml").write_text("feedback = false\n", "utf-8")
    assert call("query", "retry", small).status == 0


def test_only_the_owner_may_read_it(tmp_path: Path):
    index = tmp_path / "index.db"
    feedback.record(index, "q", RETRY, 1)
    if os.name == "posix":
        assert stat.S_IMODE(feedback.file_of(index).stat().st_mode) == 0o600


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feedback, "MOST_BYTES", 2000)
    index = tmp_path / "index.db"
    for number in range(100):
        feedback.record(index, f"query {number}", RETRY, 1)
        assert feedback.file_of(index).stat().st_size <= 2000
    kept = [int(one.query.split()[1]) for one in feedback.read(index)]
    assert kept == list(range(kept[0], 100))
    assert len(kept) >= 5


def test_a_query_is_cut(tmp_path: Path):
    index = tmp_path / "index.db"
    feedback.record(index, "x" * 50_000, RETRY, 0)
    assert [len(one.query) for one in feedback.read(index)] == [feedback.MOST_QUERY]


def test_damaged_lines_are_passed_over(tmp_path: Path):
    index = tmp_path / "index.db"
    feedback.record(index, "one", RETRY, 1)
    with feedback.file_of(index).open("a", encoding="utf-8") as stream:
        stream.write('{"time": "x"}\nno json\n[1]\n{"query": 5}\n')
    feedback.record(index, "two", RETRY, 0)
    assert [one.query for one in feedback.read(index)] == ["one", "two"]


def test_as_questions(small: Path):
    moved = "\n\n" + SMALL["retry.py"]
    (small / "retry.py").write_text(moved, "utf-8")
    (small / "gone.py").write_text("x = 1\n", "utf-8")
    with codesearch.open_index(small) as index:
        index.update()
        for query, symbol in (
            ("send again", RETRY),
            ("send again", Symbol("method", "put", "Cache.put", "", "", 11, 17, 0, 9, "python", "cache.py")),
            ("send again", RETRY),
            ("no longer there", Symbol("function", "was", "was", "", "", 1, 4, 0, 90, "python", "gone.py")),
            ("lang:python", RETRY),
            ("deleted", Symbol("function", "x", "x", "", "", 1, 4, 0, 90, "python", "deleted.py")),
        ):
            feedback.record(index.path, query, symbol, 1)
        found = {question.text: question.targets for question in feedback.questions(index)}
    assert found == {
        "send again": (Target("retry.py", 3, 6, exact=True), Target("cache.py", 11, 17, exact=True)),
        "no longer there": (Target("gone.py"),),
    }


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vim", ["vim", "+7", "a b.py"]),
        ("/usr/bin/nano -w", ["/usr/bin/nano", "-w", "+7", "a b.py"]),
        ("code --wait", ["code", "--wait", "--goto", "a b.py:7"]),
        ("hx", ["hx", "a b.py:7"]),
        ("my-editor", ["my-editor", "a b.py"]),
        ("'/opt/my editors/emacs' -nw", ["/opt/my editors/emacs", "-nw", "+7", "a b.py"]),
    ],
)
def test_editors(monkeypatch: pytest.MonkeyPatch, editor: str, expected: list[str]):
    monkeypatch.setenv("VISUAL", editor)
    monkeypatch.setenv("EDITOR", "ignored")
    assert open_file.command(Path("a b.py"), 7) == expected


def test_editors_that_do_not_work(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    with pytest.raises(UsageError, match="set VISUAL or EDITOR"):
        open_file.open_at(Path("a"), 1)
    monkeypatch.setenv("EDITOR", "'unfinished")
    with pytest.raises(UsageError, match="cannot be understood"):
        open_file.open_at(Path("a"), 1)
    monkeypatch.setenv("EDITOR", "no-such-editor-anywhere")
    with pytest.raises(CodesearchError, match="cannot be run"):
        open_file.open_at(Path("a"), 1)
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(CodesearchError, match="ended with status 1"):
        open_file.open_at(Path("a"), 1)


def test_opening_what_is_not_there(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EDITOR", "true")
    run = call("query", "retry", small, "--open", "500")
    assert run.status == 2
    assert "there are only" in run.err
    run = call("query", "retry lang:go", small, "--open", "1")
    assert run.status == 1
    assert "no results" in run.err
