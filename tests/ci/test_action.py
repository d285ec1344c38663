"""The GitHub Action: what each of its steps does on a push and on pull requests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.ci.conftest import checkout
from tests.support import actions
from tests.support.actions import Job, Runner
from tests.support.command import process
from tests.support.git import git
from tests.support.home import HOUSE
from tests.support.published import is_sarif

ERROR = (
    "::error file=clone.py,line=1,endLine=10,title=Code that exists already::"
    "read_headers has the same code as load_config (config.py:1) but for names and values"
)
GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_CALLS"
case "$*" in
*--jq*) cat "$GH_FOUND" ;;
*) [ ! -e "$GH_REFUSES" ] ;;
esac
"""


@dataclass
class GitHub:
    """GitHub: the caches, the uploaded files, and the machines."""

    folder: Path
    origin: Path
    environment: Mapping[str, str]
    runs: int = 0
    caches: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, Path] = field(default_factory=dict)
    runner: Runner | None = None
    checkout: Callable[[Path, Path, str], str] = checkout

    def run(self, branch: str = "main", event: str = "push", **inputs: str) -> Job:
        """Run the action on a fresh machine with a fresh checkout."""
        self.runs += 1
        machine = self.folder / f"machine{self.runs}"
        sha = self.checkout(self.origin, machine / "shop", branch)
        (machine / "temp").mkdir()
        uses = {
            "actions/cache/restore": self._restore,
            "actions/cache/save": self._save,
            "actions/upload-artifact": self._upload,
        }
        self.runner = Runner(HOUSE, machine / "shop", machine / "temp", self.environment, uses)
        github = {
            "event_name": event,
            "sha": sha,
            "base_ref": "main" if event == "pull_request" else "",
            "ref_name": branch,
            "repository": "team/shop",
            "token": "secret",
            "event": {"pull_request": {"number": 7}} if event == "pull_request" else {},
        }
        return self.runner.run(github, **{"install": "false", **inputs})

    def pull_request(self, branch: str, **inputs: str) -> Job:
        """Run the action on the merge of a branch into main."""
        return self.run(f"pull/{branch}", "pull_request", **inputs)

    def _file(self, given: Mapping[str, str]) -> Path:
        assert self.runner is not None
        return self.runner.workspace / given["path"]

    def _restore(self, given: Mapping[str, str]) -> dict[str, str]:
        fitting = [key for key in self.caches if key == given["key"] or key.startswith(given["restore-keys"])]
        if not fitting:
            return {"cache-hit": ""}
        key = given["key"] if given["key"] in fitting else fitting[-1]
        self._file(given).parent.mkdir()
        self._file(given).write_bytes(self.caches[key])
        return {"cache-hit": str(key == given["key"]).lower()}

    def _save(self, given: Mapping[str, str]) -> dict[str, str]:
        assert given["key"] not in self.caches, "a cache cannot be changed"
        self.caches[given["key"]] = self._file(given).read_bytes()
        return {}

    def _upload(self, given: Mapping[str, str]) -> dict[str, str]:
        self.uploads[given["name"]] = self._file(given)
        return {}


@pytest.fixture
def github(tmp_path: Path, origin: Path, environment: dict[str, str]) -> GitHub:
    return GitHub(tmp_path, origin, environment)


@pytest.fixture(scope="module")
def refused(
    tmp_path_factory: pytest.TempPathFactory, origin: Path, environment: dict[str, str]
) -> Iterator[tuple[GitHub, Job]]:
    """Return what a pull request that adds a clone gets, with all that the action can report."""
    github = GitHub(tmp_path_factory.mktemp("refused"), origin, environment)
    yield github, github.pull_request("clone", sarif="true", push=str(github.folder / "place"))


