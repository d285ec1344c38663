"""Queries of registered repositories through the whole server: the names of `codesearch repo`, results that open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from codesearch_lsp.repositories import asked

from tests.lsp.client import Client, RequestError
from tests.lsp.conftest import FILES
from tests.support.home import environment
from tests.support.trees import write

GREETER = {
    "greet.py": 'def greet_visitor(name):\n    """Say hello to a visitor of the shop."""\n    return f"hello {name}"\n'
}
PRICES = {"price.py": 'def format_price(cents):\n    """Return a price as text."""\n    return f"{cents / 100:.2f}"\n'}
FAST = {"settings": {"embed": "none"}}


@pytest.fixture
def team(client: Client, tmp_path: Path) -> Path:
    """Return a folder with the repositories `greeter` and `prices`, in the group `team`; another folder is open."""
    for name, files in (("greeter", GREETER), ("prices", PRICES)):
        command = [sys.executable, "-m", "codesearch.cli", "repo", "add", str(write(tmp_path / name, files))]
        subprocess.run([*command, "--group", "team", "-q"], env=environment(tmp_path / "home"), check=True)
    client.initialize(write(tmp_path / "open", FILES), initializationOptions=FAST)
    return tmp_path


def test_results_of_other_repositories_have_places_that_open(client: Client, team: Path):
    found = client.ask(
        "codesearch/query", {"text": "say hello to visitors", "repositories": ["team"], "snippet": 1}
    )  # fmt: skip
    assert (found["query"], found["complete"], found["message"]) == ("say hello to visitors", True, "")
    first = found["hits"][0]
    assert first["uri"] == (team / "greeter" / "greet.py").as_uri()
    assert (first["root"], first["path"]) == ((team / "greeter").as_uri(), "greet.py")
    assert (first["repository"], first["rank"], first["unsaved"]) == ("greeter", 1, False)
    assert first["selectionRange"]["start"] == {"line": 0, "character": 4}
    assert first["snippet"] == "def greet_visitor(name):"
    assert {hit["repository"] for hit in found["hits"]} == {"greeter", "prices"}


def test_the_text_may_name_them(client: Client, team: Path):
    text = "say hello to visitors repo:team -repo:prices"
    found = client.ask("codesearch/query", {"text": text})
    assert found["query"] == text
    assert [hit["name"] for hit in found["hits"]] == ["greet_visitor"]
    assert [hit["name"] for hit in client.query("price as text", repositories="prices")] == ["format_price"]
    assert [hit["name"] for hit in client.query("repo:team price as text", repositories="prices")] == ["format_price"]
    assert "repository" not in client.query("read the configuration")[0]


def test_symbols_of_the_workspace_may_be_those_of_repositories(client: Client, team: Path):
    first, *_ = client.ask("workspace/symbol", {"query": "say hello to visitors repo:all"})
    assert (first["name"], first["containerName"]) == ("greet_visitor", "greeter: greet.py")
    assert first["location"]["uri"] == (team / "greeter" / "greet.py").as_uri()
    assert first["location"]["range"]["start"] == {"line": 0, "character": 4}


def test_what_is_wrong_is_said(client: Client, team: Path):
    with pytest.raises(RequestError, match="did you mean team"):
        client.query("hello", repositories=["teem"])
    with pytest.raises(RequestError, match="must be a list of names"):
        client.query("hello", repositories=[1])
    with pytest.raises(RequestError, match="leave one of them out"):
        client.query("hello", repositories=["team"], root=(team / "open").as_uri())
    with pytest.raises(RequestError, match="the query is empty"):
        client.query("repo:team")
    with pytest.raises(RequestError, match="no repository is both"):
        client.query("hello repo:prices", repositories=["greeter"])


def test_text_without_a_known_name_is_a_question_to_the_workspace():
    assert asked("read the configuration") is None
    assert asked("repository: what is it") is None
