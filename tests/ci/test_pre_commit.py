"""The hooks for pre-commit, run by pre-commit; only their installation is left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.atlas.test_clones import LOAD, RENAMED
from tests.support.git import commit_all, git
from tests.support.home import HOUSE
from tests.support.published import yaml_documents
from tests.support.trees import write


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str]) -> Path:
    """Return a repository whose configuration names the hooks, as installed on PATH."""
    (hooks,) = yaml_documents((HOUSE / ".pre-commit-hooks.yaml").read_text("utf-8"))
    local = [{**hook, "language": "system"} for hook in hooks]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    root = write(tmp_path / "project", {"a.py": LOAD, ".pre-commit-config.yaml": json.dumps(config)})
    commit_all(root)
    return root


def pre_commit(root: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    home = {"PRE_COMMIT_HOME": str(root.parent / "pre-commit"), "PATH": _with_python(environment["PATH"])}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=root,
        env={**environment, **home},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
    )


def _with_python(path: str) -> str:
    return f"{path}{os.pathsep}{Path(sys.executable).parent}"


def test_a_commit_that_adds_a_clone_is_refused(project: Path, environment: dict[str, str]):
    write(project, {"b.py": RENAMED})
    git(project, "add", "b.py")
    run = pre_commit(project, environment, "run")
    assert run.returncode == 1, run.stdout
    assert "+ b.py:1  function read_headers" in run.stdout
    assert "a.py:1  function load_config" in run.stdout


def test_only_what_is_staged_counts(project: Path, environment: dict[str, str]):
    write(project, {"b.py": "def small():\n    return 1\n"})
    git(project, "add", "b.py")
    write(project, {"b.py": RENAMED})  # not staged: pre-commit hides it
    run = pre_commit(project, environment, "run")
    assert run.returncode == 0, run.stdout
    assert (project / "b.py").read_text("utf-8") == RENAMED


def test_a_push_is_compared_with_a_branch_if_arguments_say_so(project: Path, environment: dict[str, str]):
    config = project / ".pre-commit-config.yaml"
    config.write_text(config.read_text("utf-8").replace('["--diff"]', '["--diff", "main"]'), "utf-8")
    commit_all(project, "configuration")
    git(project, "checkout", "-q", "-b", "feature")
    write(project, {"b.py": RENAMED})
    commit_all(project, "clone")
    run = pre_commit(project, environment, "run", "--all-files", "--hook-stage", "pre-push")
    assert run.returncode == 1, run.stdout
    assert "+ b.py:1  function read_headers" in run.stdout


def test_the_index_is_updated_after_a_checkout(project: Path, environment: dict[str, str]):
    installed = pre_commit(project, environment, "install", "--hook-type", "post-checkout")
    assert installed.returncode == 0, installed.stdout
    path = _with_python(environment["PATH"])
    subprocess.run(["git", "checkout", "-q", "-b", "next"], cwd=project, env={**environment, "PATH": path}, check=True)
    assert (project / ".codesearch" / "index.db").exists()
    assert git(project, "status", "--porcelain") == ""
