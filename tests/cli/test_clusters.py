"""`codesearch clusters`: text, JSON, and names by a program."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture
def tree(shop: Path, tmp_path: Path) -> Path:
    """Return an indexed tree that may be written."""
    return Path(shutil.copytree(shop, tmp_path / "shop"))


def test_text(tree: Path, call):
    run = call("clusters", tree, "-k", "6")
    first, *rest = run.out.splitlines()
    assert re.fullmatch(r"\d+ symbols in 6 clusters, \d+ groups \(silhouette 0\.\d\d\)", first)
    assert sum(1 for line in rest if re.search(r" \d+  \S", line)) == 6


def test_members(tree: Path, call):
    run = call("clusters", tree, "-k", "6", "--members")
    assert "web/src/debounce.js:13  function throttle" in run.out
    found = call("clusters", tree, "-k", "6", "--members", "--format", "json", "--lang", "go").json
    members = [one for group in found["groups"] for cluster in group["clusters"] for one in cluster["members"]]
    assert len(members) == found["symbols"]
    assert all(one["path"].endswith(".go") for one in members)


def test_names_by_a_program(tree: Path, call):
    script = tree / "name.py"
    script.write_text("import sys\nprint('\"Group of', len(sys.stdin.read()) > 100, '\"')\n")
    run = call("clusters", tree, "-k", "3", "--name-with", f"{sys.executable} {script}")
    assert run.out.count("Group of True") >= 3


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program-here", "--name-with no-such-program-here: cannot be run (No such file or directory)"),
        (f"{sys.executable} -c 'import sys; sys.exit(3)'", "exit status 3"),
        (f"{sys.executable} -c pass", "it printed no name"),
        ("'", "No closing quotation"),
        ("", "is empty"),
        (" ", "is empty"),
    ],
)
def test_a_program_that_names_nothing(tree: Path, call, command: str, said: str):
    run = call("clusters", tree, "-k", "3", "--name-with", command)
    assert run.status == 2
    assert said in run.err
    assert "Traceback" not in run.err


def test_a_small_tree_has_none(small: Path, call):
    run = call("clusters")
    assert run.status == 2
    assert "too few for clusters" in run.err
