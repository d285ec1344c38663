"""`codesearch eval`, on a small repository."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from codesearch.cli.main import main
from tests.quality.conftest import commit, repository  # noqa: F401 -- fixtures
from tests.support.command import Run, process
from tests.support.schemas import keeps_schema

Call = Callable[..., Run]


def report(call: Call, *arguments: object) -> dict[str, Any]:
    run = call("eval", *arguments, "--format", "json")
    assert run.status == 0, run.err
    found: dict[str, Any] = run.json
    keeps_schema(found, "eval")
    return found


def test_questions_are_made_asked_and_scored(repository: Path, commit, call: Call):  # noqa: F811
    commit("Wait longer after every attempt that failed", src__upload_go="\n// 2\n")
    before = sorted(path for path in repository.rglob("*") if ".git" not in path.parts)
    found = report(call, repository)
    run = found["runs"][0]
    assert (len(found["runs"]), run["questions"], found["differences"]) == (1, 6, [])
    assert {name: group["questions"] for name, group in run["by"]["kind"].items()} == {
        "documentation": 5,
        "history": 1,
    }
    assert set(run["by"]["language"]) == {"python", "go"}
    places = {row["query"]: row["place"] for row in run["results"]}
    assert places["Wait longer after every attempt that failed"] >= 1
    for row in run["results"]:
        right = [hit for hit in row["hits"] if hit["right"]]
        assert row["place"] == (row["hits"].index(right[0]) + 1 if right else 0)
        assert row["mrr"] == (1 / row["place"] if row["place"] else 0)
        assert all(hit["path"] == row["targets"][0]["path"] for hit in right)
    mean = sum(row["mrr"] for row in run["results"]) / 6
    assert run["metrics"]["mrr"]["mean"] == pytest.approx(mean, abs=1e-6)
    assert run["metrics"]["mrr"]["low"] <= mean <= run["metrics"]["mrr"]["high"]
    assert sum(one["count"] for one in run["reliability"]) == sum(len(row["hits"]) for row in run["results"])
    assert "only 6 questions" in found["notes"][0]
    after = sorted(path for path in repository.rglob("*") if ".git" not in path.parts)
    assert before == after, "no index is left in the tree"


def test_documentation_does_not_answer_for_itself(repository: Path, call: Call):  # noqa: F811
    """If the documentation were still there, its first sentence would find it word by word."""
    text = (repository / "src" / "upload.go").read_text("utf-8")
    nonsense = "Quibbles the zorgs into frumious bandersnatch portmanteaus."
    (repository / "src" / "upload.go").write_text(
        text.replace("Checks that the bytes that came are the bytes that were sent.", nonsense), "utf-8"
    )
    rows = {row["query"]: row for row in report(call, repository)["runs"][0]["results"]}
    row = rows[nonsense.rstrip(".")]
    assert not row["hits"] or row["hits"][0]["score"] < 0.2
    labelled = repository.parent / "labelled.tsv"
    labelled.write_text(f"{nonsense}\tsrc/upload.go:13\n", "utf-8")
    assert report(call, repository, "--queries", labelled)["runs"][0]["results"][0]["place"] == 1


def test_the_same_code_gives_the_same_figures(repository: Path, call: Call):  # noqa: F811
    first = report(call, repository, "--queries", "3")
    again = report(call, repository, "--queries", "3")
    other = report(call, repository, "--queries", "3", "--seed", "5")
    for one in (first, again, other):
        del one["runs"][0]["median_seconds"]
    assert first == again
    asked = [[row["query"] for row in one["runs"][0]["results"]] for one in (first, other)]
    assert len(asked[0]) == 3
    assert asked[0] != asked[1]


def test_settings_side_by_side(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    (repository / ".codesearch.toml").write_text('exclude = ["*.go"]\n', "utf-8")
    page = tmp_path / "report.html"
    compared = ("--compare", "model=static", "--compare", "model=static,languages=python")
    found = report(call, repository, *compared, "--html", page)
    assert [run["name"] for run in found["runs"]] == ["model=static", "model=static,languages=python"]
    assert {row["language"] for row in found["runs"][0]["results"]} == {"python"}, "excluded files are not asked for"
    (difference,) = found["differences"]
    assert (difference["run"], difference["against"]) == ("model=static,languages=python", "model=static")
    assert difference["metrics"]["mrr"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert difference["dropped"] == []
    assert page.read_text("utf-8").count("model=static,languages=python") >= 3
    text = call("eval", repository, *compared).out
    assert "model=static,languages=python compared with model=static, 3 queries" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--compare", "model"), "SETTING=VALUE"),
        (("--compare", "db=/tmp/x"), "SETTING=VALUE"),
        (("--compare", "max_file_size=lots"), "max_file_size must be"),
        (("--compare", "model=static", "--compare", "model=static"), "twice"),
        (("--fail-under", "MRR"), "MRR=X"),
        (("--fail-under", "speed=0.5"), "MRR=X"),
        (("--fail-under", "MRR=7"), "MRR=X"),
        (("--queries", "0"), "--queries must be at least 1"),
        (("--queries", "none.tsv"), "no such file"),
        (("--queries", "feedback"), "nothing is recorded"),
        (("--baseline", "none.json"), "no such evaluation"),
        (("--html", "nowhere/there.html"), "nowhere/there.html: cannot be written: the folder does not exist"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_done(
    repository: Path,  # noqa: F811
    call: Call,
    arguments: tuple[str, ...],
    said: str,
):
    run = call("eval", repository, *arguments)
    assert (run.status, run.out) == (2, "")
    assert said in run.err
    assert run.err.count("\n") == 1


def test_a_tree_without_documentation_or_history(tmp_path: Path, call: Call):
    (tmp_path / "a.py").write_text("def f():\n    return 1\n", "utf-8")
    run = call("eval", tmp_path)
    assert run.status == 2
    assert "no questions can be made" in run.err
    assert "not a git work tree" in run.err


def test_labelled_files_are_asked_of_the_tree_as_it_is(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    suite = tmp_path / "suite.json"
    rows = [
        {"query": "how are parts sent again", "relevant": ["src/upload.go"], "secondary": [], "category": "semantic"},
        {"query": "how long values are kept", "relevant": ["cache.py"], "secondary": ["src/upload.go"]},
        {"query": "what is not there", "relevant": ["src/none.py"]},
        {"query": "what is half there", "relevant": ["src/none.py"], "secondary": ["src/upload.go", "src/cache.py"]},
    ]
    suite.write_text(json.dumps(rows), "utf-8")
    found = report(call, repository, "--queries", suite)
    run = found["runs"][0]
    assert [row["place"] for row in run["results"]] == [1, 1, 0, 1]
    assert run["results"][1]["recall"] == 1
    assert run["results"][3]["recall"] == 1, "what is gone does not count where something else is right"
    assert set(run["by"]["kind"]) == {"semantic", "labelled"}
    assert any(
        "1 of 4 questions have answers that are not in the tree, such as src/none.py" in note for note in found["notes"]
    )


def test_failing_under_a_limit(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    labelled = tmp_path / "labelled.tsv"
    labelled.write_text("parts that did not arrive\tsrc/upload.go:4\nwhat is nowhere\tsrc/none.py\n", "utf-8")
    asked = ("eval", repository, "--queries", labelled)
    assert call(*asked, "--fail-under", "recall=0.5", "--fail-under", "mrr=0.01").status == 0
    run = call(*asked, "--fail-under", "NDCG=0.9", "--fail-under", "MRR@10=1")
    assert run.status == 1
    assert re.search(r"NDCG@10 is 0\.\d{3}, lower than 0\.9\n", run.err)
    assert "MRR@10 is" in run.err
    assert "by kind" not in run.out, "one kind of question needs no table by kind"


def many(repository: Path) -> Path:  # noqa: F811
    """Write as many functions as two evaluations must have in common."""
    words = "apples bears cedars doves eagles foxes geese hares ibexes jays kites larks moles newts otters".split()
    text = "".join(
        f'def count_{word}(where):\n    """Return how many of the {word} are there now."""\n    found = {word}(where)\n'
        f"    found.sort()\n    return len(found)\n\n\n"
        for word in words
    )
    (repository / "many.py").write_text(text, "utf-8")
    return repository


def test_a_baseline_finds_a_drop_and_only_a_drop(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    many(repository)
    saved = tmp_path / "before.json"
    assert call("eval", repository, "--save", saved).status == 0
    same = call("eval", repository, "--baseline", saved)
    assert (same.status, same.err) == (0, "")
    assert "compared with before.json" in same.out
    value = json.loads(saved.read_text("utf-8"))
    for row in value["runs"][0]["results"]:
        row["mrr"], row["recall"], row["ndcg"] = 1.0, 1.0, 1.0
    text = (repository / "many.py").read_text("utf-8")
    worse = re.sub(r"\bcount_\w+", lambda name: f"f{len(name[0])}_{hash(name[0]) % 97}", text)
    (repository / "many.py").write_text(re.sub(r"= \w+\(where\)", "= a(b)", worse), "utf-8")
    run = call("eval", repository, "--baseline", saved)
    assert run.status == 1
    assert "codesearch: lower than before.json: " in run.err
    assert "MRR@10 by 0." in run.err


def test_baselines_that_cannot_be_compared(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    unsaved = "base.json: not an evaluation; give a file that `codesearch eval --save base.json` has written\n"
    for text, said in (
        ("{}", unsaved),
        ("nothing", unsaved),
        ('{"format": 99}', "another version"),
        (
            '{"format": 1, "runs": []}',
            unsaved,
        ),
        ('{"format": 1, "runs": [{"results": []}]}', "0 questions in common"),
    ):
        (tmp_path / "base.json").write_text(text, "utf-8")
        run = call("eval", repository, "--baseline", tmp_path / "base.json")
        assert run.status == 2, text
        assert said in run.err


class Checker(HTMLParser):
    """Collects what a page loads, and checks that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.loads += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "br", "rect", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("rect", "circle", "line", "polyline"):
            return
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(repository: Path, call: Call, tmp_path: Path):  # noqa: F811
    text = (repository / "src" / "upload.go").read_text("utf-8")
    sly = "Sends <script>alert(1)</script> & more to those who asked for it"
    (repository / "src" / "upload.go").write_text(text, "utf-8")
    labelled = tmp_path / "labelled.tsv"
    labelled.write_text(f"{sly}\tsrc/none.go\nkeeps values for a time\tsrc/cache.py:4\n", "utf-8")
    page = tmp_path / "report.html"
    assert call("eval", repository, "--queries", labelled, "--html", page).status == 0
    html = page.read_text("utf-8")
    checker = Checker()
    checker.feed(html)
    assert (checker.open, checker.loads) == ([], [])
    assert "script" not in checker.tags
    assert sly.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
    assert "http" not in html.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in html
    plots = re.findall(r"<svg.*?</svg>", html, re.S)
    assert len(plots) == 2
    for plot in plots:
        root = ElementTree.fromstring(plot)
        named = root.get("aria-labelledby", "").split()
        identifiers = {element.get("id") for element in root.iter()}
        assert root.get("role") == "img"
        assert len(named) == 2
        assert identifiers >= set(named)
    assert html.count("<caption") == html.count("<table")


def test_feedback_as_questions(repository: Path, call: Call, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setenv("CODESEARCH_FEEDBACK", "true")
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    assert call("query", "parts that did not arrive", repository, "--open", "1").status == 0
    opened = call("feedback", "list", repository, "--format", "json").json["opened"]
    text = (repository / opened[0]["path"]).read_text("utf-8")
    (repository / opened[0]["path"]).write_text(text.replace("package upload", "package upload\n\n\n"), "utf-8")
    (row,) = report(call, repository, "--queries", "feedback")["runs"][0]["results"]
    assert (row["query"], row["kind"], row["place"]) == ("parts that did not arrive", "opened", 1)
    assert row["targets"] == [{"path": "src/upload.go", "start": opened[0]["line"] + 3}], "it is found where it is now"


def test_help_and_the_command_itself(repository: Path):  # noqa: F811
    run = process("eval", "--queries", "2", cwd=repository / "src")
    assert run.status == 0, run.err
    assert run.out.startswith(f"{repository}: 2 queries (")
    assert main(["eval", "--help"]) == 0
