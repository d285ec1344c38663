"""A repository of two commits, its clones, and an artifact of its index."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import codesearch
from codesearch.artifacts import packing
from codesearch.files.times import FINE_GRAIN_NS
from tests.support.git import commit_all, git
from tests.support.trees import SMALL, write
from tests.support.wait import until

MAIL = '''def send_receipt(order, address):
    """Mail the receipt of an order."""
    deliver(render(order), address)
'''


def cloned(repository: Path, target: Path, *options: str) -> Path:
    """Clone a repository, and wait until its files are older than the grain of the clock: younger ones are hashed."""
    git(target.parent, "clone", "-q", *options, f"file://{repository}", target.name)
    newest = max(file.lstat().st_ctime_ns for file in target.rglob("*"))
    until(lambda: time.time_ns() > newest + FINE_GRAIN_NS, "the files are old enough")
    return target


@pytest.fixture(autouse=True)
def _private_home(private_home: Path) -> None:
    """Hide the tester's own settings, caches and git configuration."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with two commits, not indexed."""
    root = write(tmp_path / "shop", SMALL)
    commit_all(root)
    write(root, {"mail/receipt.py": MAIL})
    commit_all(root, "two")
    return root


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """Return a clone at another path: the sizes of its files are the same, the times are not."""
    return cloned(repository, tmp_path / "clone")


@pytest.fixture
def artifact(repository: Path, tmp_path: Path) -> Path:
    """Return an artifact of the repository's index; its own index is deleted afterwards."""
    target = tmp_path / "shop.codesearch"
    with codesearch.open_index(repository) as index:
        index.update()
        packing.pack(index, target)
    shutil.rmtree(repository / ".codesearch")
    return target
