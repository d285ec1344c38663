"""Machines where a package has no wheel: the same answers without it, in processes of their own.

`nox -s without` runs whole folders of tests in this way.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Run, process
from tests.support.home import HOUSE
from tests.support.trees import copy_shop, write
from tests.support.without.sitecustomize import copy_site, use_site

QUESTIONS = ("where is a failed payment tried again", "sum of all lines of a cart", "print a label lang:python")
DART = "/// Opens the door.\nvoid openDoor() {}\n"


def run(tree: Path, hidden: str, *arguments: str) -> Run:
    """Run a command as if some packages were not installed; "" hides none."""
    site = tree.parent / f"site {hidden}"
    environment = use_site(site, hidden) if site.exists() else copy_site(site, hidden)
    return process(*arguments, cwd=tree, environment=environment)


def answers(tree: Path, hidden: str, *options: str) -> list[list[dict[str, Any]]]:
    """Index a tree and ask; return the hits of each question."""
    found = []
    for question in QUESTIONS:
        done = run(tree, hidden, "query", question, "--format", "json", "--db", f"{hidden or 'all'}.db", *options)
        assert done.status == 0, done.err
        assert "not installed" not in done.err
        found.append(done.json["results"])
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return copy_shop(tmp_path / "shop")


def test_without_sqlite_vec_the_answers_are_the_same(shop: Path) -> None:
    expected = answers(shop, "", "--model", "static")
    assert answers(shop, "sqlite_vec", "--model", "static") == expected


def test_without_onnxruntime_the_first_answers_are_the_same(shop: Path) -> None:
    with_runtime = answers(shop, "", "--rerank", "fast")  # only onnxruntime runs the cross-encoder
    for expected, found in zip(with_runtime, answers(shop, "onnxruntime"), strict=True):
        assert names(found)[0] == names(expected)[0]
        assert set(names(found)[:5]) & set(names(expected)[:5])
        assert found[0]["score"] == pytest.approx(expected[0]["score"], abs=0.05)


def names(hits: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(hit["path"], hit["start_line"]) for hit in hits]


def test_doctor_notes_what_is_missing_and_finds_no_problem(shop: Path) -> None:
    hidden = "onnxruntime sqlite_vec tree_sitter_dart"
    run(shop, hidden, "index", "-q")
    done = run(shop, hidden, "doctor", "--format", "json")
    assert done.status == 0, done.out
    checks = {check["name"]: check for group in done.json["groups"] for check in group["checks"]}
    expected = {
        "transformer": "numpy runs the reranker",
        "vector search": "vectors are compared in Python",
        "grammars": "Files in these languages are skipped",
    }
    for name, advice in expected.items():
        assert checks[name]["state"] == "note"
        assert advice in checks[name]["advice"]


@pytest.mark.parametrize(("hidden", "cost"), [("onnxruntime", "four times"), ("sqlite_vec", "50 ms per query")])
def test_status_says_what_is_missing_and_what_it_costs(shop: Path, hidden: str, cost: str) -> None:
    package = hidden.replace("_", "-")
    run(shop, hidden, "index", "-q")
    done = run(shop, hidden, "status")
    (line,) = [line for line in done.out.splitlines() if "not installed" in line]
    assert f"{package} is not installed" in line
    assert cost in line
    assert "not installed" not in run(shop, "", "status").out


def test_a_language_without_its_grammar_is_reported_and_read_when_it_is_installed(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"door.dart": DART, "door.py": "def open_door():\n    return 1\n"})
    done = run(tree, "tree_sitter_dart", "symbols", "--format", "ndjson")
    kinds = {(one["path"], one["kind"]) for one in map(json.loads, done.out.splitlines())}
    assert kinds == {("door.dart", "module"), ("door.py", "module"), ("door.py", "function")}, "its text can be found"
    said = run(tree, "tree_sitter_dart", "status", "--skipped").out
    assert "door.dart" in said
    assert "tree-sitter-dart" in said
    done = run(tree, "", "symbols", "--format", "ndjson")
    assert ("door.dart", "function") in {(one["path"], one["kind"]) for one in map(json.loads, done.out.splitlines())}


def test_the_minimal_requirements_are_all_but_what_numpy_can_do() -> None:
    """`python .ci/platforms.py --minimal` writes the file."""
    pyproject = (HOUSE / "pyproject.toml").read_text("utf-8")
    needed = re.findall(r'"([^"]+)",$', pyproject.partition("\ndependencies = [\n")[2].partition("\n]\n")[0], re.M)
    lines = (HOUSE / "requirements-minimal.txt").read_text("utf-8").splitlines()
    assert [one for one in needed if not one.startswith(("onnxruntime", "sqlite-vec"))] == [
        line for line in lines if not line.startswith("#")
    ]
    assert len(needed) == len([line for line in lines if not line.startswith("#")]) + 2
