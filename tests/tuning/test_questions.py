"""Questions from the names of tests, from the functions that commits changed, and from names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.index import Index, open_index
from codesearch.quality import mining
from codesearch.tuning.questions import NAMES, NO_TESTS, TESTS, narrowed, of_names, of_tests
from tests.support.git import commit_all

PARCEL = """def send_parcel_again(parcel):
    attempts = count_the_attempts(parcel)
    return deliver(parcel, attempts + 1)


def count_the_attempts(parcel):
    return len(parcel.attempts_so_far)
"""
TEST = """from parcel import send_parcel_again, count_the_attempts


def test_sends_a_late_parcel_again_to_its_owner():
    assert send_parcel_again(1)


def test_parcel():
    assert send_parcel_again(2)


def test_nothing_that_anybody_could_ask_about():
    assert count_the_attempts(3)
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    (tmp_path / "parcel.py").write_text(PARCEL, "utf-8")
    (tmp_path / "test_parcel.py").write_text(TEST, "utf-8")
    commit_all(tmp_path, "Begin")
    (tmp_path / "parcel.py").write_text(
        PARCEL.replace("len(parcel.attempts_so_far)", "min(9, len(parcel.attempts_so_far))"), "utf-8"
    )
    commit_all(tmp_path, "Limit how often something is delivered (#12)")
    with open_index(tmp_path, embed="none") as index:
        index.update()
        yield index


def test_the_name_of_a_test_asks_for_the_function_that_it_names_in_part(index: Index) -> None:
    (question,) = of_tests(index, 10, 0)
    assert question.kind == TESTS
    assert question.text == "sends a late parcel again to its owner" + NO_TESTS
    (target,) = question.targets
    assert (target.path, target.start, target.exact) == ("parcel.py", 1, True)


def test_the_filter_of_such_a_question_leaves_out_the_test(index: Index) -> None:
    (question,) = of_tests(index, 10, 0)
    assert "test_parcel.py" not in {hit.symbol.path for hit in index.query(question.text)}


def test_a_commit_asks_for_the_function_that_it_changed(index: Index) -> None:
    found, problem = mining.history(index.root, index.settings.file_options())
    assert not problem
    (question,) = narrowed(index, found)
    assert question.text == "Limit how often something is delivered"
    (target,) = question.targets
    assert (target.path, target.start, target.end, target.exact) == ("parcel.py", 6, 7, True)


def test_a_commit_whose_lines_are_gone_asks_for_the_file(index: Index) -> None:
    (index.root / "parcel.py").write_text(PARCEL, "utf-8")
    index.update()
    found, _ = mining.history(index.root, index.settings.file_options())
    (question,) = narrowed(index, found)
    assert question.targets[0].start is None


def test_without_git_commits_ask_for_files(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    from codesearch.files import git

    found, _ = mining.history(index.root, index.settings.file_options())

    def missing(*arguments: object, **options: object) -> bytes:
        raise git.GitUnavailableError("git is missing")

    monkeypatch.setattr(git, "output", missing)
    assert narrowed(index, found) == found


def test_names_are_asked_for_without_their_last_word(index: Index) -> None:
    assert {(one.text, one.kind) for one in of_names(index, 10, 0)} == {
        ("send parcel", NAMES),
        ("count the", NAMES),
    }
