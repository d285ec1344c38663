"""A client in a checkout: a server's answer with the files that differ here, in one ranking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codesearch.core.errors import UsageError
from codesearch.server import overlaid, remote, second_stage
from codesearch.settings import load
from tests.server.conftest import Place, running
from tests.support.git import commit_all, git
from tests.support.models import FakeModel, install, uninstall
from tests.support.schemas import keeps_schema
from tests.support.trees import SMALL, write

UPLOAD = '''def send_again(path, times):
    """Retry a failed upload."""
    return [path] * times
'''
OTHER = '"""Fruit."""\n\ndef peel(fruit):\n    """Peel a fruit before it is eaten."""\n    return fruit[1:-1]\n'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write(tmp_path / "small", {**SMALL, "fruit.py": OTHER})
    commit_all(root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def filled(place: Place, tree: Path, call, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv(remote.VARIABLE, place.token("ci", "shop", push=True))
    assert call("push", place.url, "--repo", "shop").status == 0
    return place


def asked(call, place: Place, text: str, *options: str) -> dict[str, Any]:
    run = call("query", text, "--remote", place.url, "--json", "--model", "static", *options)
    assert run.status in (0, 1), run.err
    found: dict[str, Any] = json.loads(run.out)
    keeps_schema(found, "query-remote")
    return found


def paths(found: dict[str, Any]) -> list[str]:
    return [one["path"] for one in found["results"]]


def test_without_changes_the_server_answers_and_lines_are_shown(filled: Place, tree: Path, call):
    found = asked(call, filled, "peel a fruit")
    assert found["overlay"] == {
        "repository": "shop", "root": str(tree), "commit": git(tree, "rev-parse", "HEAD").strip(), "files": 0
    }  # fmt: skip
    text = call("query", "peel a fruit", "--remote", filled.url, "--model", "static").out
    assert text.startswith("shop:fruit.py:3  function peel")
    assert "return fruit[1:-1]" in text


def test_changed_new_and_deleted_files_answer_from_here(filled: Place, tree: Path, call):
    (tree / "fruit.py").write_text(OTHER.replace("peel(", "strip_skin(").replace("\n\ndef", "\n\n\n\ndef"))
    (tree / "new").mkdir()
    (tree / "new" / "again.py").write_text(UPLOAD)
    (tree / "retry.py").unlink()
    found = asked(call, filled, "retry a failed upload")
    assert (found["overlay"]["files"], paths(found)[0]) == (3, "new/again.py")
    assert "retry.py" not in paths(found)
    first = found["results"][0]
    assert (first["repo"], first["root"]) == ("shop", str(tree))
    assert "server" not in first
    fruit = asked(call, filled, "peel a fruit")["results"]
    changed = [one for one in fruit if one["path"] == "fruit.py" and one["kind"] == "function"]
    assert [(one["name"], one["start_line"]) for one in changed] == [("strip_skin", 5)]
    assert any(one.get("server") == filled.url for one in fruit)
    listed = call("query", "retry a failed upload", "--remote", filled.url, "--model", "static", "--format", "paths")
    assert listed.out.split() == list(dict.fromkeys(paths(found)))


def test_the_ranking_is_that_of_a_local_index_of_the_same_files(filled: Place, tree: Path, call):
    (tree / "fruit.py").write_text(OTHER.replace("before it is eaten", "and cache the result"))
    (tree / "again.py").write_text(UPLOAD)
    for text in ("retry a failed upload", "cache the result", "peel a fruit"):
        local = json.loads(call("query", text, "--json", "--model", "static").out)["results"]
        found = asked(call, filled, text)["results"]
        assert [(one["path"], one["name"]) for one in found] == [(one["path"], one["name"]) for one in local]
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in local], abs=0.06)


def test_filters_hold_for_changed_files(filled: Place, tree: Path, call):
    (tree / "again.py").write_text(UPLOAD)
    assert paths(asked(call, filled, "upload path:fruit.py")) in ([], ["fruit.py"], ["fruit.py", "fruit.py"])
    assert "again.py" in paths(asked(call, filled, "upload kind:function"))
    assert "again.py" not in paths(asked(call, filled, "upload kind:class"))


def test_ignored_files_do_not_answer(filled: Place, tree: Path, call):
    (tree / ".gitignore").write_text("secret/\n")
    write(tree / "secret", {"again.py": UPLOAD})
    assert "secret/again.py" not in paths(asked(call, filled, "retry a failed upload"))


def test_several_repositories_are_one_ranking(filled: Place, tree: Path, tmp_path: Path, call, monkeypatch):
    other = write(tmp_path / "other", {"mango.py": "def peel_mango():\n    return 1\n"})
    monkeypatch.setenv(remote.VARIABLE, filled.token("ci", "shop", "other", push=True))
    assert call("push", filled.url, other, "--repo", "other").status == 0
    (tree / "fruit.py").write_text(OTHER.replace("peel(", "peel_all("))
    found = asked(call, filled, "peel")
    assert {(one["repo"], one["path"], one["name"]) for one in found["results"]} >= {
        ("shop", "fruit.py", "peel_all"),
        ("other", "mango.py", "peel_mango"),
    }
    only = asked(call, filled, "peel repo:other")
    assert {one["repo"] for one in only["results"]} == {"other"}


def test_the_second_stage_compares_changed_files_too(database: str, tree: Path, call, monkeypatch):
    model = FakeModel(favourite="fruit")
    install(model)
    try:
        with running(database, second_stage.Model(model.name)) as place:
            monkeypatch.setenv(remote.VARIABLE, place.token("ci", "shop", push=True))
            assert call("push", place.url, "--repo", "shop").status == 0
            (tree / "again.py").write_text(UPLOAD)
            monkeypatch.setenv("CODESEARCH_MODEL", model.name)
            model.documents.clear()
            run = call("query", "retry a failed upload", "--remote", place.url, "--json")
            found = json.loads(run.out)
            assert found["reranked"]["compared"] == found["reranked"]["best"] > 0
            assert any("send again" in text for text in model.documents)
            local = json.loads(call("query", "retry a failed upload", "--json").out)["results"]
            assert [one["path"] for one in found["results"]] == [one["path"] for one in local]
            monkeypatch.delenv("CODESEARCH_MODEL")
            run = call("query", "retry a failed upload", "--remote", place.url)
            assert "your changed files were not compared with the question: the server's model is fake" in run.err
    finally:
        uninstall()


def test_a_commit_that_the_clone_lacks_is_named(filled: Place, tree: Path, tmp_path: Path, call, monkeypatch):
    clone = write(tmp_path / "shop", SMALL)
    commit_all(clone, "another history")
    monkeypatch.chdir(clone)
    run = call("query", "cache", "--remote", filled.url, "--model", "static", "--json")
    found = json.loads(run.out)
    assert found["overlay"] is None
    assert "changes here do not count: the server has shop at commit" in found["problem"]
    assert found["problem"] in run.err


def test_too_many_changes_are_said(filled: Place, tree: Path, call, monkeypatch):
    monkeypatch.setattr(overlaid, "MOST_FILES", 1)
    write(tree, {"one.py": UPLOAD, "two.py": UPLOAD})
    found = asked(call, filled, "retry a failed upload")
    assert found["overlay"] is None
    assert "2 files here differ from shop on the server, more than 1: they do not count" in found["problem"]


@pytest.mark.parametrize("format", ["text", "json", "ndjson", "vimgrep", "paths"])
def test_offline_the_local_index_answers_and_says_so(tree: Path, call, monkeypatch, format: str):
    monkeypatch.setenv(remote.VARIABLE, "cs_token")
    run = call("query", "peel a fruit", "--remote", "http://127.0.0.1:1", "--model", "static", "--format", format)
    assert run.status == 0
    assert "fruit.py" in run.out
    said = "http://127.0.0.1:1 cannot be reached: Connection refused"
    assert f"codesearch: {said}; this is the answer of the local index\n" in run.err
    if format == "json":
        found = json.loads(run.out)
        keeps_schema(found, "query")
        assert found["server"] == {"url": "http://127.0.0.1:1", "problem": said}


def test_offline_a_question_to_a_repository_of_the_server_fails(tree: Path, call, monkeypatch):
    monkeypatch.setenv(remote.VARIABLE, "cs_token")
    assert call("query", "peel", "--remote", "http://127.0.0.1:1", "--repo", "shop").status == 2


def test_only_the_user_may_name_a_server(filled: Place, tree: Path, call, monkeypatch):
    monkeypatch.setenv("CODESEARCH_REMOTE", filled.url)
    found = json.loads(call("query", "peel a fruit", "--json", "--model", "static").out)
    assert found["server"] == filled.url
    assert "server" not in json.loads(call("query", "peel a fruit", ".", "--json", "--model", "static").out)
    assert "server" not in json.loads(call("query", "peel", "--json", "--model", "static", "--remote", "").out)
    monkeypatch.delenv("CODESEARCH_REMOTE")
    (tree / ".codesearch.toml").write_text('remote = "https://evil.example"\n')
    with pytest.raises(UsageError, match="remote cannot be set by a project"):
        load(tree)
    run = call("query", "peel a fruit")
    assert (run.status, "remote cannot be set by a project" in run.err) == (2, True)


def test_a_newer_server_may_say_more_and_a_broken_one_is_named(filled: Place, tree: Path, call, monkeypatch):
    (tree / "again.py").write_text(UPLOAD)
    post = remote.Server.post

    def more(self: remote.Server, path: str, value: Any, seconds: float = 30.0) -> dict[str, Any]:
        found = post(self, path, value, seconds)
        for one in found["candidates"]:
            one["popularity"] = one["symbol"]["age"] = 1
        return found

    monkeypatch.setattr(remote.Server, "post", more)
    assert paths(asked(call, filled, "retry a failed upload"))[0] == "again.py"

    def broken(self: remote.Server, path: str, value: Any, seconds: float = 30.0) -> dict[str, Any]:
        found = post(self, path, value, seconds)
        del found["candidates"][0]["symbol"]["path"]
        return found

    monkeypatch.setattr(remote.Server, "post", broken)
    run = call("query", "retry a failed upload", "--remote", filled.url, "--model", "static")
    assert "the server's candidates cannot be read: KeyError 'path'; this is the answer of the local index" in run.err


def test_a_path_of_a_server_does_not_lead_out_of_the_checkout(tree: Path, tmp_path: Path):
    from codesearch.cli.commands.query_remote import _Place
    from codesearch.core.types import Symbol

    (tmp_path / "secret.py").write_text("password = 1\n")
    (tree / "link.py").symlink_to(tmp_path / "secret.py")
    place = _Place(tree, load(tree))

    def lines(path: str) -> list[str]:
        return place.source(Symbol("function", "f", "f", "", "", 1, 1, 0, 1, "python", path))[1]

    assert lines("retry.py")
    for path in ("../secret.py", str(tmp_path / "secret.py"), "link.py"):
        assert lines(path) == []
