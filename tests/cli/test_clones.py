"""`codesearch clones`: formats, changes, baselines, and exit statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.atlas.test_clones import EDITED, LOAD, OTHER, RENAMED
from tests.support.git import commit_all, git
from tests.support.published import is_sarif
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


def test_without_a_base_it_is_what_is_not_committed_as_for_diff(tree: Path, call):
    write(tree, {"c.py": EDITED})
    named = call("clones", "--diff", "HEAD", "--fail")
    assert named.status == 1
    for arguments in (
        ("--diff", "--fail"),
        ("--fail", "--diff"),
        ("--diff", "-q", "--fail"),
        ("--diff=HEAD", "--fail"),
    ):
        run = call("clones", *arguments)
        assert (run.status, run.out) == (named.status, named.out), arguments
    base = call("diff", "--format", "json").json["base"]
    assert base == call("diff", "HEAD", "--format", "json").json["base"] == git(tree, "rev-parse", "HEAD").strip()


def test_a_folder_is_no_base_and_follows_one(tree: Path, call):
    write(tree, {"c.py": EDITED})
    run = call("clones", "--diff", str(tree))
    assert run.status == 2
    assert f"write `--diff HEAD {tree}`" in run.err
    assert "+ c.py:1" in call("clones", "--diff", "HEAD", tree).out


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
    annotation = (
        "file=c.py,line=1,endLine=10,title=Code that exists already::"
        "load_config has the same code as load_config (a.py:1)\n"
    )
    assert call("clones", "--diff", "--format", "github").out == f"::notice {annotation}"
    assert call("clones", "--diff", "--format", "github", "--fail").out == f"::error {annotation}", "why the job fails"


def test_places_are_relative_to_the_repository_that_the_service_shows(tree: Path, call):
    write(tree, {"server/a.py": LOAD, "server/b.py": LOAD})
    commit_all(tree, "a folder")
    where = ("--root", "server", "--quiet")
    assert "file=server/b.py,line=1," in call("clones", "--format", "github", *where).out
    (one,) = call("clones", "--format", "gitlab", *where).json
    assert one["location"]["path"] == "server/b.py"
    (result,) = call("clones", "--format", "sarif", *where).json["runs"][0]["results"]
    for place, name in ((result["locations"], "server/b.py"), (result["relatedLocations"], "server/a.py")):
        assert place[0]["physicalLocation"]["artifactLocation"]["uri"] == name


def test_markdown_is_a_comment_for_a_pull_request(tree: Path, call):
    assert call("clones", "--diff", "--format", "markdown").out == "### Clones: none\n"
    write(tree, {"c|`.py": LOAD})
    assert call("clones", "--diff", "--format", "markdown").out.splitlines() == [
        "### Clones: 1 group, 20 lines to save",
        "",
        "| symbol | place | same code as | |",
        "|---|---|---|---|",
        "| function `load_config` | `c\\|'.py:1` | `load_config` (`a.py:1`) | exact |",
    ]


def test_a_code_quality_report_recognises_a_clone_that_moved_within_its_file(tree: Path, call):
    write(tree, {"c.py": LOAD + "\n\n" + LOAD})
    one, other = call("clones", "--diff", "--format", "gitlab").json
    assert one["fingerprint"] != other["fingerprint"], "each is listed"
    assert (one["check_name"], one["severity"]) == ("clone", "info")
    assert one["description"] == "load_config has the same code as load_config (a.py:1)"
    assert one["location"] == {"path": "c.py", "lines": {"begin": 1, "end": 10}}
    write(tree, {"c.py": "\n\n" + LOAD})
    (moved,) = call("clones", "--diff", "--format", "gitlab", "--fail").json
    assert moved["fingerprint"] == one["fingerprint"]
    assert moved["severity"] == "major", "why the job fails"


def test_sarif(tree: Path, call):
    log = call("clones", "--format", "sarif").json
    is_sarif(log)
    run = log["runs"][0]
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
