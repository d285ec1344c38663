"""`codesearch diff`: what a change does to symbols, in every format."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import Run
from tests.support.git import commit_all, git
from tests.support.published import is_sarif
from tests.support.schemas import keeps_schema
from tests.support.trees import write

Call = Callable[..., Run]

SEND = '''
def send_all(paths):
    """Send every file."""
    for path in paths:
        retry_upload(path)
'''
COPY = '''def retry_download(path, times=3):
    """Send a file again when the connection breaks."""
    for _ in range(times):
        send(path)
'''


@pytest.fixture
def changed(small: Path) -> Path:
    """Return a repository with a branch on which symbols were added, changed, moved and removed."""
    retry = (small / "retry.py").read_text("utf-8")
    write(small, {"retry.py": retry + SEND, "old.py": "def obsolete():\n    return 1\n"})
    commit_all(small)
    git(small, "checkout", "-q", "-b", "feature")
    cache = (small / "cache.py").read_text("utf-8")
    write(small, {"retry.py": retry.replace("times=3", "times=4") + SEND, "copy.py": COPY})
    (small / "old.py").unlink()
    (small / "cache.py").unlink()
    write(small, {"store/cache.py": cache})
    commit_all(small, "two")
    write(small, {"late.py": "class Late:\n    def now(self):\n        return 1\n"})
    return small


def rows(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if not line.startswith(" ")]


def test_symbols_that_were_added_changed_moved_and_removed(changed: Path, call: Call):
    run = call("diff", "main")
    assert run.status == 0
    assert rows(run) == [
        "+ copy.py:1  function retry_download",
        "+ late.py:1  class Late",
        "+ late.py:2  method Late.now",
        "~ retry.py:1  function retry_upload",
        "> store/cache.py:1  module store/cache  from cache.py",
        "> store/cache.py:4  class Cache  from cache.py",
        "> store/cache.py:7  method Cache.get  from cache.py",
        "> store/cache.py:11  method Cache.put  from cache.py",
        "- old.py:1  function obsolete",
    ]
    assert re.search(r"^    like retry\.py:1  retry_upload  0\.7\d$", run.out, re.M), "new code that exists already"
    assert "    called by retry.py:6  send_all" in run.out
    assert re.search(r"3 added, 1 changed, 4 moved, 1 removed since [0-9a-f]{12} \(6 files differ\)\n", run.err)


def test_without_a_base_it_is_what_is_not_committed(changed: Path, call: Call):
    assert rows(call("diff")) == ["+ late.py:1  class Late", "+ late.py:2  method Late.now"]
    commit_all(changed, "three")
    run = call("diff")
    assert (run.status, run.out) == (1, "")
    assert "no symbol differs" in run.err


def test_what_others_committed_since_is_no_part_of_it(changed: Path, call: Call):
    commit_all(changed, "three")
    git(changed, "checkout", "-q", "main")
    write(changed, {"theirs.py": "def theirs():\n    pass\n"})
    commit_all(changed, "theirs")
    git(changed, "checkout", "-q", "feature")
    assert "theirs" not in call("diff", "main").out


def test_a_change_of_blanks_changes_no_symbol_and_one_sign_does(small: Path, call: Call):
    commit_all(small)
    text = (small / "retry.py").read_text("utf-8")
    write(small, {"retry.py": text + "\n\n\n"})
    assert call("diff").status == 1
    write(small, {"retry.py": text.replace("3", "5")})
    assert rows(call("diff")) == ["~ retry.py:1  function retry_upload"]


def test_json_keeps_its_schema(changed: Path, call: Call):
    found = call("diff", "main", "--format", "json").json
    keeps_schema(found, "diff")
    by_name = {one["qualname"]: one for one in found["changes"]}
    assert by_name["retry_download"]["like"][0]["qualname"] == "retry_upload"
    assert by_name["Cache"]["before"] == "cache.py"
    assert [one["qualname"] for one in by_name["retry_upload"]["callers"]] == ["send_all"]


def test_what_still_calls_a_removed_function_is_named(small: Path, call: Call):
    write(small, {"send.py": "def send_once(path):\n    return path\n\n\ndef get(key):\n    return key\n"})
    users = "from send import send_once, get\n\n\ndef main():\n    send_once('a')\n    get('b')\n"
    write(small, {"use.py": users, "use.go": "package use\n\nfunc other() {\n\tsend_once()\n}\n"})
    commit_all(small)
    (small / "send.py").write_text("def deliver(path):\n    return path\n")
    run = call("diff")
    assert "- send.py:1  function send_once\n    still called by use.py:4  main\n- send.py:5  function get\n" in run.out
    assert "other" not in run.out, "another language"
    table = call("diff", "--format", "markdown").out
    assert "| removed | function `send_once` | `send.py:1` | still called by `main` |" in table
    write(small, {"new.py": "def send_once(path):\n    return path, 1\n"})
    assert "still called" not in call("diff").out


def test_markdown_is_a_comment_in_which_names_stay_names(small: Path, call: Call):
    commit_all(small)
    write(small, {"a|b.py": "def mention():\n    return 1\n"})
    run = call("diff", "--format", "markdown")
    assert run.out.splitlines() == [
        "### Symbols: 1 added",
        "",
        "| | symbol | place | |",
        "|---|---|---|---|",
        "| added | function `mention` | `a\\|b.py:1` |  |",
    ]


def test_annotations_of_github_cannot_be_broken_by_a_name(changed: Path, call: Call):
    (changed / "copy.py").rename(changed / "co,p:y%.py")
    run = call("diff", "main", "--format", "github")
    assert re.fullmatch(
        r"::notice file=co%2Cp%3Ay%25\.py,line=1,endLine=4,title=Similar code::"
        r"retry_download is like retry_upload \(retry\.py:1, similarity 0\.7\d\)\n",
        run.out,
    )


def test_sarif_has_what_code_scanning_needs(changed: Path, call: Call):
    found = call("diff", "main", "--format", "sarif").json
    is_sarif(found)
    assert found["version"] == "2.1.0"
    run = found["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    (result,) = run["results"]
    assert rules[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] == "note"
    assert result["message"]["text"].startswith("retry_download is like retry_upload")
    place = result["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "copy.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "endLine": 4},
    }
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "retry.py"
    assert set(result["partialFingerprints"]) == {"symbol/v1"}


def test_a_code_quality_report_for_gitlab(changed: Path, call: Call):
    (one,) = call("diff", "main", "--format", "gitlab").json
    assert one["description"].startswith("retry_download is like retry_upload")
    assert one["check_name"] == "similar-code"
    assert one["severity"] == "info"
    assert one["location"] == {"path": "copy.py", "lines": {"begin": 1, "end": 4}}
    assert re.fullmatch("[0-9a-f]{32}", one["fingerprint"])


def test_findings_of_both_checks_are_kept_apart_by_code_scanning(changed: Path, call: Call):
    logs = (call("diff", "main", "--format", "sarif").json, call("clones", "--format", "sarif").json)
    assert [log["runs"][0]["automationDetails"]["id"] for log in logs] == [
        "codesearch/similar-code/",
        "codesearch/clone/",
    ], "two runs in one category are refused"


def test_the_limit_of_similarity_is_an_option(changed: Path, call: Call):
    assert call("diff", "main", "--format", "github", "--like", "1.0").out == ""


def test_files_that_cannot_be_read_are_named_and_other_files_do_not_count(small: Path, call: Call):
    commit_all(small)
    (small / "odd.py").write_bytes(b"\0" * 100)
    write(small, {"notes.txt": "not source\n"})
    run = call("diff")
    assert (run.status, run.out) == (1, "! odd.py  binary\n")


def test_what_is_missing_is_named(small: Path, call: Call):
    assert "git" in call("diff").err
    commit_all(small)
    run = call("diff", "nope")
    assert run.status == 2
    assert "no commit nope here" in run.err