@pytest.fixture
def gh(github: GitHub, tmp_path: Path) -> Callable[[str], list[str]]:
    """Put a `gh` on PATH that answers with the given text; return a function for that, and what it was called with."""
    (tmp_path / "gh").mkdir()
    command = tmp_path / "gh" / "gh"
    command.write_text(GH, "utf-8")
    command.chmod(0o755)
    calls, found = tmp_path / "calls", tmp_path / "found"
    github.environment = {
        **github.environment,
        "PATH": f"{command.parent}{os.pathsep}{github.environment['PATH']}",
        "GH_CALLS": str(calls),
        "GH_FOUND": str(found),
        "GH_REFUSES": str(tmp_path / "refuses"),
    }

    def comments(ids: str) -> list[str]:
        found.write_text(ids, "utf-8")
        calls.write_text("", "utf-8")
        job = github.pull_request("good", comment="true")
        assert job.status == 0, job.log
        return [*calls.read_text("utf-8").splitlines(), *(line for line in job.annotations if "comment" in line)]

    return comments


def test_a_push_makes_an_index_for_the_next_run_and_for_developers(github: GitHub, tmp_path: Path):
    job = github.run()
    assert job.status == 0, job.log
    assert job.ran[-2:] == ["Save the index", "Upload the index"]
    assert "3 files indexed" in job.log
    assert list(github.caches) == [job.outputs["key"]]
    here = tmp_path / "developer"
    git(tmp_path, "clone", "-q", str(github.origin), str(here))
    run = process("index", "--from", github.uploads["codesearch-index"], cwd=here)
    assert run.status == 0, run.err
    assert "started from" in run.err
    assert "up to date (3 files)" in run.err

    again = github.run()
    assert again.status == 0, again.log
    assert "Save the index" not in again.ran, "it is the same"
    assert "up to date (3 files)" in again.log
    assert again.outputs["key"] == job.outputs["key"]

    change = github.pull_request("good")
    assert change.status == 0, change.log
    assert change.outputs["key"] != job.outputs["key"]
    assert "1 file indexed" in change.log, "it starts from the index of main"
    assert list(github.caches) == [job.outputs["key"]], "a pull request does not push the caches of others out"


def test_a_pull_request_that_adds_a_clone_is_refused(refused: tuple[GitHub, Job]):
    github, job = refused
    assert job.status == 1, job.log
    assert job.ran[-1] == "Result"
    assert job.outputs["clones"] == "true"
    assert not github.caches
    assert not github.uploads
    assert not (github.folder / "place").exists()


def test_the_summary_lists_the_symbols_and_the_clones(refused: tuple[GitHub, Job]):
    _, job = refused
    assert job.summary.startswith("## codesearch\n\n### Symbols: 1 added\n")
    assert "| added | function `read_headers` | `clone.py:1` |" in job.summary
    assert "### Clones: 1 group, 10 lines to save" in job.summary
    assert "| function `read_headers` | `clone.py:1` | `load_config` (`config.py:1`) | renamed |" in job.summary
    assert "theirs" not in job.summary, "what others added to main is no part of it"
    assert Path(job.outputs["summary"]).read_text("utf-8") == job.summary


def test_the_clone_is_annotated_once(refused: tuple[GitHub, Job]):
    _, job = refused
    assert job.annotations[0] == ERROR
    assert len(job.annotations) == 2
    assert job.annotations[1].startswith("::error::The change adds code that exists already.")


def test_the_findings_are_sarif(refused: tuple[GitHub, Job]):
    _, job = refused
    found = {}
    for file in Path(job.outputs["sarif"]).iterdir():
        log = json.loads(file.read_text("utf-8"))
        is_sarif(log)
        found[file.name] = [result["ruleId"] for result in log["runs"][0]["results"]]
    assert found.keys() == {"similar.sarif", "clones.sarif"}
    assert found["clones.sarif"] == ["clone"]


def test_a_clone_can_be_reported_only(github: GitHub):
    job = github.pull_request("clone", fail_on="nothing")
    assert job.status == 0, job.log
    assert job.outputs["clones"] == "true"
    assert job.annotations == [ERROR.replace("error", "notice", 1)]


def test_an_ordinary_pull_request_passes(github: GitHub):
    job = github.pull_request("good")
    assert job.status == 0, job.log
    assert job.outputs["clones"] == "false"
    assert "| added | function `words_of` | `good.py:1` |" in job.summary
    assert "### Clones: none" in job.summary
    assert job.annotations == []


def test_options_of_clones_are_passed_on(github: GitHub):
    job = github.pull_request("clone", clones_options="--min-tokens 500 --like 0.9")
    assert job.status == 0, job.log
    assert job.outputs["clones"] == "false"


