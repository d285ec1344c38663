"""Tools answer from another repository if its name is given, and from no folder that was not registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codesearch import open_index
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.mcp.backend import Backend
from codesearch.repositories import registry
from codesearch.repositories.registry import Repository
from tests.mcp.client import Raw, stop_service
from tests.repositories.conftest import GREETER
from tests.support.git import commit_all
from tests.support.trees import SMALL, write

LEAVING = 'def leave(guests):\n    """Say goodbye to every guest."""\n' + "".join(
    f'    print("goodbye", guests[{number}], "and thank you for coming")\n' for number in range(12)
)


@pytest.fixture
def greeter(tmp_path: Path, runtime: Path) -> Iterator[Path]:
    """Return a registered repository."""
    root = write(tmp_path / "greeter", GREETER)
    commit_all(root)
    with registry.changing() as known:
        registry.put(known, Repository("greeter", root, groups=("team",)))
        registry.put(known, Repository("gone", tmp_path / "gone", groups=("team",)))
    yield root
    stop_service(root)


def text_of(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


def test_another_repository_answers(tree: Path, greeter: Path):
    with Raw(tree) as session:
        answer = session.call("search_code", question="say hello to a visitor", repo="greeter")
        symbol = session.text("get_symbol", symbol="greet.py:1", repo="greeter")
        own = session.call("search_code", question="greet_visitor")
        group = session.call("search_code", question="say hello to a visitor", repo="all", limit=1)
        outside = session.call("get_symbol", symbol="../tree/retry.py:1", repo="greeter")
    assert "greet.py:1-3 function greet_visitor" in text_of(answer)
    assert f"Paths are relative to {greeter} (repo: greeter)." in text_of(answer)
    value = answer["structuredContent"]
    assert (value["repo"], value["root"]) == ("greeter", str(greeter))
    assert "def greet_visitor" in symbol
    assert "greet.py" not in text_of(own)
    assert "greeter:greet.py:1-3 function greet_visitor" in text_of(group)
    assert "repo" not in own["structuredContent"]
    assert (outside["isError"], "outside the repository" in text_of(outside)) == (True, True)


@pytest.fixture
def team(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return two registered, indexed repositories of the group `team`, by name; no service is started."""
    monkeypatch.setattr(Backend, "_served", lambda *_: None)
    trees = {"greeter": GREETER | {"leave.py": LEAVING}, "small": SMALL}
    roots = {name: write(tmp_path / name, files) for name, files in trees.items()}
    for name, root in roots.items():
        commit_all(root)
        with open_index(root) as index:
            index.update()
        with registry.changing() as known:
            registry.put(known, Repository(name, root, groups=("team",)))
    return roots


@pytest.mark.parametrize("repo", ["team", "all"])
def test_a_group_is_searched_as_one(tree: Path, team: dict[str, Path], repo: str):
    answer = Backend(tree).call("search_code", {"question": "say hello lang:rust", "repo": repo, "limit": 3}, [])
    assert answer["text"].startswith("greeter:greet.py:1-3 function greet_visitor\n```\ndef greet_visitor")
    assert f"\nRepositories:\ngreeter: {team['greeter']}\n" in answer["text"]
    first = answer["value"]["results"][0]
    assert (first["repo"], first["path"], first["name"]) == ("greeter", "greet.py", "greet_visitor")
    assert {"repo": "greeter", "root": str(team["greeter"])} in answer["value"]["repositories"]
    assert answer["value"]["cursor"] == "3"
    call = {"question": "say hello lang:rust", "repo": repo, "limit": 3}
    more = Backend(tree).call("search_code", {**call, "cursor": "3"}, answer["marks"])
    assert first not in more["value"]["results"]
    long = {"question": "say goodbye to every guest", "repo": repo, "limit": 1}
    once = Backend(tree).call("search_code", long, [])
    again = Backend(tree).call("search_code", long, once["marks"])
    assert ("source sent earlier" in once["text"], "source sent earlier" in again["text"]) == (False, True)


