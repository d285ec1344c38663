"""Queries on a frozen tree in several languages, and their first results.

`tree/` is a small grocery shop that was written for these tests. `questions.tsv` has one question per line: its kind,
the query, the first result of the fast ranking and, if the transformer is used, the first result with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import codesearch
from codesearch import Hit, Index
from codesearch.files import discover
from codesearch.search import parse
from tests.golden.pinned import FOLDER, UPDATE, pinned
from tests.support.home import HOUSE
from tests.support.trees import copy_shop

TABLE = FOLDER / "questions.tsv"
CLOSE = 0.1
"""Results whose scores differ by less may swap ranks on another processor, or with numpy: cosines that are nearly equal
swap theirs (see `test_vectors.SAME_MEANING`), and the rank by cosine counts by itself."""


def rows() -> list[list[str]]:
    """Return [kind, query, first result, first result with the transformer or ""] for each line of the table."""
    lines = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]
    return [[*line, "", ""][:4] for line in lines if line[0]]


def shown(hit: Hit) -> str:
    return f"{hit.symbol.path}:{hit.symbol.qualname}"


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the frozen tree, indexed, outside this repository and its ignore files."""
    root = copy_shop(tmp_path_factory.mktemp("golden") / "larder")
    with codesearch.open_index(root) as index:
        index.update()
    if UPDATE:
        rewrite(root)
    return root


def rewrite(root: Path) -> None:
    """Write the current results into the table."""
    with codesearch.open_index(root, model="static") as fast, codesearch.open_index(root, rerank="fast") as refined:
        lines = []
        for kind, query, *_ in rows():
            first = shown(fast.query(query)[0])
            second = shown(refined.query(query)[0]) if kind in ("sentence", "message") else ""
            lines.append("\t".join([kind, query, first, second]).rstrip("\t") + "\n")
    TABLE.write_text("".join(lines), "utf-8")


@pytest.fixture(scope="session")
def fast(tree: Path) -> Iterator[Index]:
    with codesearch.open_index(tree, model="static") as index:
        yield index


@pytest.mark.parametrize("query", [row[1] for row in rows()])
def test_the_first_answer_is_what_it_was(fast: Index, query: str) -> None:
    expected = {row[1]: row[2] for row in rows()}
    found = [shown(hit) for hit in fast.query(query, limit=5)]
    assert found[0] == expected[query], f"instead of {expected[query]}: {found}"


def test_the_table_asks_each_question_once() -> None:
    queries = [row[1] for row in rows()]
    assert len(queries) == len(set(queries)) >= 40
    assert {row[0] for row in rows()} == {"mention", "filter", "message", "sentence", "name", "half a name"}


def test_with_the_transformer_the_first_answer_is_what_it_was(tree: Path) -> None:
    wrong = []
    with codesearch.open_index(tree, rerank="fast") as index:  # the cross-encoder needs onnxruntime, this one does not
        for _, query, _, expected in rows():
            if not expected:
                continue
            hits = index.query(query, limit=5)
            assert not hits.problem
            close = [shown(hit) for hit in hits if hit.score >= hits[0].score - CLOSE]
            if expected not in close:
                wrong.append((query, expected, close))
    assert wrong == []


EVIDENCE = (
    "where are messages sent again that could not be delivered",
    "LabelPrinter.print",
    "write atom",
    "blob 00ff is damaged: its bytes hash to 11ab; restore it from a backup",
    "is Roles.authorize! checked before a refund",
)


def test_the_evidence_for_candidates_is_what_it_was(fast: Index) -> None:
    """The data of the best candidates from which their features are computed."""
    found = {query: [evidence(item) for item in fast.rank(parse(query)).ranked[:8]] for query in EVIDENCE}
    golden = pinned("evidence", found)
    assert found == golden


def evidence(ranked: Any) -> list[Any]:
    """Return location, score, text matches, cosine, terms per field and share of trigrams of a candidate."""
    one = ranked.candidate
    numbers = [round(value, 4) for value in (ranked.score, one.text, one.names, one.similarity, one.trigrams)]
    return [f"{one.symbol.path}:{one.symbol.qualname}", *numbers, " ".join(f"{fields:06b}" for fields in one.terms)]


def test_the_index_of_this_project_leaves_the_frozen_tree_out() -> None:
    """A search of codesearch itself must find its own code, not that of the shop."""
    paths = [file.path for file in discover(HOUSE).files]
    assert "codesearch/index.py" in paths
    assert [path for path in paths if path.startswith("tests/golden/tree/")] == []
