"""A question to several repositories: all that can answer do, and the others are named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch
from codesearch.core.errors import UsageError
from codesearch.repositories import likelihood, registry
from codesearch.repositories.joined import JoinedAnswer
from codesearch.repositories.registry import Repository
from codesearch.repositories.several import Repositories, open_repositories
from codesearch.service import Service
from codesearch.store.location import writer_lock
from tests.repositories.conftest import GREETER
from tests.support.trees import SMALL, write
from tests.support.wait import until

FAST = {"embed": "none"}


@pytest.fixture
def two(tmp_path: Path) -> list[Repository]:
    """Return two indexed repositories."""
    found = []
    for name, files in (("small", SMALL), ("greeter", GREETER)):
        root = write(tmp_path / name, files)
        with codesearch.open_index(root) as index:
            index.update()
        found.append(Repository(name, root))
    return found


@pytest.fixture
def several(two: list[Repository]) -> Iterator[Repositories]:
    with Repositories(two, **FAST) as opened:
        yield opened


def named(found: JoinedAnswer) -> list[str]:
    return [f"{one.repository.name}:{one.hit.symbol.name}" for one in found]


def test_each_question_finds_its_repository(several: Repositories):
    assert named(several.query("send a file again"))[0] == "small:retry_upload"
    assert named(several.query("say hello to visitors"))[0] == "greeter:greet_visitor"
    found = several.query("greet_visitor", limit=1)
    assert named(found) == ["greeter:greet_visitor"]
    assert (found.problem, found.complete) == ("", True)
    assert {part.repository.name for part in found.parts} == {"small", "greeter"}


def test_filters_hold_in_each(several: Repositories):
    found = several.query("hello kind:method")
    assert {one.hit.symbol.kind for one in found} <= {"method"}
    assert named(several.query("hello", where=codesearch.Filter(names=("greet*",)))) == ["greeter:greet_visitor"]


def test_changed_files_are_found_unless_the_index_is_to_be_used_as_it_is(several: Repositories, two: list[Repository]):
    write(two[1].folder, {"bye.py": "def wave_goodbye():\n    pass\n"})
    assert "greeter:wave_goodbye" not in named(several.query("wave_goodbye", fresh=False))
    assert named(several.query("wave_goodbye"))[0] == "greeter:wave_goodbye"


def test_those_that_cannot_answer_are_named(tmp_path: Path, two: list[Repository]):
    new = Repository("new", write(tmp_path / "new", SMALL))
    gone = Repository("gone", tmp_path / "gone")
    cloned = Repository("cloned", registry.clones() / "cloned", "https://example.org/x")
    damaged = Repository("damaged", Path(shutil.copytree(two[0].folder, tmp_path / "damaged")))
    (damaged.folder / ".codesearch" / "index.db").write_bytes(b"no database" * 1000)
    with Repositories([*two, new, gone, cloned, damaged], **FAST) as several:
        found = several.query("send a file again")
    assert named(found)[0] == "small:retry_upload"
    problems = {part.repository.name: part.problem for part in found.parts if not part.answered}
    assert [*problems] == ["new", "gone", "cloned", "damaged"]
    assert problems["new"] == "not indexed yet; run `codesearch repo update new`"
    assert "is missing; `codesearch repo remove gone`" in problems["gone"]
    assert "its clone is missing; `codesearch repo update cloned`" in problems["cloned"]
    assert not found.complete
    assert all(f"{name}: {problem}" in found.problem for name, problem in problems.items())
    assert not (new.folder / ".codesearch").exists()


def test_one_that_is_being_indexed_answers_from_what_it_has(several: Repositories, two: list[Repository]):
    write(two[1].folder, {"bye.py": "def wave_goodbye():\n    pass\n"})
    with writer_lock(two[1].folder / ".codesearch" / "index.db", timeout=60.0):
        found = several.query("say hello to visitors")
    assert named(found)[0] == "greeter:greet_visitor"
    assert found.problem == "greeter: it is being indexed; results may be out of date"
    assert not found.complete


def test_an_error_in_one_leaves_the_others(
    several: Repositories, two: list[Repository], monkeypatch: pytest.MonkeyPatch
):
    rank = codesearch.Index.rank

    def failing(index: codesearch.Index, *arguments, **more):
        if index.root.name == "small":
            raise ZeroDivisionError("oops")
        return rank(index, *arguments, **more)

    monkeypatch.setattr(codesearch.Index, "rank", failing)
    found = several.query("say hello to visitors")
    assert named(found)[0] == "greeter:greet_visitor"
    assert found.problem == "small: it failed: ZeroDivisionError('oops')"


def test_copies_are_one_hit(tmp_path: Path, two: list[Repository]):
    worktree = Repository("worktree", Path(shutil.copytree(two[1].folder, tmp_path / "worktree")))
    with Repositories([*two, worktree], **FAST) as several:
        found = several.query("greet_visitor")
        assert named(found).count("greeter:greet_visitor") == 1
        assert [str(place) for place in found[0].also] == ["worktree:greet.py:1"]
        write(worktree.folder, {"greet.py": GREETER["greet.py"].replace("hello {", "good day {")})
        changed = several.query("greet_visitor")
    assert {"greeter:greet_visitor", "worktree:greet_visitor"} <= {*named(changed)}


def test_a_question_that_cannot_be_understood(several: Repositories):
    with pytest.raises(UsageError, match="the query is empty"):
        several.query("lang:go")


def test_a_note_about_the_question_is_said_once(several: Repositories):
    assert several.query("lang:pyhton hello").problem.count("searched as text") == 1


def test_a_qualified_name_is_missing_only_if_no_repository_has_it(two: list[Repository]):
    write(two[0].folder, {"a.py": "class Greeter:\n    def greet_visitor(self):\n        return 1\n"})
    with Repositories(two, **FAST) as several:
        there = several.query("Greeter.greet_visitor")
        assert (named(there)[0], there.problem) == ("small:greet_visitor", "")
        assert several.query("Nope.greet_visitor").problem.count("no `Nope.greet_visitor` was found") == 1


def test_a_service_answers_if_there_is_one(two: list[Repository], monkeypatch: pytest.MonkeyPatch):
    with Service(two[1].folder, FAST) as service, Repositories(two, **FAST) as several:
        until(lambda: service.status().ready and service.status().fresh, service.status)
        here = Repositories._here
        asked = []

        def noted(self, one, *rest, **more):
            asked.append(one.repository.name)
            return here(self, one, *rest, **more)

        monkeypatch.setattr(Repositories, "_here", noted)

        def answered_by_the_service() -> JoinedAnswer | None:
            asked.clear()
            found = several.query("say hello to visitors")
            return found if asked == ["small"] else None

        found = until(answered_by_the_service, lambda: asked)
        assert found is not None
        assert named(found)[0] == "greeter:greet_visitor"


def test_an_unlikely_repository_is_searched_only_if_hits_are_lacking(
    several: Repositories, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(likelihood, "UNLIKELY", 0.0)
    searched = []
    rank = codesearch.Index.rank

    def noted(index: codesearch.Index, *arguments, **more):
        searched.append(index.root.name)
        return rank(index, *arguments, **more)

    monkeypatch.setattr(codesearch.Index, "rank", noted)
    found = several.query("say hello to visitors", limit=1)
    assert (searched, named(found)) == (["greeter"], ["greeter:greet_visitor"])
    assert (found.problem, found.complete) == ("", True)
    several.query("say hello to visitors", limit=50)
    assert searched == ["greeter", "greeter", "small"]
    several.query("greet_visitor", limit=1)  # a name may be anywhere
    assert sorted(searched[3:]) == ["greeter", "small"]


def test_only_some_are_asked(several: Repositories):
    found = several.query("say hello to visitors", only={"small"})
    assert {one.repository.name for one in found} == {"small"}
    assert [part.repository.name for part in found.parts] == ["small"]


def test_a_score_is_explained(several: Repositories):
    for one in several.query("say hello to visitors", explain=True):
        assert one.reason is not None
        assert one.reason.candidate.symbol == one.hit.symbol
        names = [name for name, *_ in one.reason.contributions()]
        assert ("repository" in names) == (one.repository.name == "small")
    assert all(one.reason is None for one in several.query("say hello to visitors"))


def test_open_by_name(two: list[Repository]):
    with registry.changing() as known:
        for one in two:
            registry.put(known, one)
    with open_repositories("small", **FAST) as chosen, open_repositories(without=["small"], **FAST) as other:
        assert [each.name for each in chosen.repositories] == ["small"]
        assert [each.name for each in other.repositories] == ["greeter"]
    with pytest.raises(UsageError, match="no repository or group nope"):
        open_repositories("nope")
