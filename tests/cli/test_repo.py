"""`codesearch repo`: names for folders and clones."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.repositories import registry
from tests.support.git import commit_all, git
from tests.support.schemas import keeps_schema
from tests.support.trees import SMALL, write


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a bare repository to clone; `work` beside it is where it was made."""
    work = write(tmp_path / "work", SMALL)
    commit_all(work)
    git(tmp_path, "clone", "-q", "--bare", "work", "bare.git")
    return tmp_path / "bare.git"


def test_a_folder_gets_a_name_and_an_index(small: Path, call):
    run = call("repo", "add", ".", "--group", "team")
    assert run.status == 0
    assert f"small: {small} (in team)\n" in run.err
    assert "2 files indexed" in run.err
    assert call("repo", "add", small, "--group", "web", "--no-index", "-q").err == ""
    assert registry.load()["small"].groups == ("team", "web")
    listed = call("repo", "list").out
    assert "small" in listed
    assert "symbols" in listed
    assert "[team, web]" in listed


def test_a_clone_lives_and_dies(bare: Path, call):
    run = call("repo", "add", bare, "--name", "shop")
    assert (run.status, f"cloning {bare}" in run.err) == (0, True)
    folder = registry.clones() / "shop"
    assert (folder / "retry.py").exists()
    value = call("repo", "list", "--format", "json").json
    keeps_schema(value, "repo-list")
    (listed,) = value["repositories"]
    assert (listed["name"], listed["root"], listed["url"], listed["state"]) == (
        "shop",
        str(folder),
        str(bare),
        "indexed",
    )
    assert listed["symbols"] > 3
    work = bare.parent / "work"
    write(work, {"new.py": "def brand_new():\n    pass\n"})
    commit_all(work, "two")
    git(work, "push", "-q", str(bare), "main")
    updated = call("repo", "update")
    assert updated.status == 0
    assert f"shop: now at {git(work, 'rev-parse', 'HEAD')[:12]}" in updated.err
    assert "brand_new" in call("symbols", "--repo", "shop").out
    assert "shop: unchanged, at" in call("repo", "update", "shop").err
    assert call("repo", "remove", "shop").err == "codesearch: shop: removed, with its clone\n"
    assert not folder.exists()
    assert call("repo", "list").status == 1


def test_a_folder_that_is_removed_stays(small: Path, call):
    call("repo", "add", small)
    assert call("repo", "remove", "small").err == f"codesearch: small: removed; {small} stays\n"
    assert (small / ".codesearch" / "index.db").exists()
    assert (small / "retry.py").exists()


def test_a_repository_leaves_a_group(small: Path, call):
    call("repo", "add", small, "--group", "web", "--group", "team", "--no-index")
    assert call("repo", "remove", "small", "--group", "web").err == "codesearch: small: in team\n"
    assert registry.load()["small"].groups == ("team",)


def test_a_branch_of_a_local_repository_is_cloned(bare: Path, call):
    work = bare.parent / "work"
    git(work, "checkout", "-q", "-b", "next")
    write(work, {"next.py": "def next_one():\n    pass\n"})
    commit_all(work, "next")
    git(work, "checkout", "-q", "main")
    assert call("repo", "add", work, "--branch", "next", "--no-index").status == 0
    assert (registry.clones() / "work" / "next.py").exists()
    assert not (work / ".codesearch").exists()


def test_one_failure_leaves_the_others(small: Path, tmp_path: Path, call):
    write(tmp_path / "gone", SMALL)
    call("repo", "add", tmp_path / "gone", "--no-index")
    call("repo", "add", small, "--no-index")
    (tmp_path / "gone").rename(tmp_path / "moved")
    run = call("repo", "update")
    assert run.status == 2
    assert f"gone: {tmp_path / 'gone'} is missing; `codesearch repo remove gone` forgets it" in run.err
    assert "2 files indexed" in run.err
    states = {one["name"]: one["state"] for one in call("repo", "list", "--format", "json").json["repositories"]}
    assert states == {"gone": "missing", "small": "indexed"}


def test_a_failed_clone_is_not_registered(bare: Path, call):
    run = call("repo", "add", bare, "--branch", "nope")
    assert run.status == 2
    assert "has no branch or tag nope" in run.err
    assert registry.load() == {}


def test_a_leftover_of_another_repository_is_not_mistaken_for_a_clone(bare: Path, tmp_path: Path, call):
    other = write(tmp_path / "other", {"other.py": "def other():\n    pass\n"})
    commit_all(other)
    git(tmp_path, "clone", "-q", "other", str(registry.clones() / "bare"))
    assert call("repo", "add", bare, "--no-index").status == 0
    assert sorted(path.name for path in (registry.clones() / "bare").glob("*.py")) == ["cache.py", "retry.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ext::sh -c id",), "not a URL to clone from"),
        (("https://me:secret@example.org/x",), "holds a password"),
        (("nowhere",), "nowhere: no such folder, and no URL"),
        ((".", "--name", "all"), "it means all repositories"),
        ((".", "--name", "a/b"), "cannot be a name"),
        ((".", "--group", "-x"), "cannot be a name"),
        ((".", "--branch", "x", "--commit", "y"), "give --branch or --commit, not both"),
        ((".", "--commit", "abc123"), "give the whole id of 40 hexadecimal digits"),
        ((".", "--branch=--upload-pack=x"), "not the name of a branch or tag"),
        (("",), "give a folder or a URL"),
    ],
)
def test_what_is_refused(small: Path, call, arguments: tuple[str, ...], said: str):
    run = call("repo", "add", *arguments)
    assert (run.status, run.out) == (2, "")
    assert said in run.err
    assert not registry.file().exists()


def test_a_taken_name(small: Path, tmp_path: Path, call):
    call("repo", "add", small, "--no-index")
    run = call("repo", "add", write(tmp_path / "x" / "small", SMALL), "--no-index")
    assert run.status == 2
    assert "the name small is taken by" in run.err


def test_unknown_names(small: Path, call):
    assert "there are no repositories yet" in call("repo", "list").err
    assert "there are no repositories yet" in call("repo", "update").err
    call("repo", "add", small, "--no-index")
    for command in (("update", "smal"), ("remove", "smal"), ("list", "smal")):
        run = call("repo", *command)
        assert (run.status, "did you mean small?" in run.err) == (2, True)
