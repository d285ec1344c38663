"""The weightings of the three stages of the ranking. Their numbers are in `ranking_model`.

docs/ranking.md shows their quality. Two weights are set by hand in training/fit_ranking.py: `name_match` (a name that
was asked for must win) and `is_generated` (generated code is too rare in the mined queries).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from codesearch.search import ranking_model as model
from codesearch.search.boosted_trees import Forest


class Weighting(NamedTuple):
    """How features become a score: a weighted sum, plus boosted trees, through a logistic curve."""

    weights: Mapping[str, float]
    """By feature; a missing one counts 0."""
    calibration: tuple[float, float]
    """Slope and intercept of the logistic curve from the sum to a score, fitted on queries of other repositories."""
    trees: tuple[tuple[float, Forest], ...] = ()
    """(factor, trees): what the trees say is added to the weighted sum, times the factor."""
    refined: bool = False
    """Whether it is for candidates that the transformer has compared with the query."""
    learned: Mapping[str, float] | None = None
    """The part of the weights that `codesearch tune` has learned; None without it."""
    compared: bool = False
    """Whether it is for hits that the cross-encoder has read with the query."""
    scale: float = 1.0
    """Factor of the weights of RERANKED in it."""


_FAST_TREES = Forest(model.FAST_TREES)

FAST = Weighting(model.FAST_WEIGHTS, model.FAST_CALIBRATION, ((1.0, _FAST_TREES),))
"""Before reranking, and for names."""

_RERANKED_TREES = Forest(model.RERANKED_TREES)

RERANKED = Weighting(
    model.RERANKED_WEIGHTS,
    model.RERANKED_CALIBRATION,
    ((model.RERANKED_SCALE, _FAST_TREES), (1.0, _RERANKED_TREES)),
    refined=True,
)
"""For the candidates that the transformer has compared with the query."""

COMPARED = Weighting(
    model.COMPARED_WEIGHTS,
    model.COMPARED_CALIBRATION,
    (
        (model.COMPARED_SCALE * model.RERANKED_SCALE, _FAST_TREES),
        (model.COMPARED_SCALE, _RERANKED_TREES),
        (1.0, Forest(model.COMPARED_TREES)),
    ),
    refined=True,
    compared=True,
    scale=model.COMPARED_SCALE,
)
"""For the first of them, which the cross-encoder has read with the query."""
