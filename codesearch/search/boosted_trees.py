"""Boosted decision trees: their contribution to a sum, and the share of each feature."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from struct import unpack
from typing import TypeAlias, Union

Tree: TypeAlias = Union[float, "tuple[str, float, float, Tree, Tree]"]
"""The number it adds; or (feature, threshold, mean of its leaves, subtree for values up to the threshold, other)."""

_Step: TypeAlias = tuple[int, int, int]
"""A decision: (its number, where the subtree for values up to the threshold is, where the other one is)."""

_UNIT = 1e-4
"""What the trees add is rounded to it; training/fit_ranking.py writes four decimals."""
_LANE = 4
"""Bytes of a candidate in an integer."""


class Forest:
    """Trees, prepared for many candidates at once.

    Walking each candidate down each tree would take a hundred thousand steps for a query. Here one integer holds four
    bytes for every candidate: all bits set where a decision is for the lower values, or what the part of a tree adds.
    Three operations on such integers make a decision for all candidates, and one adds up two trees. It is plain Python,
    because importing numpy would cost a new process more than the query.
    """

    def __init__(self, trees: Iterable[Tree]) -> None:
        """Take the trees; they are prepared when they are used."""
        self.trees = tuple(trees)

    def totals(self, columns: Mapping[str, Sequence[float]], count: int) -> list[float]:
        """Return the contribution for each of `count` candidates; `columns` holds the values of each feature."""
        limits, walks, least = self._prepared
        decisions = [mask for feature, own in limits.items() for mask in _up_to(own, columns[feature])]
        every = int.from_bytes((1).to_bytes(_LANE, "little") * count, "little")
        total = 0
        for leaves, steps in walks:
            found = [every * leaf for leaf in leaves]
            for decision, low, high in steps:
                found.append(found[high] ^ (decisions[decision] & (found[low] ^ found[high])))
            total += found[-1]
        return [least + _UNIT * units for units in unpack(f"<{count}I", total.to_bytes(_LANE * count, "little"))]

    @cached_property
    def _prepared(self) -> tuple[dict[str, list[float]], list[tuple[list[int], list[_Step]]], float]:
        """The thresholds of each feature, which number the decisions; the leaves and steps of each tree; and the sum of
        each tree's least leaf, above which the leaves are counted.
        """
        found: dict[str, set[float]] = {}
        for tree in self.trees:
            for feature, limit in _decisions(tree):
                found.setdefault(feature, set()).add(limit)
        limits = {feature: sorted(own) for feature, own in found.items()}
        decisions = [(feature, limit) for feature, own in limits.items() for limit in own]
        numbers = {decision: number for number, decision in enumerate(decisions)}
        least = sum(min(_leaves(tree)) for tree in self.trees)
        return limits, [_walk(tree, numbers) for tree in self.trees], least


def _up_to(limits: Sequence[float], values: Sequence[float]) -> Iterator[int]:
    """Yield, for each threshold, where values are not above it."""
    if values.count(values[0]) == len(values):
        below = bytes([bisect_left(limits, values[0])]) * len(values)
    else:
        below = bytes(map(partial(bisect_left, limits), values))
    lanes = bytearray(_LANE * len(values))
    for at in range(_LANE):
        lanes[at::_LANE] = below
    for at in range(len(limits)):
        yield int.from_bytes(lanes.translate(_UP_TO[at]), "little")


_UP_TO = [bytes([255]) * (at + 1) + bytes(255 - at) for at in range(255)]
"""For the nth threshold of a feature, a table for `bytes.translate`: it turns the number of thresholds below a value
into 255 if the value is not above this threshold, else into 0."""


def _decisions(tree: Tree) -> Iterator[tuple[str, float]]:
    if isinstance(tree, tuple):
        feature, limit, _, low, high = tree
        yield feature, limit
        yield from _decisions(low)
        yield from _decisions(high)


def _walk(tree: Tree, numbers: Mapping[tuple[str, float], int]) -> tuple[list[int], list[_Step]]:
    """Return the leaves of a tree, and its decisions from the bottom up; their places follow those of the leaves."""
    adds = list(_leaves(tree))
    leaves = [round((one - min(adds)) / _UNIT) for one in adds]
    steps: list[_Step] = []
    left = iter(range(len(leaves)))

    def place(tree: Tree) -> int:
        if not isinstance(tree, tuple):
            return next(left)
        feature, limit, _, low, high = tree
        steps.append((numbers[feature, limit], place(low), place(high)))
        return len(leaves) + len(steps) - 1

    place(tree)
    return leaves, steps


def _leaves(tree: Tree) -> Iterator[float]:
    if isinstance(tree, tuple):
        yield from _leaves(tree[3])
        yield from _leaves(tree[4])
    else:
        yield tree


def middle(trees: Iterable[Tree], asked: Mapping[str, float]) -> float:
    """Return the mean contribution of trees if only the values `asked` are known."""
    return sum(_mean(_known(tree, asked)) for tree in trees)


def totals_of(parts: Iterable[tuple[float, Forest]], columns: Mapping[str, Sequence[float]], count: int) -> list[float]:
    """Return the totals of several lots of trees, each times its factor."""
    lots = [[factor * total for total in forest.totals(columns, count)] for factor, forest in parts]
    return [sum(own) for own in zip(*lots, strict=True)] if lots else [0.0] * count


def middle_of(parts: Iterable[tuple[float, Forest]], asked: Mapping[str, float]) -> float:
    """Return the middle of several lots of trees, each times its factor."""
    return sum(factor * middle(forest.trees, asked) for factor, forest in parts)


def shares(trees: Iterable[Tree], asked: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """Return what each feature, except those in `asked`, adds: how far the decisions on it move the mean.

    The sum is the total minus `middle`.
    """
    found: dict[str, float] = {}
    for tree in trees:
        tree = _known(tree, asked)
        while isinstance(tree, tuple):
            feature, limit, _, low, high = tree
            after = _known(low if values[feature] <= limit else high, asked)
            found[feature] = found.get(feature, 0.0) + _mean(after) - _mean(tree)
            tree = after
    return found


def _known(tree: Tree, asked: Mapping[str, float]) -> Tree:
    while isinstance(tree, tuple) and tree[0] in asked:
        tree = tree[3] if asked[tree[0]] <= tree[1] else tree[4]
    return tree


def _mean(tree: Tree) -> float:
    return tree[2] if isinstance(tree, tuple) else tree