def test_a_checkout_of_the_branch_itself_is_compared_with_the_target(github: GitHub):
    def of_the_branch(origin: Path, folder: Path, branch: str) -> str:
        checkout(origin, folder, branch)
        return git(origin, "rev-parse", f"pull/{branch}").strip()

    github.checkout = of_the_branch
    job = github.run("clone", "pull_request")
    assert job.status == 1, job.log
    assert ERROR in job.annotations
    assert "theirs" not in job.summary, "what others added to main is no part of it"


def test_any_event_can_be_checked_against_a_base(github: GitHub):
    git(github.origin, "tag", "--force", "start", "main~1")
    job = github.run("main", "workflow_dispatch", base="HEAD")
    assert job.status == 0, job.log
    assert "### Symbols: no symbol differs" in job.summary


def test_an_index_is_pushed_and_the_next_job_starts_from_it(github: GitHub, tmp_path: Path):
    place = str(tmp_path / "place")
    job = github.run(push=place, cache="false", artifact="")
    assert job.status == 0, job.log
    assert job.ran[-1] == "Push the index"
    assert (not github.caches) and (not github.uploads)
    again = github.run("clone", **{"from": place}, cache="false")
    assert again.status == 0, again.log
    assert f"started from {place}" in again.log


def test_a_damaged_cache_costs_a_warning_and_the_time_for_indexing(github: GitHub):
    key = github.run().outputs["key"]
    github.caches[key] = github.caches[key][:1000]
    job = github.run()
    assert job.status == 0, job.log
    assert any("all files are indexed" in line for line in job.annotations), job.log
    assert "3 files indexed" in job.log


def test_a_summary_becomes_one_comment(gh: Callable[[str], list[str]]):
    asked, sent = gh("")
    assert asked.startswith("api --paginate repos/team/shop/issues/7/comments --jq ")
    assert sent.startswith("api --silent --method POST repos/team/shop/issues/7/comments --field body=@")
    text = Path(sent.split("body=@")[1]).read_text("utf-8")
    assert text.startswith("<!-- codesearch -->\n## codesearch\n")
    _, sent = gh("42\n")
    assert "--method PATCH repos/team/shop/issues/comments/42 " in sent


def test_a_comment_that_is_refused_fails_no_job(gh: Callable[[str], list[str]], tmp_path: Path):
    (tmp_path / "refuses").touch()
    assert "::warning::codesearch cannot comment on the pull request" in gh("")[-1]


def test_without_a_checkout_it_says_what_to_do(github: GitHub):
    def nothing(_origin: Path, folder: Path, _branch: str) -> str:
        folder.mkdir(parents=True)
        return "0" * 40

    github.checkout = nothing
    job = github.run()
    assert job.status == 1
    assert job.annotations[-1].endswith("run actions/checkout before codesearch, or set the input path")


def test_it_installs_itself_beside_the_python_of_the_job(github: GitHub, installing: dict[str, str]):
    github.environment = installing
    job = github.run(install="true", python="python")
    assert "Key of the index" in job.ran, job.log
    assert github.runner is not None
    tools = github.runner.temp / "codesearch"
    assert [file.name for file in (tools / "bin").iterdir()] == ["codesearch"], "python and pip stay those of the job"
    command = [str(tools / "bin" / "codesearch"), "--version"]
    done = subprocess.run(command, env=installing, capture_output=True, text=True)
    assert done.stdout.startswith("codesearch "), done.stderr


def test_a_python_that_is_too_old_is_named(github: GitHub, tmp_path: Path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    old.chmod(0o755)
    job = github.run(install="true", python=str(old))
    assert job.status == 1
    assert job.annotations[-1].startswith(f"::error::codesearch needs Python 3.10 or newer as '{old}'")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.a == 'true'", True),
        ("inputs.a != 'true' && inputs.none == ''", False),
        ("(inputs.none != '' || inputs.a == 'true') && !inputs.none", True),
        ("steps.key.outputs.restore-keys", "k-"),
    ],
)
def test_expressions_are_evaluated_as_github_does(expression: str, value: Any):
    contexts = {"inputs": {"a": "true"}, "steps": {"key": {"outputs": {"restore-keys": "k-"}}}}
    assert actions.evaluated(expression, contexts) == value
