"""Queries from a file, and generated from a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch.bench import queries
from codesearch.core.errors import NotFoundError, UsageError
from tests.support.trees import SMALL, write


@pytest.fixture
def index(tmp_path: Path) -> codesearch.Index:
    more = {f"more{number}.py": f"def open_door_{number}():\n    return {number}\n" for number in range(30)}
    opened = codesearch.open_index(write(tmp_path / "tree", {**SMALL, **more}), embed="none")
    opened.update()
    return opened


def test_documentation_comes_first_then_names(index: codesearch.Index):
    found, functions = queries.mined(index, 6)
    sentences = {
        "Send a file again when the connection breaks",
        "Return a value, or None when it is too old",
        "Store a value and the time it was stored at",
        "Values with a time to live",
    }
    assert sentences == set(found[:4])
    assert len(set(found)) == 6
    assert all(text.startswith("open door") or len(text.split()) < 4 for text in found[4:])
    assert functions == 30 + 3


def test_the_same_code_gives_the_same_queries(index: codesearch.Index):
    first, _ = queries.mined(index, 10)
    again, _ = queries.mined(index, 10)
    fewer, _ = queries.mined(index, 3)
    assert first == again
    assert len(fewer) == 3


def test_no_more_queries_than_there_is_code_for(index: codesearch.Index):
    found, _ = queries.mined(index, 1000)
    assert 30 < len(found) < 100


def test_a_file_of_queries(tmp_path: Path):
    file = tmp_path / "queries.txt"
    file.write_bytes("\ufeff# what I ask\n\nparse a date\r\nlang:go  retry \nparse a date\n".encode())
    assert queries.read(file) == ["parse a date", "lang:go  retry"]


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, NotFoundError, "no such file"),
        (b"", UsageError, "holds no queries"),
        (b"\xff\xfe", UsageError, "not UTF-8"),
        (b"fine\nlang:go\n", UsageError, "q.txt:2: the query is empty"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, error: type[Exception], said: str):
    file = tmp_path / "q.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=said):
        queries.read(file)


def test_a_folder_is_no_file_of_queries(tmp_path: Path):
    with pytest.raises(UsageError, match="is a folder"):
        queries.read(tmp_path)
