"""The indexes that a service keeps open for queries: lent again, and closed when no query needs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch
from codesearch.core import allocator
from codesearch.service import readers as module
from codesearch.service.readers import Readers

PASSED = -1.0
"""Seconds that have passed at once."""


@pytest.fixture
def readers(tree: Path) -> Iterator[Readers]:
    with codesearch.open_index(tree) as index:
        index.update()
        readers = Readers(index.root, index.path, index.settings)
        yield readers
        readers.close()


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows when free memory is given back."""
    calls: list[bool] = []
    monkeypatch.setattr(allocator, "give_back", lambda: calls.append(True))
    return calls


def test_an_index_is_lent_again(readers: Readers) -> None:
    with readers.lend() as first:
        pass
    with readers.lend() as again, readers.lend() as other:
        assert again is first is not other


def test_indexes_that_no_query_needs_any_more_are_closed(
    readers: Readers, given_back: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    with readers.lend() as one, readers.lend() as two:
        pass
    readers.tidy()
    with readers.lend() as again, readers.lend() as other:
        assert {id(again), id(other)} == {id(one), id(two)}, "soon after a query, both are kept"
    assert not given_back
    monkeypatch.setattr(module, "SEVERAL_FOR", PASSED)
    readers.tidy()
    with readers.lend() as kept, readers.lend() as new:
        assert kept in (one, two) and new not in (one, two)
    assert given_back
    readers.tidy()
    monkeypatch.setattr(module, "ONE_FOR", PASSED)
    readers.tidy()
    with readers.lend() as last:
        assert last not in (one, two, new)
        assert last.query("retry").hits is not None


def test_what_a_query_left_free_is_given_back_once(
    readers: Readers, given_back: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.tidy()
    with readers.lend() as index:
        index.query("retry")
    readers.tidy()
    assert not given_back, "the next query may need it"
    monkeypatch.setattr(module, "REST", PASSED)
    readers.tidy()
    readers.tidy()
    assert len(given_back) == 1
