"""Tools answer from another repository if its name is given, and from no folder that was not registered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.mcp.backend import Backend
from codesearch.repositories import registry
from codesearch.repositories.registry import Repository
from tests.mcp.client import Raw, stop_service
from tests.repositories.conftest import GREETER
from tests.support.git import commit_all
from tests.support.trees import write


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
        outside = session.call("get_symbol", symbol="../tree/retry.py:1", repo="greeter")
    assert "greet.py:1-3 function greet_visitor" in text_of(answer)
    assert f"Paths are relative to {greeter} (repo: greeter)." in text_of(answer)
    value = answer["structuredContent"]
    assert (value["repo"], value["root"]) == ("greeter", str(greeter))
    assert "def greet_visitor" in symbol
    assert "greet.py" not in text_of(own)
    assert "repo" not in own["structuredContent"]
    assert (outside["isError"], "outside the repository" in text_of(outside)) == (True, True)


@pytest.mark.parametrize(
    ("repo", "kind", "said"),
    [
        ("greter", UsageError, "did you mean greeter?"),
        ("/etc", UsageError, "no repository or group /etc"),
        ("../greeter", UsageError, "no repository or group"),
        ("team", UsageError, "team means several repositories, and one is needed: greeter, gone"),
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
