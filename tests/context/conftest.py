"""An index of a small tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.index import Index, open_index
from tests.support.trees import SMALL, write


@pytest.fixture
def small_index(tmp_path: Path) -> Iterator[Index]:
    root = write(tmp_path / "tree", SMALL)
    with open_index(root, model="static") as index:
        index.update()
        yield index
