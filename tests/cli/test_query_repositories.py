"""`codesearch query --repo`: every format says the repository, and other commands accept what is printed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.repositories.conftest import GREETER
from tests.support.command import terminal
from tests.support.schemas import keeps_schema
from tests.support.trees import SMALL, write

FAST = ("--embed", "none")


@pytest.fixture
def two(tmp_path: Path, call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the repositories `small` and `greeter`, in the group `team`; it is the current folder."""
    for name, files in (("small", SMALL), ("greeter", GREETER)):
        call("repo", "add", write(tmp_path / name, files), "--group", "team", "-q")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("say hello to visitors", "--repo", "all"),
        ("say hello to visitors", "--repo", "team"),
        ("say hello to visitors", "--repo", "small", "--repo", "greeter"),
        ("say hello to visitors repo:all",),
        ("repo:team say hello to visitors",),
        ("say hello to visitors -repo:small",),
        ("say hello to visitors repo:greeter", "--repo", "all"),
    ],
)
def test_ways_to_choose(two: Path, call, arguments: tuple[str, ...]):
    run = call("query", *arguments, *FAST)
    assert run.status == 0
    assert run.out.startswith("greeter:greet.py:1  function greet_visitor  ")


def test_every_format_says_the_repository(two: Path, call):
    query = ("query", "greet_visitor", "--repo", "all", "-n", "1", *FAST)
    assert call(*query).out.startswith("greeter:greet.py:1  function greet_visitor")
    value = call(*query, "--format", "json", "--snippet").json
    keeps_schema(value, "query-repo")
    (hit,) = value["results"]
    assert (hit["repo"], hit["root"], hit["path"], hit["rank"]) == ("greeter", str(two / "greeter"), "greet.py", 1)
    assert "def greet_visitor" in hit["snippet"]
    assert [(one["name"], one["answered"]) for one in value["repositories"]] == [("small", True), ("greeter", True)]
    (line,) = call(*query, "--format", "ndjson").lines
    keeps_schema(line, "query-ndjson")
    assert line["repo"] == "greeter"
    assert call(*query, "--format", "vimgrep").out == "greeter/greet.py:1:1:[greeter] def greet_visitor(name)\n"
    assert call(*query, "--format", "paths").out == "greeter/greet.py\n"
    assert call(*query, "--format", "nl").lines[0]["id"] == "greeter:greet.py:1"


def test_files_are_printed_once(two: Path, call):
    paths = call("query", "value", "--repo", "all", "-l", *FAST).out.splitlines()
    assert len(paths) == len({*paths}) > 1


@pytest.mark.parametrize("command", ["show", "similar", "callers", "related"])
def test_other_commands_accept_what_is_printed(two: Path, call, command: str):
    printed = call("query", "greet_visitor", "--repo", "all", "-n", "1", *FAST).out.split()[0]
    assert printed == "greeter:greet.py:1"
    run = call(command, printed)
    assert run.status in (0, 1)
    assert "error" not in run.err
    if command == "show":
        assert run.out == GREETER["greet.py"]


def test_why_accepts_it_too(two: Path, call):
    assert call("why", "say hello", "greeter:greet.py:1").status == 0


def test_other_commands_take_one_repository_by_name(two: Path, call):
    assert call("show", "greet_visitor", "--repo", "greeter").out == GREETER["greet.py"]
    assert "retry_upload" in call("symbols", "--repo", "small").out
    several = call("symbols", "--repo", "team")
    assert (several.status, "team means several repositories, and one is needed" in several.err) == (2, True)
    assert "cannot be combined with PATH" in call("symbols", ".", "--repo", "small").err


def test_copies_are_listed_once(two: Path, call, tmp_path: Path):
    call("repo", "add", shutil.copytree(two / "greeter", two / "fork"), "-q")
    query = ("query", "greet_visitor", "--repo", "all", *FAST)
    out = call(*query).out
    assert "also in fork:greet.py:1" in out
    assert "\nfork:" not in out
    first = call(*query, "--format", "json").json["results"][0]
    assert first["also_in"] == [{"repo": "fork", "path": "greet.py", "line": 1}]


