"""Where the bytes of an index are: every page is counted once, and every table has a purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch import Index, open_index
from codesearch.store import sizes
from tests.support.trees import SMALL, write


@pytest.fixture
def index(tmp_path: Path):
    with open_index(write(tmp_path / "tree", SMALL), embed="none") as index:
        index.update()
        yield index


def test_the_parts_are_the_whole_file(index: Index):
    connection = index.required_reader().connection
    parts = sizes.parts(connection)
    pages, size = connection.raw.pragma("page_count"), connection.raw.pragma("page_size")
    assert sum(part.bytes for part in parts) == pages * size
    assert [part.bytes for part in parts] == sorted((part.bytes for part in parts), reverse=True)
    for part in parts:
        assert not part.tables or sum(taken for _, taken in part.tables) == part.bytes


def test_indexes_belong_to_their_tables(index: Index):
    parts = {part.purpose: dict(part.tables) for part in sizes.parts(index.required_reader().connection)}
    assert parts["symbols"].keys() >= {"symbol", "symbol_name"}
    assert {"full text", "vectors", "references", "files"} <= parts.keys()
    assert parts[sizes.OTHER].keys() >= {"meta", "sqlite_schema"}
