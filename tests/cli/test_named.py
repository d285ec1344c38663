"""NAME, FILE:LINE and code from stdin: one rule for `show`, `similar` and `why`."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.search.pasted import guessed
from tests.support.command import process
from tests.support.trees import SMALL, write

TWICE = {
    **SMALL,
    "first.py": "def connect(host):\n    return open_socket(host)\n",
    "lib/second.py": "def connect(database):\n    return open_database(database)\n",
}


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """Return a tree in which two functions have the same name."""
    return write(tmp_path / "twice", TWICE)


@pytest.mark.parametrize("name", ["retry_upload", "retryUpload", "retry.py:2"])
def test_a_name_and_a_line_mean_the_same(small: Path, name: str):
    shown = process("show", name, "-q", cwd=small)
    assert shown.out.startswith("def retry_upload")
    similar = process("similar", name, "-q", "--format", "json", cwd=small)
    assert similar.status == 0
    assert similar.json["file"] == "retry.py"
    assert "retry_upload" not in [hit["name"] for hit in similar.json["results"]]
    why = process("why", "send a file", name, "-q", "--format", "json", cwd=small)
    assert (why.status, why.json["symbol"]["qualname"]) == (0, "retry_upload")


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (["show", "connect"], "(-n 2 shows them)"),
        (["similar", "connect"], "(give FILE:LINE to choose; this is {best})"),
        (["why", "open a socket", "connect"], "(give FILE:LINE to choose; this is {best})"),
    ],
)
def test_the_best_of_several_with_a_note(twice: Path, command: list[str], how: str):
    process("index", "-q", cwd=twice)
    run = process(*command, cwd=twice)
    assert run.status == 0
    places = ["first.py:1", "lib/second.py:1"]
    best = next(place for place in places if f"more with this name: {place}" not in run.err)
    (other,) = set(places) - {best}
    assert run.err == f"codesearch: 1 more with this name: {other} {how.format(best=best)}\n"


def test_path_restricts_where_a_name_is_looked_for(twice: Path):
    run = process("similar", "connect", "lib", "--root", ".", "--format", "json", "-q", cwd=twice)
    assert run.json["file"] == "lib/second.py"


@pytest.mark.parametrize("command", [["show", "nope"], ["similar", "nope"], ["why", "open a socket", "nope"]])
def test_a_name_that_no_symbol_has(small: Path, command: list[str]):
    process("index", "-q", cwd=small)
    run = process(*command, cwd=small)
    assert run.status == 1
    assert run.err == "codesearch: no symbol is named nope; use `codesearch query` to search by description\n"


def test_code_from_stdin(small: Path):
    pasted = SMALL["retry.py"].encode()
    run = process("similar", "-", "--format", "json", "-q", cwd=small, stdin=pasted)
    assert run.json["results"][0]["name"] == "retry_upload"
    assert run.json["results"][0]["score"] == pytest.approx(1.0, abs=0.01)
    assert (run.json["file"], run.json["line"]) == (None, None)
    # Without the line of the definition, and in UTF-16, as a clipboard may give it.
    body = SMALL["retry.py"].partition("\n")[2]
    run = process("similar", "-", "--lang", "py", "--format", "json", "-q", cwd=small, stdin=body.encode("utf-16"))
    assert run.json["results"][0]["path"] == "retry.py"


@pytest.mark.parametrize(
    ("stdin", "said"), [(b"", "no code on stdin"), (b" \n", "no code on stdin"), (b"\0\1" * 99, "stdin is no text")]
)
def test_no_code_on_stdin(small: Path, stdin: bytes, said: str):
    run = process("similar", "-", cwd=small, stdin=stdin)
    assert run.status == 2
    assert said in run.err


def test_scores_and_opening(small: Path, tmp_path: Path):
    run = process("similar", "retry_upload", "--min-score", "0.99", "-n", "1", cwd=small)
    assert run.status == 1
    assert "no results with a score of 0.99 or more" in run.err
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "opened"}\n')
    editor.chmod(0o755)
    run = process("similar", "get", "--open", "1", "-q", cwd=small, environment={"EDITOR": str(editor)})
    assert run.status == 0, run.err
    assert ".py" in (tmp_path / "opened").read_text()


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("func (c *Cache) Get(key string) (int, bool) {\n\treturn c.values[key], true\n}\n", "go"),
        ("def get(self, key):\n    return self.values.get(key)\n", "python"),
        ("pub fn get(&self, key: &str) -> Option<u32> {\n    self.values.get(key).copied()\n}\n", "rust"),
        ("just some words", ""),
    ],
)
def test_the_language_of_pasted_code_is_guessed(code: str, language: str):
    assert guessed(code.encode(), ["python", "go", "rust", "java", "ruby"]) == language
