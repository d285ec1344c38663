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

from codesearch.embed.transformer import one_line

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
    "words": "read rows", "scope": "csv reader", "documentation": "Reads all rows, `\\n` between them.",
    "signature": "readRows(path: string): Row[]", "body": "read rows path return parse path",
}  # fmt: skip


def test_a_function_is_shown_as_the_product_embeds_it() -> None:
    """Training and product must read the same text, or the model learns another language than it is asked in."""
    texts = import_module("group_texts")
    embedded = "\n".join(FUNCTION[name] for name in ("words", "scope", "signature", "documentation", "body"))
    shown = " ".join((texts.head(FUNCTION), texts.documentation(FUNCTION), texts.rest(FUNCTION)))
    assert shown == one_line(embedded)
    assert texts.question("Where is readRows?") == "where is read rows"


def packed(folder: Path, *, sentences: bool = False) -> Any:
    """Two groups of one repository: a sentence of documentation, and a message."""
    np = pytest.importorskip("numpy")
    found: dict[str, Any] = {
        "kinds": [0, 6], "ranks": [1, 2], "right": [[0, -1, -1], [1, -1, -1]], "wrong": [[1, 2, 3], [0, 2, 3]],
        "repository": [0, 0], "names": [5, 6, 6, 7], "query": [50, 51], "query_lengths": [1, 1],
        "head": [10, 11, 12, 13], "head_lengths": [1, 1, 1, 1],
        "documentation": [20, 21, 22, 23, 24, 25, 1010, 26, 27, 1012, 28], "documentation_lengths": [1, 1, 1, 8],
        "rest": [30, 31, 32, 33], "rest_lengths": [1, 1, 1, 1],
    }  # fmt: skip
    np.savez(folder / "packed.npz", **{name: np.array(value) for name, value in found.items()})
    return import_module("packed_groups").Packed(folder / "packed.npz", 40, sentences=sentences)


def rows(tokens: Any) -> list[list[int]]:
    """Return the tokens of texts without what fills them up."""
    return [ids[mask == 1].tolist() for ids, mask in zip(tokens.ids, tokens.mask, strict=True)]


def test_documentation_is_shown_only_when_asked(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    groups = packed(tmp_path)
    numbers = np.array([0, 1])
    assert rows(groups.documents(numbers, 64, documented=False)) == [[101, 10, 30, 102], [101, 11, 31, 102]]
    assert rows(groups.documents(numbers, 64, documented=True)) == [[101, 10, 20, 30, 102], [101, 11, 21, 31, 102]]
    assert rows(groups.questions(numbers)) == [[101, 50, 102], [101, 51, 102]]
    assert groups.documents(numbers, 64, documented=True).ids.shape == (2, 8)  # no column that all leave empty


def test_question_and_function_are_joined_within_the_limit(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    groups = packed(tmp_path)
    tokens = groups.pairs(np.array([0, 1]), np.array([3, 0]), 8, documented=True)
    assert rows(tokens) == [[101, 50, 102, 13, 23, 24, 25, 102], [101, 51, 102, 10, 20, 30, 102]]
    assert tokens.types.tolist() == [[0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 0]]


def test_a_documented_function_without_a_question_gets_its_first_sentence(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    groups = packed(tmp_path, sentences=True)
    assert len(groups) == 3  # one word is no sentence
    assert groups.groups.right[2].tolist() == [3, -1, -1] and groups.groups.kinds[2] == 0
    # Its comma is left out, as in a question; what comes after the full stop too.
    assert rows(groups.questions(np.array([2]))) == [[101, 23, 24, 25, 26, 27, 102]]


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
