"""Boosted decision trees: what they add to a sum, and the share of each feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Union

Tree: TypeAlias = Union[float, "tuple[str, float, float, Tree, Tree]"]
"""What it adds; or (feature, threshold, mean of what is below, tree for values up to the threshold, other tree)."""

Pruned: TypeAlias = Any
"""A Tree for one query: what it adds, or (position of a value, threshold, the two trees). Not a recursive type: each
step would need a cast, and a query takes twenty thousand steps."""


def prune(tree: Tree, asked: Mapping[str, float], places: Mapping[str, int]) -> Pruned:
    """Return a tree without the decisions that the known values `asked` make; `places` are positions of features."""
    tree = _known(tree, asked)
    if not isinstance(tree, tuple):
        return tree
    feature, limit, _, low, high = tree
    return places[feature], limit, prune(low, asked, places), prune(high, asked, places)


def total(trees: Sequence[Pruned], values: Sequence[float]) -> float:
    """Return what trees add for a candidate."""
    found = 0.0
    for tree in trees:
        while tree.__class__ is tuple:
            place, limit, low, high = tree
            tree = low if values[place] <= limit else high
        found += tree
    return found


def middle(trees: Iterable[Tree], asked: Mapping[str, float]) -> float:
    """Return the mean of what trees add for candidates of which only `asked` is known."""
    return sum(_mean(_known(tree, asked)) for tree in trees)


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
