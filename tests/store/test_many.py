"""Statements over any number of values, and values in parts."""

import pytest

from codesearch.store.many import parts


@pytest.mark.parametrize(
    ("count", "first", "sizes"),
    [(0, 3, []), (2, 3, [2]), (3, 3, [3]), (10, 3, [3, 6, 1]), (7, 0, [1, 2, 4])],
)
def test_each_part_is_twice_as_long_as_the_one_before(count: int, first: int, sizes: list[int]) -> None:
    found = list(parts(range(count), first))
    assert [len(part) for part in found] == sizes
    assert [one for part in found for one in part] == list(range(count))
