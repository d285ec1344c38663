"""Small and real trees to run the command on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import codesearch
from tests.support.trees import SMALL, copy_shop, write


@pytest.fixture(autouse=True)
def _private_home(private_home: Path) -> None:
    """Hide the tester's own settings, caches and terminal."""


def copied(source: Path, target: Path) -> Path:
    return Path(
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".codesearch", "*.bin"))
    )


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the frozen tree, indexed; tests must not change it."""
    tree = copy_shop(tmp_path_factory.mktemp("cli") / "shop")
    with codesearch.open_index(tree) as index:
        index.update()
    return tree


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small tree of Python, not indexed; the current folder."""
    tree = write(tmp_path / "small", SMALL)
    monkeypatch.chdir(tree)
    return tree
