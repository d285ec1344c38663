"""A small tree to serve, and a private run-time folder for the socket of its service."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mcp.client import stop_service
from tests.support.git import commit_all
from tests.support.trees import SMALL, write


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> Iterator[Path]:
    """Use other sockets, logs and settings than the tester's; socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="cs"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tree(tmp_path: Path, runtime: Path) -> Iterator[Path]:
    """Return a small repository; its service is stopped at the end."""
    root = write(tmp_path / "tree", SMALL)
    commit_all(root)
    yield root
    stop_service(root)
