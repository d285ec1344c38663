"""A private home folder, and repositories in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.git import commit_all
from tests.support.trees import SMALL, write

GREETER = {
    "greet.py": 'def greet_visitor(name):\n    """Say hello to a visitor of the shop."""\n    return f"hello {name}"\n'
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> Iterator[Path]:
    """Use other settings, clones and sockets than the tester's; socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="cs"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield private_home
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """Return a repository to clone."""
    root = write(tmp_path / "remote", SMALL)
    commit_all(root)
    return root
