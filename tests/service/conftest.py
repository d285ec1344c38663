"""A private run-time folder for sockets, trees to serve, and waiting for conditions instead of times."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import codesearch
from tests.support.trees import contents, fresh

HOUSE = Path(codesearch.__file__).parents[1]
COMMAND = [sys.executable, "-m", "codesearch.cli"]


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Keep sockets, logs and settings of the tester apart; socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="cs"))
    home = tmp_path / "home"
    home.mkdir()
    for name in [*os.environ]:
        if name.startswith(("CODESEARCH_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "n")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "e@example.org")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def until(condition: Callable[[], object], what: str = "", seconds: float = 60.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what or "it did not happen"
        time.sleep(0.01)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def cli(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120)


def write(root: Path, path: str, name: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(f'def {name}(value):\n    """Handle {name.replace("_", " ")}."""\n    return value\n')


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small repository with two branches."""
    root = tmp_path / "tree"
    for number in range(12):
        write(root, f"src/pkg{number % 3}/mod{number}.py", f"function_{number}")
    (root / ".gitignore").write_text("ignored/\n")
    write(root, "ignored/secret.py", "secret_function")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "switch", "-qc", "other")
    for number in range(12, 24):
        write(root, f"src/pkg{number % 3}/mod{number}.py", f"function_{number}")
    git(root, "rm", "-q", "src/pkg0/mod0.py")
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    git(root, "switch", "-q", "main")
    return root


def assert_like_fresh(root: Path, db: Path) -> None:
    """The index holds what a new one would."""
    assert contents(root / ".codesearch" / "index.db") == fresh(root, db)
