"""Answers of an index that was not compared with the tree: lines of a file that has changed are marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.trees import write

OLD = 'def reticulate():\n    """Reticulate the splines."""\n    return 1\n'
NEW = "def other():\n    return 2\n\n\n" + OLD
SAYS = "changed since indexed"


@pytest.fixture
def changed(tmp_path: Path, call) -> Path:
    """Return an indexed tree in which one of two files has changed since."""
    root = write(tmp_path / "tree", {"a.py": OLD, "b.py": "def spline():\n    return 3\n"})
    call("index", root)
    write(root, {"a.py": NEW})
    return root


def test_text_marks_the_result_and_says_so(changed: Path, call):
    run = call("query", "reticulate splines -kind:module", changed, "--no-update")
    before, after = run.out.split("b.py")
    assert SAYS in before
    assert SAYS not in after
    assert "changed since indexed, so the lines shown may be others: a.py" in run.err
    assert call("query", "reticulate", changed, "--no-update", "-q").err == ""


def test_json_marks_the_result(changed: Path, call):
    for options in ((), ("--snippet",)):
        run = call("query", "reticulate spline -kind:module", changed, "--no-update", "--format", "ndjson", *options)
        assert {line["path"]: line.get("changed") for line in run.lines} == {"a.py": True, "b.py": None}
        assert "a.py" in run.err
    for command in (("symbols", changed), ("show", "reticulate", changed), ("similar", "b.py:1", changed)):
        run = call(*command, "--no-update", "--format", "json")
        assert {one["path"] for one in run.json["results"] if one.get("changed")} == {"a.py"}, command


def test_vimgrep_does_not_print_the_line_of_another_symbol(changed: Path, monkeypatch: pytest.MonkeyPatch, call):
    monkeypatch.chdir(changed)
    run = call("query", "reticulate -kind:module lang:python path:a.py", changed, "--no-update", "--format", "vimgrep")
    assert run.out == "a.py:1:1:def reticulate()\n"
    assert SAYS in run.err
    run = call("query", "a kind:module path:a.py", changed, "--no-update", "--format", "vimgrep")
    assert "def other" not in run.out


def test_show_says_that_the_lines_may_be_others(changed: Path, call):
    run = call("show", "reticulate", changed, "--no-update")
    assert SAYS in run.err


def test_a_file_that_was_only_touched_or_is_gone(changed: Path, call):
    write(changed, {"a.py": OLD})
    run = call("query", "reticulate", changed, "--no-update")
    assert SAYS not in run.out + run.err
    (changed / "a.py").unlink()
    assert SAYS in call("query", "reticulate", changed, "--no-update").err


def test_after_an_update_nothing_is_marked(changed: Path, call):
    run = call("query", "reticulate", changed)
    assert SAYS not in run.out + run.err
    assert call("query", "reticulate -kind:module", changed, "--format", "json").json["results"][0]["start_line"] == 5
