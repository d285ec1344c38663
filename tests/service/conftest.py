"""A private run-time folder for sockets, and trees to serve."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import PATIENCE
from tests.support.git import git
from tests.support.trees import contents, fresh, write_function

COMMAND = [sys.executable, "-m", "codesearch.cli"]


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> Iterator[Path]:
    """Use other sockets, logs and settings than the tester's; socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="cs"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("CODESEARCH_LOW_PRIORITY", "false")  # as in tests/conftest.py
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def cli(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small repository with two branches."""
    root = tmp_path / "tree"
    for number in range(12):
        write_function(root, f"src/pkg{number % 3}/mod{number}.py", f"function_{number}")
    (root / ".gitignore").write_text("ignored/\n")
    write_function(root, "ignored/secret.py", "secret_function")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "switch", "-qc", "other")
    for number in range(12, 24):
        write_function(root, f"src/pkg{number % 3}/mod{number}.py", f"function_{number}")
    git(root, "rm", "-q", "src/pkg0/mod0.py")
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    git(root, "switch", "-q", "main")
    return root


def assert_like_fresh(root: Path, db: Path) -> None:
    """Check that the index has the same content as a new one."""
    assert contents(root / ".codesearch" / "index.db") == fresh(root, db)