def test_one_that_cannot_answer_is_named(two: Path, call):
    shutil.rmtree(two / "small")
    run = call("query", "greet_visitor", "--repo", "all", *FAST)
    assert run.status == 0
    assert run.err == (f"codesearch: small: {two / 'small'} is missing; `codesearch repo remove small` forgets it\n")
    value = call("query", "greet_visitor", "--repo", "all", "--format", "json", *FAST).json
    keeps_schema(value, "query-repo")
    assert value["complete"] is False
    assert "is missing" in value["repositories"][0]["problem"]
    shutil.rmtree(two / "greeter")
    run = call("query", "greet_visitor", "--repo", "all", *FAST)
    assert (run.status, "no repository could answer" in run.err) == (2, True)


def test_scores_and_opening(two: Path, call, monkeypatch: pytest.MonkeyPatch):
    run = call("query", "quantum chromodynamics", "--repo", "all", "--min-score", "0.9", *FAST)
    assert (run.status, run.out) == (1, "")
    assert "no results with a score of 0.9 or more" in run.err
    monkeypatch.setenv("EDITOR", "false")
    monkeypatch.delenv("VISUAL", raising=False)
    assert "false ended with status 1" in call("query", "greet_visitor", "--repo", "all", "--open", "1", *FAST).err
    many = call("query", "greet_visitor", "--repo", "all", "--open", "99", *FAST)
    assert "--open 99: there are only" in many.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((".",), "PATH cannot be combined with --repo or repo:"),
        (("--root", "small"), "--root cannot be combined with --repo or repo:"),
        (("--db", "x.db"), "--db cannot be combined with --repo or repo:"),
        (("repo:small",), "no repository is both in --repo and in repo:"),
    ],
)
def test_what_cannot_be_combined(two: Path, call, more: tuple[str, ...], said: str):
    run = call("query", "greet", *more, "--repo", "greeter")
    assert (run.status, said in run.err) == (2, True)


def test_scores_are_explained_with_the_repository(two: Path, call):
    query = ("query", "say hello to visitors", "--repo", "all", "--explain", "-n", "3", *FAST)
    assert "smaller contributions" in call("query", "say hello", "--repo", "greeter", "--explain", *FAST).out
    assert "how likely its repository is to hold the answer" in call(*query).out
    value = call(*query, "--format", "json").json
    keeps_schema(value, "query-repo")
    features = [{one["name"]: one["contribution"] for one in hit["explain"]["features"]} for hit in value["results"]]
    assert {hit["repo"] for hit in value["results"]} == {"greeter", "small"}
    for hit, found in zip(value["results"], features, strict=True):
        assert ("repository" in found) == (hit["repo"] == "small")
        assert found.get("repository", 0.0) <= 0.0
        assert hit["explain"]["sum"] == pytest.approx(sum(found.values()), abs=0.01)


def test_many_questions_to_many_repositories(two: Path, call):
    write(two, {"questions.txt": "say hello\n\nsend a file again repo:small\nlang:go\nhello repo:nope\n"})
    run = call("query", "--batch", "questions.txt", "--repo", "all", *FAST)
    assert run.status == 2  # one cannot be understood
    hello, blank, send, wrong, text = run.lines
    for line in run.lines:
        keeps_schema(line, "query-batch")
    assert (hello["results"][0]["repo"], hello["results"][0]["path"]) == ("greeter", "greet.py")
    assert (blank["query"], blank["results"]) == ("", [])
    assert (send["query"], {hit["repo"] for hit in send["results"]}) == ("send a file again repo:small", {"small"})
    assert "the query is empty" in wrong["error"]
    assert text["results"]
    assert run.err.count("`repo:nope` is searched as text") == 1
    assert call("query", "--batch", "questions.txt", "--repo", "greeter", *FAST).lines[0]["results"]


def test_a_word_that_is_no_repository_is_text(two: Path, call):
    run = call("query", "hello repo:nope", "greeter", *FAST)
    assert run.out.startswith("greeter/greet.py:1")
    assert run.err.count("`repo:nope` is searched as text: there is no repository or group nope") == 1
    both = call("query", "hello repo:nope", "--repo", "all", *FAST)
    assert both.err.count("`repo:nope` is searched as text") == 1


def test_unknown_names(two: Path, call):
    run = call("query", "hello", "--repo", "teem")
    assert (run.status, "did you mean team?" in run.err) == (2, True)


@pytest.mark.parametrize("columns", [60, 120])
def test_on_a_terminal(two: Path, columns: int):
    status, out = terminal("query", "greet_visitor", "--repo", "all", *FAST, cwd=two, columns=columns)
    assert status == 0
    assert "greeter:greet.py" in out
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\]8;.*?(?:\x1b\\|\x07)", "", out)
    assert max(map(len, plain.splitlines())) <= columns
