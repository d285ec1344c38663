"""Which repositories a name means, and which words of a question are such names."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.errors import UsageError
from codesearch.repositories import registry, selection
from codesearch.repositories.registry import Repository

KNOWN = {
    "gin": Repository("gin", Path("/gin"), groups=("web", "go")),
    "express": Repository("express", Path("/express"), groups=("web",)),
    "shop": Repository("shop", Path("/shop")),
}


def names(*wanted: str, without: tuple[str, ...] = ()) -> list[str]:
    return [one.name for one in selection.choose(wanted, without, KNOWN)]


def test_names_groups_and_all():
    assert names("gin") == ["gin"]
    assert names("web") == ["gin", "express"]
    assert names("shop", "web", "gin") == ["shop", "gin", "express"]
    assert names("all") == names() == ["gin", "express", "shop"]
    assert names("all", without=("web",)) == ["shop"]


def test_a_name_that_means_nothing():
    with pytest.raises(UsageError, match=r"no repository or group expres; did you mean express\? \(there are: gin, "):
        names("expres")
    with pytest.raises(UsageError, match="no repository is left"):
        names("web", without=("gin", "express"))
    with pytest.raises(UsageError, match="there are no repositories yet: `codesearch repo add"):
        selection.choose(["gin"], known={})


@pytest.mark.parametrize(
    ("text", "left", "wanted", "excluded"),
    [
        ("parse a date repo:gin", "parse a date", ("gin",), ()),
        ("repo:web parse -repo:gin a date", "parse a date", ("web",), ("gin",)),
        ("parse repo:!gin REPO:all", "parse", ("all",), ("gin",)),
    ],
)
def test_filters_in_the_text(text: str, left: str, wanted: tuple[str, ...], excluded: tuple[str, ...]):
    found = selection.split(text, KNOWN)
    assert (found.text, found.names, found.excluded, found.note) == (left, wanted, excluded, "")


@pytest.mark.parametrize("text", ["parse a  date", "def f(repo: str)", "x.repo:gin", "repo::gin"])
def test_other_text_stays_as_it_is(text: str):
    found = selection.split(text, KNOWN)
    assert (found.text, bool(found), "searched as text" in found.note) == (text, False, text == "repo::gin")


def test_an_unknown_name_is_text_with_a_note():
    found = selection.split("repo:gni routes", KNOWN)
    assert found.text == "repo:gni routes"
    assert "`repo:gni` is searched as text: there is no repository or group gni; did you mean gin?" in found.note


def test_places_that_answers_print(tmp_path: Path):
    with registry.changing() as known:
        registry.put(known, Repository("gin", tmp_path, groups=("web",)))
    found = selection.place("gin:binding/json.go")
    assert found is not None
    assert (found[0].folder, found[1]) == (tmp_path, "binding/json.go")
    for other in ("web:a.go", "gin::Engine", "src/a.go", "C:\\src\\a.go", "gin:"):
        assert selection.place(other) is None


def test_one_repository_where_one_is_needed(tmp_path: Path):
    with registry.changing() as known:
        registry.put(known, Repository("gin", tmp_path / "gin", groups=("web",)))
        registry.put(known, Repository("express", tmp_path / "express", groups=("web",)))
    assert selection.one("gin").name == "gin"
    with pytest.raises(UsageError, match="web means several repositories, and one is needed: gin, express"):
        selection.one("web")
