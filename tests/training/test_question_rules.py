"""How documentation, guides, messages and commits become questions, and what a training reads of them."""

from __future__ import annotations

import json
import random
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TRAINING = Path(__file__).parents[2] / "training"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(TRAINING))
    before = set(sys.modules)
    yield
    for name in {"question_rules", "group_texts", "packed_groups"} & (set(sys.modules) - before):
        del sys.modules[name]


@pytest.fixture
def rules() -> ModuleType:
    return import_module("question_rules")


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Returns the open files", ("return", "the open files")),
        ("Copies each row, then sorts it", ("copy", "each row")),
        ("Flushes the buffer (if there is one)", ("flush", "the buffer")),
        ("The open files", None),  # no verb
        ("Opening a file", None),
    ],
)
def test_a_sentence_with_a_verb_and_an_object_can_become_a_question(
    rules: ModuleType, sentence: str, found: tuple[str, str] | None
) -> None:
    assert rules.imperative(sentence) == found


def test_a_web_search_has_few_small_words_and_sometimes_the_language(rules: ModuleType) -> None:
    found = {
        rules.web_search("Splits the given string into a list of lines", "go", random.Random(seed))
        for seed in range(40)
    }
    assert any("golang" in text.split() or "go" in text.split() for text in found)
    assert any(not {"go", "golang"} & set(text.split()) for text in found)
    assert all(text == text.lower() for text in found)


def test_a_message_is_pasted_with_values_in_its_places(rules: ModuleType) -> None:
    for seed in range(20):
        text = rules.pasted("cannot open %s: no such file", "python", random.Random(seed))
        assert "%s" not in text and "cannot open" in text and "no such file" in text


def test_a_guide_asks_with_sentences_that_name_exactly_one_thing(rules: ModuleType) -> None:
    guide = (
        "# Reading\n\n"
        "Use `Reader.rows` to get the rows of a file as a list of dictionaries. Short `thing`.\n\n"
        "Both `rows` and `columns` are read from the same file that was given to the reader.\n\n"
        "```\nreader.rows()  # in a block, `this` is code and no sentence at all\n```\n\n"
        "The function `open_all` is an alias of what the open_all command does with its files.\n"
    )
    assert rules.guide_sentences(guide) == [
        ("Use to get the rows of a file as a list of dictionaries", "Reader.rows"),
    ]


def test_a_commit_is_an_issue_if_its_body_says_something(rules: ModuleType) -> None:
    body = (
        "When the connection is closed while a response is being written, the writer waits for ever for the buffer\n"
        "to be flushed. Wake it up instead.\n\nFixes #123\nSigned-off-by: A <a@example.com>"
    )
    text = rules.issue("Wake up the writer", body)
    assert text.startswith("Wake up the writer\nWhen the connection is closed")
    assert "Signed-off" not in text and "#123" not in text
    assert rules.issue("Wake up the writer", "Fixes #123") == ""


FUNCTION = {
    "name": "readRows", "qualname": "CsvReader.readRows", "path": "src/io/csv.ts",
    "source": "readRows(path) { return parse(path) }",
    "signature": "readRows(path: string): Row[]", "documentation": "Reads `all` rows.\n@param path the file",
}  # fmt: skip


def test_a_function_is_shown_with_its_words_split_and_its_prose_as_written() -> None:
    texts = import_module("group_texts")
    assert texts.head(FUNCTION) == "read rows , csv reader , io csv , read rows ( path : string ) : row [ ]"
    assert texts.documentation(FUNCTION) == "Reads all rows."
    assert texts.body(FUNCTION) == "read rows path return parse path"


def packed(folder: Path) -> Any:
    """Two groups of one repository: a sentence of documentation, and a message."""
    np = pytest.importorskip("numpy")
    found: dict[str, Any] = {
        "kinds": [0, 6], "ranks": [1, 2], "right": [[0, -1, -1], [1, -1, -1]], "wrong": [[1, 2, 3], [0, 2, 3]],
        "repository": [0, 0], "names": [5, 6, 6, 7], "query": [50, 51], "query_lengths": [1, 1],
        "head": [10, 11, 12, 13], "head_lengths": [1, 1, 1, 1], "documentation": [20, 21, 22, 23],
        "documentation_lengths": [1, 1, 1, 1], "body": [30, 31, 32, 33], "body_lengths": [1, 1, 1, 1],
    }  # fmt: skip
    np.savez(folder / "packed.npz", **{name: np.array(value) for name, value in found.items()})
    return import_module("packed_groups").Packed(folder / "packed.npz")


def test_a_question_from_documentation_never_sees_it(tmp_path: Path) -> None:
    groups = packed(tmp_path)
    for seed in range(20):
        group = groups.group(0, 2, 99, random.Random(seed))
        assert group.documents[0].tolist() == [10, 30]
        assert all(document.size == 2 for document in group.documents)


def test_other_questions_are_shown_all_functions_with_documentation_or_none(tmp_path: Path) -> None:
    groups = packed(tmp_path)
    shapes = set()
    for seed in range(20):
        group = groups.group(1, 2, 99, random.Random(seed))
        assert group.documents[0].tolist() in ([11, 31], [11, 21, 31])
        shapes.add(tuple(document.size for document in group.documents))
    assert shapes == {(2, 2, 2), (3, 3, 3)}


def test_question_and_function_are_joined_within_the_limit() -> None:
    joined = import_module("packed_groups").joined
    np = pytest.importorskip("numpy")
    ids, types = joined(np.array([5, 6]), np.array([7, 8, 9]), 6)
    assert ids == [101, 5, 6, 102, 7, 102]
    assert types == [0, 0, 0, 0, 1, 1]


def test_no_repository_of_the_benchmarks_is_trained_on() -> None:
    """Those of SWE-bench and of semble's benchmark; their names must not come back."""
    listed = {line.split("\t")[1] for line in (TRAINING / "repositories.tsv").read_text().splitlines()[1:]}
    reserved = {"sympy/sympy", "pytest-dev/pytest", "sphinx-doc/sphinx", "psf/requests", "pallets/flask",
                "pydata/xarray",
                "pylint-dev/pylint", "mwaskom/seaborn", "django/django", "astropy/astropy", "scikit-learn/scikit-learn",
                "matplotlib/matplotlib", "tokio-rs/tokio", "gin-gonic/gin", "axios/axios"}  # fmt: skip
    assert not listed & reserved


def test_sources_are_listed_with_commit_and_licence() -> None:
    for line in (TRAINING / "repositories.tsv").read_text().splitlines()[1:]:
        split, name, commit, licence, functions, pairs = line.split("\t")
        assert split in ("train", "held-out") and "/" in name and len(commit) == 40 and licence
        assert json.loads(functions) >= 0 and json.loads(pairs) >= 0
