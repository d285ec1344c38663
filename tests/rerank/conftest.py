"""A model that counts its work, and an indexed tree that each test may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import codesearch
from codesearch.store import Store
from tests.support.trees import copy_shop


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_shop(tmp_path_factory.mktemp("rerank") / "shop")
    for generated in ("protos/orders_pb2.py", "web/src/api.generated.ts"):
        (root / generated).unlink()  # not indexed, so they would count as changed in each copy of the tree
    with codesearch.open_index(root, model="static") as index:
        index.update()
    return root


@pytest.fixture
def root(indexed: Path, tmp_path: Path) -> Path:
    """A tree with an index, which each test may change."""
    target = tmp_path / "shop"
    shutil.copytree(indexed, target)
    with Store(target / ".codesearch" / "index.db", writable=True) as store:
        store.set_meta(root=str(target))
    return target