def test_exact_text_is_searched_in_one_repository(tree: Path, team: dict[str, Path]):
    call = {"question": "say hello", "exact": "greet_v", "repo": "greeter"}
    answer = Backend(tree).call("search_code", call, [])
    assert [one["name"] for one in answer["value"]["results"]] == ["greet_visitor"]
    with pytest.raises(UsageError, match="one repository at a time"):
        Backend(tree).call("search_code", {**call, "repo": "team"}, [])


def test_a_place_says_its_repository(tree: Path, team: dict[str, Path]):
    backend = Backend(tree)
    for repo in ({}, {"repo": "team"}, {"repo": "greeter"}):
        answer = backend.call("get_symbol", {"symbol": "greeter:greet.py:1", **repo}, [])
        assert "def greet_visitor" in answer["text"]
        assert answer["value"]["repo"] == "greeter"
    similar = backend.call("find_similar", {"symbol": "greeter:greet.py:1"}, [])
    assert similar["value"]["repo"] == "greeter"
    with pytest.raises(UsageError, match="greeter is not among the repositories"):
        backend.call("get_symbol", {"symbol": "greeter:greet.py:1", "repo": "small"}, [])


def test_other_tools_are_answered_by_each_repository(tree: Path, team: dict[str, Path]):
    backend = Backend(tree)
    outline = backend.call("repo_map", {"repo": "team"}, [])
    assert f"# greeter ({team['greeter']})\n\ngreet.py\n" in outline["text"]
    assert f"# small ({team['small']})\n\n" in outline["text"]
    assert [one["repo"] for one in outline["value"]["repositories"]] == ["greeter", "small"]
    symbol = backend.call("get_symbol", {"symbol": "greet_visitor", "repo": "team"}, [])
    assert [one["repo"] for one in symbol["value"]["repositories"]] == ["greeter"]
    assert symbol["value"]["results"][0]["repo"] == "greeter"
    assert "# small" not in symbol["text"]
    calls = backend.call("trace", {"symbol": "greet_visitor", "repo": "all"}, [])
    assert "greet.py:1-3 function greet_visitor" in calls["text"]
    with pytest.raises(NotFoundError, match=r"greeter: .*; small: "):
        backend.call("get_symbol", {"symbol": "no_such_name", "repo": "team"}, [])
    with pytest.raises(UsageError, match="has no parameter nonsense"):
        backend.call("repo_map", {"repo": "team", "nonsense": 1}, [])
    with pytest.raises(UsageError, match="within one repository"):
        backend.call("find_similar", {"code": "x = 1", "repo": "team"}, [])


def test_a_budget_is_shared(tree: Path, team: dict[str, Path]):
    outline = Backend(tree).call("repo_map", {"repo": "team", "max_tokens": 250}, [])
    assert "Not shown: small. Raise max_tokens" in outline["text"]
    assert outline["value"]["truncated"]


def test_one_that_cannot_answer_is_named(tree: Path, greeter: Path):
    with open_index(greeter) as index:
        index.update()
    answer = Backend(tree).call("search_code", {"question": "say hello", "repo": "team"}, [])
    assert answer["value"]["results"][0]["path"] == "greet.py"
    assert any("gone: " in note and "is missing" in note for note in answer["value"]["notes"])


@pytest.mark.parametrize(
    ("repo", "kind", "said"),
    [
        ("greter", UsageError, "did you mean greeter?"),
        ("/etc", UsageError, "no repository or group /etc"),
        ("../greeter", UsageError, "no repository or group"),
        ("gone", NotFoundError, "gone: its folder is missing"),
        (["greeter"], UsageError, "repo must be a string"),
    ],
)
def test_what_is_not_registered_is_refused(
    tree: Path, greeter: Path, repo: object, kind: type[CodesearchError], said: str
):
    with pytest.raises(kind) as error:
        Backend(tree).call("repo_map", {"repo": repo}, [])
    assert said in str(error.value)
