import random

import pytest

from codesearch.search import boosted_trees
from codesearch.search.features import NAMES, QUERY_FEATURES
from codesearch.search.ranking import COMPARED, FAST, RERANKED

PLACES = ("query_words", "text", "length")
TREE: boosted_trees.Tree = (
    "text", 0.5, 1.0,
    ("query_words", 0.2, -0.5, -1.0, ("length", 3.0, 0.5, 0.0, 2.0)),
    4.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("values", "adds"),
    [
        ((0.1, 0.5, 9.0), -1.0),
        ((0.2, 0.1, 9.0), -1.0),
        ((0.3, 0.5, 3.0), 0.0),
        ((0.3, 0.0, 3.1), 2.0),
        ((0, 0.51, 0), 4),
    ],
)
def test_a_tree_is_walked_to_what_it_adds(values, adds):
    assert total([TREE, TREE], dict(zip(PLACES, values, strict=True))) == pytest.approx(2 * adds, abs=1e-12)


def total(trees, values):
    return boosted_trees.Forest(trees).totals({name: [value] for name, value in values.items()}, 1)[0]


def walked(tree, values):
    while isinstance(tree, tuple):
        tree = tree[3] if values[tree[0]] <= tree[1] else tree[4]
    return tree


def thresholds(tree):
    return [tree[:2], *thresholds(tree[3]), *thresholds(tree[4])] if isinstance(tree, tuple) else []


@pytest.mark.parametrize("weighting", [FAST, RERANKED, COMPARED])
@pytest.mark.parametrize("count", [1, 2, 301])
def test_many_candidates_at_once_get_what_each_would_get_alone(weighting, count):
    limits = {name: [0.0] for name in NAMES}
    for name, limit in (one for _, forest in weighting.trees for tree in forest.trees for one in thresholds(tree)):
        limits[name].append(limit)
    draw = random.Random(count)
    # Exactly a threshold, and a little beside it.
    columns = {
        name: [draw.choice(own) + draw.choice((-1e-4, 0.0, 1e-4)) for _ in range(count)] for name, own in limits.items()
    }
    columns["query_words"] = [0.4] * count
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    alone = [
        sum(factor * sum(walked(tree, row) for tree in forest.trees) for factor, forest in weighting.trees)
        for row in rows
    ]
    assert boosted_trees.totals_of(weighting.trees, columns, count) == pytest.approx(alone, abs=1e-9)


def test_without_trees_nothing_is_added():
    assert boosted_trees.Forest([]).totals({}, 2) == [0.0, 0.0]
    assert boosted_trees.totals_of((), {}, 2) == [0.0, 0.0]
    assert total([0.25, -1.5], {}) == -1.25


def test_shares_tell_which_feature_adds_what_and_sum_up():
    asked, values = {"query_words": 0.3}, (0.3, 0.1, 5.0)
    assert boosted_trees.middle([TREE], asked) == 1.0
    # `text` moves the mean from 1.0 to 0.5, the mean of the remaining leaves; `length` moves it to 2.0.
    known = dict(zip(PLACES, values, strict=True))
    found = boosted_trees.shares([TREE], asked, known)
    assert found == {"text": -0.5, "length": 1.5}
    assert total([TREE], known) == pytest.approx(1.0 + sum(found.values()), abs=1e-12)


def test_what_only_the_query_decides_adds_nothing():
    tree: boosted_trees.Tree = ("query_words", 0.5, 0.0, -1.0, 1.0)
    asked = {"query_words": 0.9}
    assert total([tree], asked) == 1.0
    assert boosted_trees.middle([tree], asked) == 1.0
    assert boosted_trees.shares([tree], asked, {"query_words": 0.9}) == {}


def leaves(tree: boosted_trees.Tree) -> list[float]:
    return [*leaves(tree[3]), *leaves(tree[4])] if isinstance(tree, tuple) else [tree]


def used(tree: boosted_trees.Tree) -> set[str]:
    return {tree[0], *used(tree[3]), *used(tree[4])} if isinstance(tree, tuple) else set()


@pytest.mark.parametrize("weighting", [FAST, RERANKED, COMPARED])
def test_the_shipped_trees_are_small_and_know_only_features_there_are(weighting):
    assert set(weighting.weights) <= set(NAMES) - QUERY_FEATURES
    assert weighting.trees[-1][0] == 1
    for tree in (tree for _, forest in weighting.trees for tree in forest.trees):
        assert used(tree) <= set(NAMES)
        assert len(leaves(tree)) <= 16
        assert isinstance(tree, tuple)
        assert min(leaves(tree)) <= tree[2] <= max(leaves(tree)), "the mean of what is below"
    fast = {name for _, forest in FAST.trees for tree in forest.trees for name in used(tree)}
    assert not any(name.startswith("rerank_similarity") for name in fast)
