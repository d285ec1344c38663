"""Unsaved buffers searched together with an index that another process changes."""

from __future__ import annotations

from pathlib import Path

import pytest

import codesearch
from codesearch import Index
from codesearch.search import parse
from codesearch.search.overlay import Overlay
from codesearch.service.unsaved import UnsavedBuffers
from tests.support.buffers import record
from tests.support.trees import write_function


@pytest.fixture
def index(tmp_path: Path) -> Index:
    write_function(tmp_path, "squares.py", "add_squares")
    return codesearch.open_index(tmp_path, workers=1)


def test_without_an_index_the_answer_is_empty_and_incomplete(index: Index):
    found = UnsavedBuffers().rank(index, parse("squares"), 5)
    assert (found.ranked, found.complete) == ([], False)


def test_an_index_that_is_deleted_during_a_query_for_its_rebuild_gives_an_incomplete_answer(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    index.update()
    reader = index.reader

    def deleted_after_the_first_look():
        store = reader()
        index.path.unlink(missing_ok=True)
        return store

    monkeypatch.setattr(index, "reader", deleted_after_the_first_look)
    found = UnsavedBuffers().rank(index, parse("squares"), 5)
    assert (found.ranked, found.complete) == ([], False)


def test_a_query_whose_folder_is_closed_meanwhile_still_sees_the_buffers_it_began_with(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    index.update()
    buffers = UnsavedBuffers()
    source = "def add_triangles():\n    pass\n"
    buffers.put(record("triangles.py", source), source.encode())
    view = Overlay.view

    def closed_after_the_view(overlay, generation=None):
        seen = view(overlay, generation)
        buffers.close()
        return seen

    monkeypatch.setattr(Overlay, "view", closed_after_the_view)
    found = buffers.rank(index, parse("triangles"), 5)
    assert "add_triangles" in [one.candidate.symbol.name for one in found.ranked]
    assert not buffers.paths
