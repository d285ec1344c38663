"""The template for GitLab: what its jobs do on the default branch and for merge requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ci.conftest import checkout
from tests.support.actions import gitlab_job
from tests.support.command import process
from tests.support.git import git
from tests.support.home import HOUSE

TEMPLATE = HOUSE / "ci" / "gitlab.yml"


@pytest.fixture
def job(origin: Path, tmp_path: Path, environment: dict[str, str]):
    """Return a function that runs a job in a fresh checkout and returns the checkout and the finished process."""

    def run(name: str, branch: str, **inputs: str):
        folder = tmp_path / f"checkout{sum(1 for _ in tmp_path.iterdir())}"
        checkout(origin, folder, branch)
        given = {
            "CI_COMMIT_BRANCH": branch,
            "CI_DEFAULT_BRANCH": "main",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(origin, "merge-base", "main", branch).strip(),
        }
        return folder, gitlab_job(TEMPLATE, name, folder, {**environment, **given}, install="", **inputs)

    return run


def test_the_default_branch_is_indexed_and_pushed(job, tmp_path: Path, origin: Path):
    place = tmp_path / "place"
    folder, done = job("codesearch index", "main", push=str(place), embed_seconds="0")
    assert done.returncode == 0, done.stdout
    git(tmp_path, "clone", "-q", str(origin), "developer")
    for source in (folder / ".codesearch" / "index.codesearch", place):
        run = process("index", "--rebuild", "--from", source, cwd=tmp_path / "developer")
        assert run.status == 0, run.err
        assert "started from" in run.err


def test_a_merge_request_that_adds_a_clone_is_refused(job):
    folder, done = job("codesearch check", "clone")
    assert done.returncode == 1, done.stdout
    summary = (folder / "codesearch.md").read_text("utf-8")
    assert "### Symbols: 1 added\n" in summary, "the report itself is no part of the change"
    assert "| added | function `read_headers` | `clone.py:1` |" in summary
    assert "|\n\n### Clones: 1 group" in summary
    assert "| function `read_headers` | `clone.py:1` | `load_config` (`config.py:1`) | renamed |" in summary
    (one,) = json.loads((folder / "codesearch.json").read_text("utf-8"))
    assert (one["location"]["path"], one["severity"]) == ("clone.py", "major")


def test_a_clone_can_be_reported_only(job):
    folder, done = job("codesearch check", "clone", fail_on="nothing")
    assert done.returncode == 0, done.stdout
    assert json.loads((folder / "codesearch.json").read_text("utf-8"))


def test_an_ordinary_merge_request_passes_and_starts_from_the_index_that_it_is_given(job, tmp_path: Path):
    place = tmp_path / "place"
    assert job("codesearch index", "main", push=str(place))[1].returncode == 0
    folder, done = job("codesearch check", "good", **{"from": str(place)}, clones_options="--min-tokens 20 --like 0.9")
    assert done.returncode == 0, done.stdout
    assert f"started from {place}" in done.stdout
    assert json.loads((folder / "codesearch.json").read_text("utf-8")) == []
    assert "### Clones: none" in (folder / "codesearch.md").read_text("utf-8")
