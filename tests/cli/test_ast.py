"""`codesearch ast`: syntax that matches, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Run
from tests.support.schemas import keeps_schema
from tests.support.trees import write

Call = Callable[..., Run]

CALL = "(call function: (_) @called)"


def test_matches_are_printed_by_symbol(small: Path, call: Call):
    run = call("ast", "(for_statement)", "--lang", "python")
    assert run.out == (
        "retry.py:1  function retry_upload\n"
        "     3 │     for _ in range(times):\n"
        "       │ … 1 more line\n"
    )  # fmt: skip
    assert (run.status, run.err.count("\n")) == (0, 1), "the progress of indexing"


def test_formats_for_other_programs(small: Path, call: Call):
    value = json.loads(call("ast", CALL, "-t", "py", "--json").out)
    keeps_schema(value, "ast")
    assert (value["languages"], value["matches"], value["failed"]) == (["python"], 3, [])
    first = value["results"][0]
    assert (first["qualname"], first["matches"][0]["line"]) == ("Cache.get", 9)
    assert first["matches"][0]["captures"][0]["name"] == "called"
    rows = [json.loads(row) for row in call("ast", CALL, "-t", "py", "--format", "ndjson").out.splitlines()]
    assert rows == value["results"]
    assert call("ast", CALL, "-t", "py", "--format", "paths").out == "cache.py\nretry.py\n"
    editor = call("ast", CALL, "-t", "py", "--format", "vimgrep").out.splitlines()
    assert editor[1] == "retry.py:3:14:    for _ in range(times):"


def test_nothing_that_matches_is_status_1(small: Path, call: Call):
    run = call("ast", "(lambda)", "-t", "python")
    assert (run.status, run.out) == (1, "")
    assert run.err.endswith("no results\n")


def test_a_question_ranks_the_symbols(shop: Path, call: Call):
    run = call("ast", "(raise_statement)", shop, "-t", "python", "--query", "cancel an order", "--json", "--no-update")
    value = json.loads(run.out)
    keeps_schema(value, "ast-query")
    assert value["results"][0]["qualname"] == "cancel_order"
    assert value["results"][0]["matches"][0]["text"].startswith("raise ")
    text = call("ast", "(raise_statement)", shop, "-t", "py", "--query", "cancel an order", "-n", "1", "--no-update")
    assert "function cancel_order" in text.out
    assert "raise " in text.out


def test_filters_and_a_folder_restrict_it(small: Path, call: Call):
    write(small, {"sub/one.py": "def f():\n    return g()\n"})
    assert call("ast", CALL, "sub", "-t", "py").out.startswith("sub/one.py:1  function f\n")
    assert "retry" not in call("ast", CALL, "-t", "py", "--kind", "method").out


def test_the_pattern_can_come_from_stdin(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"(for_statement)\n")))
    assert "retry_upload" in call("ast", "-", "-t", "py").out


def test_the_number_of_matches_can_be_limited(small: Path, call: Call):
    run = call("ast", CALL, "-t", "py", "-n", "2", "--format", "vimgrep")
    assert len(run.out.splitlines()) == 2
    assert "codesearch: 2 of 3 matches shown (-n sets the number)" in run.err
    assert call("ast", CALL, "-t", "py", "-C", "1", "-q").out.count(" │ ") == 2


def test_what_could_not_be_searched_is_said(small: Path, call: Call):
    write(small, {"wrong.py": "def (:\n    send(1)\n"})
    (small / "binary.py").write_bytes(b"x = 1\0\0\n")
    run = call("ast", CALL, "-t", "py")
    assert "1 file with syntax errors, in which matches may be missing: wrong.py" in run.err
    assert "files not searched: 1 binary" in run.err
    assert json.loads(call("ast", CALL, "-t", "py", "--json").out)["syntax_errors"] == ["wrong.py"]
    assert call("ast", CALL, "-t", "py", "-q").err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("(call)",), "ast needs a language"),
        (("(cal)", "-t", "py"), "Python has no node `cal`; did you mean `call`?"),
        (("(call)", "-t", "md"), "read without a grammar"),
        (("(call)", "-t", "py", "--query", ""), "empty"),
        (("(call)", "-t", "klingon"), "klingon"),
    ],
)
def test_what_is_wrong_is_explained(small: Path, call: Call, arguments: tuple[str, ...], said: str):
    run = call("ast", *arguments)
    assert (run.status, run.out) == (2, "")
    assert said in run.err


def test_a_match_is_opened(small: Path, call: Call, monkeypatch: pytest.MonkeyPatch):
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "codesearch.cli.ui.open_file.open_at", lambda file, line: opened.append((Path(file).name, line))
    )  # fmt: skip
    assert call("ast", CALL, "-t", "py", "--open", "2").status == 0
    assert call("ast", CALL, "-t", "py", "--query", "send a file again", "--open", "1").status == 0
    assert opened == [("retry.py", 3), ("retry.py", 3)]
    assert call("ast", CALL, "-t", "py", "--open", "9").status == 2
