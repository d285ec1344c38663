import pytest

from codesearch.search import boosted_trees
from codesearch.search.features import NAMES, QUERY_FEATURES
from codesearch.search.ranking import FAST, RERANKED

PLACES = {"query_words": 0, "text": 1, "length": 2}
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
def test_a_tree_is_walked_to_what_it_adds_whether_or_not_the_query_is_known_before(values, adds):
    whole = boosted_trees.prune(TREE, {}, PLACES)
    known = boosted_trees.prune(TREE, {"query_words": values[0]}, PLACES)
    assert boosted_trees.total([whole, known], values) == 2 * adds


def test_shares_tell_which_feature_adds_what_and_sum_up():
    asked, values = {"query_words": 0.3}, (0.3, 0.1, 5.0)
    assert boosted_trees.middle([TREE], asked) == 1.0
    # `text` moves the mean from 1.0 to 0.5, the mean of the remaining leaves; `length` moves it to 2.0.
    found = boosted_trees.shares([TREE], asked, dict(zip(PLACES, values, strict=True)))
    assert found == {"text": -0.5, "length": 1.5}
    assert boosted_trees.total([boosted_trees.prune(TREE, asked, PLACES)], values) == 1.0 + sum(found.values())


def test_what_only_the_query_decides_adds_nothing():
    tree: boosted_trees.Tree = ("query_words", 0.5, 0.0, -1.0, 1.0)
    asked = {"query_words": 0.9}
    assert boosted_trees.prune(tree, asked, PLACES) == 1.0
    assert boosted_trees.middle([tree], asked) == 1.0
    assert boosted_trees.shares([tree], asked, {"query_words": 0.9}) == {}


def leaves(tree: boosted_trees.Tree) -> list[float]:
    return [*leaves(tree[3]), *leaves(tree[4])] if isinstance(tree, tuple) else [tree]


def used(tree: boosted_trees.Tree) -> set[str]:
    return {tree[0], *used(tree[3]), *used(tree[4])} if isinstance(tree, tuple) else set()


@pytest.mark.parametrize("weighting", [FAST, RERANKED])
def test_the_shipped_trees_are_small_and_know_only_features_there_are(weighting):
    assert set(weighting.weights) <= set(NAMES) - QUERY_FEATURES
    assert weighting.trees[-1][0] == 1
    for tree in (tree for _, some in weighting.trees for tree in some):
        assert used(tree) <= set(NAMES)
        assert len(leaves(tree)) <= 16
        assert isinstance(tree, tuple)
        assert min(leaves(tree)) <= tree[2] <= max(leaves(tree)), "the mean of what is below"
    fast = {name for _, some in FAST.trees for tree in some for name in used(tree)}
    assert not any(name.startswith("rerank_similarity") for name in fast)
