"""Boosted decision trees: their contribution to a sum, and the share of each feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Union

Tree: TypeAlias = Union[float, "tuple[str, float, float, Tree, Tree]"]
"""The number it adds; or (feature, threshold, mean of its leaves, subtree for values up to the threshold, other)."""

Pruned: TypeAlias = Any
"""A Tree for one query: the number it adds, or (position of a value, threshold, two subtrees). Not a recursive type:
each step would need a cast, and a query takes twenty thousand steps."""


def prune(tree: Tree, asked: Mapping[str, float], positions: Mapping[str, int]) -> Pruned:
    """Resolve the decisions that depend on the known values `asked`; `positions` are those of the features."""
    tree = _known(tree, asked)
    if not isinstance(tree, tuple):
        return tree
    feature, limit, _, low, high = tree
    return positions[feature], limit, prune(low, asked, positions), prune(high, asked, positions)


def total(trees: Sequence[Pruned], values: Sequence[float]) -> float:
    """Return the contribution of trees for a candidate."""
    found = 0.0
    for tree in trees:
        while tree.__class__ is tuple:
            position, limit, low, high = tree
            tree = low if values[position] <= limit else high
        found += tree
    return found


def middle(trees: Iterable[Tree], asked: Mapping[str, float]) -> float:
    """Return the mean contribution of trees if only the values `asked` are known."""
    return sum(_mean(_known(tree, asked)) for tree in trees)


def prune_all(
    parts: Iterable[tuple[float, Sequence[Tree]]], asked: Mapping[str, float], positions: Mapping[str, int]
) -> list[tuple[float, list[Pruned]]]:
    """Return (factor, trees) with the trees pruned."""
    return [(factor, [prune(tree, asked, positions) for tree in trees]) for factor, trees in parts]


def total_of(parts: Iterable[tuple[float, Sequence[Pruned]]], values: Sequence[float]) -> float:
    """Return the total of several lots of trees, each times its factor."""
    return sum([factor * total(trees, values) for factor, trees in parts])


def middle_of(parts: Iterable[tuple[float, Sequence[Tree]]], asked: Mapping[str, float]) -> float:
    """Return the middle of several lots of trees, each times its factor."""
    return sum(factor * middle(trees, asked) for factor, trees in parts)


def shares(trees: Iterable[Tree], asked: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """Return what each feature, except those in `asked`, adds: how far the decisions on it move the mean.

    The sum is `total` minus `middle`.
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
