"""A repository with a pull request, and checkouts of it as services make them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.atlas.test_clones import LOAD, OTHER, RENAMED
from tests.support.command import COMMAND
from tests.support.git import commit_all, git
from tests.support.trees import write

ORDINARY = '''def words_of(text):
    """Split a text."""
    return text.lower().split()
'''


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a job that finds this codesearch on PATH."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "codesearch"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n', "utf-8")
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="session")
def installing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment whose `python` makes environments in which all that codesearch depends on is installed."""
    folder = tmp_path_factory.mktemp("python")
    command = folder / "python"
    libraries = Path(pytest.__file__).parents[1]
    command.write_text(
        f'#!/bin/sh\n{shlex.quote(sys.executable)} "$@" || exit $?\n'
        f'if [ "$2" = venv ]; then for one in "$3"/lib/python*/site-packages; do '
        f'echo {shlex.quote(str(libraries))} > "$one/libraries.pth"; done; fi\n',
        "utf-8",
    )
    command.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**clean, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with main, and the branches `clone` (adds code twice) and `good`; `pull/NAME` are merges."""
    root = write(tmp_path_factory.mktemp("origin") / "shop", {"config.py": LOAD, "orders.py": OTHER})
    commit_all(root)
    for branch, added in (("clone", RENAMED), ("good", ORDINARY)):
        git(root, "checkout", "-q", "-b", branch, "main")
        write(root, {f"{branch}.py": added})
        commit_all(root, branch)
    git(root, "checkout", "-q", "main")
    write(root, {"theirs.py": "def theirs():\n    return 1\n"})
    commit_all(root, "what others added since")
    for branch in ("clone", "good"):
        git(root, "checkout", "-q", "--detach", "main")
        git(root, "merge", "-q", "--no-edit", branch)
        git(root, "branch", f"pull/{branch}")
    git(root, "checkout", "-q", "main")
    return root


def checkout(origin: Path, folder: Path, branch: str) -> str:
    """Check a branch out as actions/checkout does: this commit alone, detached; return its id."""
    sha = git(origin, "rev-parse", branch).strip()
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", origin.as_uri())
    git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", f"+{sha}:refs/remotes/{branch}")
    git(folder, "checkout", "-q", "--detach", f"refs/remotes/{branch}")
    return sha
