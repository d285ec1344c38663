"""Constants, fields and the like are found by their names, and take nothing from functions and types."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch.core.types import DETAILS, MINOR

RETRY = '''
def retry_upload(client):
    """Try a failed upload again, after a while."""
    for attempt in range(MAX_RETRIES):
        client.upload()


class Upload:
    """One upload."""

    attempts = 0
'''
CONSTANTS = '''
MAX_RETRIES = 5
"""How often a failed upload is tried again."""
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "retry.py").write_text(RETRY)
    (tmp_path / "limits.py").write_text(CONSTANTS)
    return tmp_path


@pytest.mark.parametrize("asked", ["MAX_RETRIES", "maxRetries"])
def test_a_constant_is_found_first_by_its_name(tree: Path, asked: str) -> None:
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        first = index.query(asked)[0].symbol
    assert (first.kind, first.qualname, first.path, first.start_line) == ("constant", "MAX_RETRIES", "limits.py", 2)


def test_a_sentence_finds_the_function_first(tree: Path) -> None:
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        hits = [hit.symbol.qualname for hit in index.query("try a failed upload again")]
    assert hits[0] == "retry_upload"
    assert "MAX_RETRIES" in hits


def test_details_change_neither_the_order_nor_the_scores_of_the_others(tree: Path) -> None:
    def answered(folder: Path) -> list[tuple[str, float]]:
        with codesearch.open_index(folder, embed="none") as index:
            index.update()
            hits = index.query("try a failed upload again -kind:field -kind:module", limit=50)
            return [(hit.symbol.qualname, hit.score) for hit in hits if hit.symbol.kind not in MINOR]

    before = answered(tree)
    # The class is one text more; its fields must not count as 30.
    (tree / "tables.py").write_text("class Table:\n" + "".join(f"    failed_upload_{n} = {n}\n" for n in range(30)))
    without = [one for one in answered(tree) if not one[0].startswith(("Table", "tables"))]
    assert [name for name, _ in without] == [name for name, _ in before]
    assert all(abs(score - known) < 0.05 for (_, score), (_, known) in zip(without, before, strict=True))


def test_a_filter_lists_details_alone(tree: Path) -> None:
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        hits = index.query("upload kind:field")
        listed = list(index.symbols(codesearch.Filter(kinds=("constant",))))
    assert [hit.symbol.qualname for hit in hits] == ["Upload.attempts"]
    assert [symbol.name for symbol in listed] == ["MAX_RETRIES"]


def test_details_have_no_vector_and_are_not_embedded_by_backfill(tree: Path) -> None:
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        index.query("upload")
        symbols = list(index.symbols())
        store = index.required_reader()
        counts = store.counts()
        pending = store.model_vectors("any").pending()
    details = [symbol for symbol in symbols if symbol.kind in DETAILS]
    assert len(details) == 2
    assert counts["vectors"] == len(symbols) - len(details) == len(pending)


def test_the_contribution_of_being_minor_is_part_of_the_sum(tree: Path) -> None:
    with codesearch.open_index(tree, embed="none") as index:
        index.update()
        ranked = index.rank(codesearch.search.parse("try a failed upload again")).ranked
    minor = [item for item in ranked if item.candidate.symbol.kind in MINOR]
    assert minor
    assert all(any(row[0] == "minor" for row in item.contributions()) for item in minor)


README = """# Uploads

Tries a failed upload again, after a while.

## Installation

Run the installer twice.
"""
WORKFLOW = """jobs:
  lint:
    steps:
      - name: Install the program
        run: pip install .
      - name: Check the style
        run: |
          ruff check .
      - name: Run the tests
        run: pytest
"""


@pytest.fixture
def documented(tree: Path) -> Path:
    (tree / "README.md").write_text(README)
    (tree / "ci.yml").write_text(WORKFLOW)
    return tree


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("how do I install it", "Uploads > Installation"),
        ("installation guide", "Uploads > Installation"),
        ("try a failed upload again after a while", "retry_upload"),
        ("ci step that checks the style", "jobs.lint.steps.Check the style"),
        ("upload is:doc", "Uploads"),
        ("installer kind:section", "Uploads > Installation"),
    ],
)
def test_prose_and_configuration_come_first_only_if_they_are_asked_for(
    documented: Path, asked: str, first: str
) -> None:
    with codesearch.open_index(documented, embed="none") as index:
        index.update()
        assert index.query(asked)[0].symbol.qualname == first


def test_documents_and_sections_are_embedded_but_are_no_neighbours_of_code(documented: Path) -> None:
    with codesearch.open_index(documented, embed="none") as index:
        index.update()
        vector = codesearch.embed.load(codesearch.embed.STATIC).quantised_query("upload")
        store = index.required_reader()
        near = store.symbols(id for id, _ in store.vector_candidates(vector, 50))
        sections = store.named("installation", 5), store.minor.named("installation", 5)
        assert store.vector_of(sections[1][0])
    assert sections[0] == []
    assert not [one for one in near.values() if one.symbol.kind in MINOR]


def test_lock_files_and_large_configuration_are_data(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def a(): pass\n")
    (tmp_path / "pnpm-lock.yaml").write_text("a:\n  b: 1\n")
    (tmp_path / "fixtures.yaml").write_text("row:\n  value: 1\n" * 20_000)
    with codesearch.open_index(tmp_path, embed="none") as index:
        index.update()
        status = index.status()
        assert {symbol.path for symbol in index.symbols()} == {"a.py"}
    assert [(one.path, one.reason) for one in status.skipped] == [("fixtures.yaml", "data")]


COVERAGE = """
name: CI
jobs:
  build:
    steps:
      - name: Upload coverage to the dashboard
        uses: example/coverage@v1
        with:
          token: none
      - name: Set up the toolchain
        run: |
          make setup
          make check
"""


@pytest.fixture
def with_workflow(tree: Path) -> Path:
    (tree / ".github" / "workflows").mkdir(parents=True)
    (tree / ".github" / "workflows" / "ci.yml").write_text(COVERAGE)
    return tree


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("upload coverage to the dashboard", "Upload coverage to the dashboard"),
        ("which step sets up the toolchain", "Set up the toolchain"),
        ("github step toolchain", "Set up the toolchain"),
    ],
)
def test_a_text_whose_name_says_more_of_the_question_than_any_code_comes_first(
    with_workflow: Path, question: str, name: str
) -> None:
    with codesearch.open_index(with_workflow, embed="none") as index:
        index.update()
        assert index.query(question)[0].symbol.name == name


def test_a_text_whose_name_says_no_more_than_code_stays_below_it(with_workflow: Path) -> None:
    (with_workflow / "CHANGES.md").write_text("# Try a failed upload again\n\nIt is tried after a while.\n")
    with codesearch.open_index(with_workflow, embed="none") as index:
        index.update()
        assert index.query("try a failed upload again")[0].symbol.qualname == "retry_upload"
