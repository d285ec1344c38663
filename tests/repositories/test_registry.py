"""Names, groups and places of repositories survive, and a damaged file is never made worse."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from codesearch.core.errors import UsageError
from codesearch.repositories import registry
from codesearch.repositories.registry import Repository


def add(one: Repository) -> None:
    with registry.changing() as known:
        registry.put(known, one)


def test_there_are_none_at_first():
    assert registry.load() == {}
    assert not registry.file().exists()


def test_what_is_added_is_loaded_again(tmp_path: Path):
    local = Repository("shop", tmp_path / "shop", groups=("web", "team"))
    clone = Repository("gin", registry.clones() / "gin", "https://example.org/gin", branch="main")
    add(local)
    add(clone)
    assert registry.load() == {"shop": local, "gin": clone}


def test_the_folder_of_a_clone_is_never_read_from_the_file(tmp_path: Path):
    registry.file().parent.mkdir(parents=True)
    registry.file().write_text(f'{{"repositories": {{"gin": {{"url": "https://x.org/gin", "path": "{tmp_path}"}}}}}}')
    assert registry.load()["gin"].folder == registry.clones() / "gin"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"repositories": []}', '{"repositories": {"../x": {"url": "u"}}}', '{"repositories": {"x": {}}}'],
)
def test_a_damaged_file_is_an_error_and_stays_as_it_is(tmp_path: Path, text: str):
    registry.file().parent.mkdir(parents=True)
    registry.file().write_text(text)
    with pytest.raises(UsageError, match="not a list of repositories"):
        add(Repository("shop", tmp_path))
    assert registry.file().read_text() == text


def test_a_failed_change_changes_nothing(tmp_path: Path):
    add(Repository("shop", tmp_path))
    with pytest.raises(RuntimeError), registry.changing() as known:
        known.clear()
        raise RuntimeError
    assert [*registry.load()] == ["shop"]


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path):
    threads = [threading.Thread(target=add, args=(Repository(f"r{at}", tmp_path / str(at)),)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {*registry.load()} == {f"r{at}" for at in range(8)}


@pytest.mark.parametrize("name", ["", "-x", ".x", "a b", "a/b", "../up", "all", "ALL", "a:b", "x" * 101, "ä"])
def test_what_cannot_be_a_name(name: str):
    with pytest.raises(UsageError, match="cannot be a name"):
        registry.checked_name(name)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("https://example.org/team/gin.git", "gin"),
        ("git@example.org:team/gin.git", "gin"),
        ("git@example.org:gin", "gin"),
        ("/home/you/src/my shop/", "my-shop"),
        ("/srv/git/gin.git/", "gin"),
        ("/srv/.dotfiles", "dotfiles"),
    ],
)
def test_names_from_places(place: str, name: str):
    assert registry.name_for(place) == name


def test_a_name_is_given_once(tmp_path: Path):
    known = {"shop": Repository("shop", tmp_path, groups=("web",))}
    with pytest.raises(UsageError, match="the name shop is taken by"):
        registry.put(known, Repository("Shop", tmp_path / "other"))
    with pytest.raises(UsageError, match="web is a group"):
        registry.put(known, Repository("web", tmp_path / "web"))
    with pytest.raises(UsageError, match="shop is a repository"):
        registry.put(known, Repository("api", tmp_path / "api", groups=("shop",)))
    registry.put(known, Repository("shop", tmp_path, groups=("web", "new")))
    assert known["shop"].groups == ("web", "new")
