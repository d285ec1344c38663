"""`codesearch clones`: formats, changes, baselines, and exit statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.atlas.test_clones import EDITED, LOAD, OTHER, RENAMED
from tests.support.git import commit_all, git
from tests.support.schemas import keeps_schema
from tests.support.trees import write


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one group of clones; the current folder."""
    root = write(tmp_path / "tree", {"a.py": LOAD, "b.py": RENAMED, "tests/test_a.py": OTHER, "tests/test_b.py": OTHER})
    monkeypatch.chdir(root)
    commit_all(root)
    return root


def test_text(tree: Path, call):
    run = call("clones")
    assert run.status == 0
    assert run.out.splitlines() == [
        "10 lines  renamed",
        "  a.py:1  function load_config",
        "  b.py:1  function read_headers  renamed",
    ]
    assert "1 group of clones, 10 lines to save; not listed: 1 in tests (--all)" in run.err
    assert call("clones", "--all", "-n", "1").out.splitlines()[0] == "11 lines  exact, tests"


def test_json_keeps_its_schema(tree: Path, call):
    found = call("clones", "--format", "json").json
    keeps_schema(found, "clones")
    assert found["left_out"] == {"tests": 1, "generated": 0}
    (group,) = found["groups"]
    assert (group["saved_lines"], group["difference"]) == (10, "renamed")
    one, other = group["members"]
    assert one["fingerprint"] == other["fingerprint"]


def test_what_a_change_adds(tree: Path, call):
    assert call("clones", "--diff", "HEAD").status == 1
    write(tree, {"c.py": "\n" + EDITED})
    run = call("clones", "--diff", "HEAD")
    assert run.status == 0
    assert [line for line in run.out.splitlines() if line.startswith("+")] == ["+ c.py:2  function load_strict  0.93"]
    commit_all(tree, "more")
    assert call("clones", "--diff", "HEAD").status == 1, "it is not new any more"
    assert call("clones", "--diff", "HEAD~1", "--fail").status == 1


def test_a_change_in_a_clone_adds_none_and_one_that_makes_a_clone_does(tree: Path, call):
    write(tree, {"b.py": RENAMED.replace('encoding="utf-8"', 'encoding="latin-1"')})
    assert call("clones", "--diff", "HEAD", "--fail").status == 0
    commit_all(tree, "same")
    write(tree, {"c.py": "def load_strict():\n    return 1\n"})
    commit_all(tree, "stub")
    write(tree, {"c.py": EDITED})
    assert "+ c.py:1" in call("clones", "--diff", "HEAD").out


def test_code_that_moved_is_no_clone(tree: Path, call):
    git(tree, "mv", "a.py", "moved.py")
    assert call("clones", "--diff", "HEAD").status == 1


def test_annotations_name_the_existing_code(tree: Path, call):
    write(tree, {"c.py": LOAD})
    assert call("clones", "--diff", "HEAD", "--format", "github").out == (
        "::notice file=c.py,line=1,endLine=10,title=Code that exists already::"
        "load_config has the same code as load_config (a.py:1)\n"
    )


def test_sarif(tree: Path, call):
    run = call("clones", "--format", "sarif").json["runs"][0]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "clone"
    assert result["message"]["text"] == (
        "read_headers has the same code as load_config (a.py:1) but for names and values"
    )
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.py"
    assert result["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 1, "endLine": 10}
    assert set(result["partialFingerprints"]) == {"clone/v1"}


def test_a_baseline_leaves_only_what_is_new(tree: Path, call):
    assert call("clones", "--write-baseline", "known.json").status == 0
    known = ("clones", "--baseline", "known.json", "--fail")
    assert call(*known).status == 0
    git(tree, "mv", "b.py", "moved.py")
    assert call(*known).status == 0, "moved code is known"
    git(tree, "mv", "moved.py", "b.py")
    write(tree, {"a.py": LOAD.replace("strip()", "rstrip()")})
    assert call(*known).status == 0, "edited code is known"
    write(tree, {"c.py": RENAMED})
    run = call(*known)
    assert run.status == 1
    assert re.findall(r"^\+ (\S+)", run.out, re.M) == ["c.py:1"]


def test_a_baseline_is_sorted_and_the_same_each_time(tree: Path, call):
    call("clones", "--write-baseline", "one.json")
    call("clones", "--write-baseline", "two.json")
    text = Path("one.json").read_text("utf-8")
    assert text == Path("two.json").read_text("utf-8")
    assert len(json.loads(text)["clones"]) == 2, "tests are in it, too"


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not a baseline"), ('{"version": 1}', "not a baseline"), ('{"version": 9, "clones": []}', "version 9")],
)
def test_a_file_that_is_no_baseline(tree: Path, call, text: str, said: str):
    Path("known.json").write_text(text, "utf-8")
    run = call("clones", "--baseline", "known.json")
    assert run.status == 2
    assert said in run.err


def test_a_baseline_that_is_missing_or_narrow(tree: Path, call):
    run = call("clones", "--baseline", "none.json")
    assert run.status == 2
    assert "--write-baseline none.json" in run.err
    assert call("clones", "--diff", "HEAD", "--write-baseline", "x.json").status == 2


def test_none(small: Path, call):
    assert call("clones").status == 1
    assert call("clones", "--fail").status == 0
