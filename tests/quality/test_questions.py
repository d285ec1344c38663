"""Labelled questions: every format, and errors in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.quality.questions import Question, Target, read


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "questions"
    file.write_text(text, encoding="utf-8")
    return file


def test_tsv(tmp_path: Path):
    text = (
        "query\tanswer\tkind\n# a comment\n\n"
        "retry an upload\tsrc/up.go:12\tplain\nretry an upload\tsrc/down.go:3-9\nwhat is old\t./src/cache.py\n"
    )
    assert read(written(tmp_path, "\ufeff" + text)) == [
        Question("retry an upload", (Target("src/up.go", 12), Target("src/down.go", 3, 9)), "plain"),
        Question("what is old", (Target("src/cache.py"),)),
    ]


def test_jsonl_of_functions(tmp_path: Path):
    rows = [
        {"query": "retry an upload", "path": "up.go", "start": 12, "end": 20, "name": "Retry"},
        {"query": "what is old", "targets": ["cache.py:4", {"path": "b.py", "start_line": "7"}], "kind": "half"},
        {"query": "what is new", "answers": [{"path": "c.py"}]},
    ]
    assert read(written(tmp_path, "\n".join(map(json.dumps, rows)))) == [
        Question("retry an upload", (Target("up.go", 12, 20),), name="Retry"),
        Question("what is old", (Target("cache.py", 4), Target("b.py", 7)), "half"),
        Question("what is new", (Target("c.py"),)),
    ]


def test_json_of_files(tmp_path: Path):
    rows = [
        {"query": "how is it routed", "relevant": ["a.go"], "secondary": ["b.go"], "category": "architecture"},
        {"query": "how is it sent", "relevant": [{"path": "c.go", "start_line": 1, "end_line": 5}], "secondary": []},
    ]
    assert read(written(tmp_path, json.dumps(rows, indent=1))) == [
        Question("how is it routed", (Target("a.go"), Target("b.go")), "architecture"),
        Question("how is it sent", (Target("c.go", 1, 5),)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a query without an answer\n", 1, "a tab"),
        ("fine\ta.py\n\tb.py\n", 2, "a tab"),
        ("fine\ta.py\nlang:go\tb.py\n", 2, "the query is empty"),
        ('{"query": "a", "path": "b"}\n{"query": "c"}\n', 2, "names no answer"),
        ('{"query": "a", "path": "b"}\nno json\n', 2, "is not JSON"),
        ('{"query": "", "path": "b"}\n', 1, 'no "query"'),
        ('{"query": "a", "path": "b", "start": 0}\n', 1, "from 1"),
        ('[\n {"query": "a", "relevant": ["b"]},\n {"query": "c", "relevant": "b"}\n]', 3, "names no answer"),
        ('[\n {"query": "a", "relevant": ["b"]}\n {"query": "c"}]', 3, "a comma"),
        ('[\n {"query": "a", "relevant": ["b"]},\n 7]', 3, "must be an object"),
        ('[\n {"query": "a", "relevant": ["b"]},\n', 3, "is not JSON"),
        ('[{"query": "a", "relevant": [3]}]', 1, "must be a path"),
        ('[{"query": "a", "relevant": ["b"], "category": 3}]', 1, "must be a text"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str):
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as told:
        read(file)
    assert str(told.value).startswith(f"{file}:{line}: ")
    assert said in str(told.value)


def test_files_that_are_none(tmp_path: Path):
    with pytest.raises(NotFoundError, match="no such file"):
        read(tmp_path / "none")
    with pytest.raises(UsageError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(UsageError, match="contains no questions"):
        read(written(tmp_path, "\n# nothing\n"))
    (tmp_path / "bytes").write_bytes(b"fine\ta.py\n\xff\xff\tb.py\n")
    with pytest.raises(UsageError, match="bytes:2: is not UTF-8"):
        read(tmp_path / "bytes")


def test_answers():
    function = Target("src/a.py", 10)
    assert function.answered_by("src/a.py", 10, 20)
    assert function.answered_by("below/src/a.py", 1, 99), "a labelled path may be of a folder above or below"
    assert not function.answered_by("src/a.py", 11, 20)
    assert not function.answered_by("src/ba.py", 10, 20)
    exactly = Target("src/a.py", 10, 12, exact=True)
    assert exactly.answered_by("src/a.py", 10, 12)
    assert not exactly.answered_by("src/a.py", 1, 99)
    assert Target("src/a.py").answered_by("src/a.py", 70, 71)
