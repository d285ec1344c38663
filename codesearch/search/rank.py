"""Putting candidates in order: a weighted sum of their features, then room for more than one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesearch.search.candidates import Candidate
from codesearch.search.features import NAMES, Features
from codesearch.search.query import Query

WEIGHTS: Mapping[str, float] = {
    "text": 4.05,
    "names": -0.8,
    "similarity": 1.39,
    "cosine": 3.49,
    "text_place": 0.65,
    "names_place": 0.92,
    "similarity_place": 1.44,
    "coverage": -0.01,
    "name_share": 0.17,
    "signature_coverage": 0.25,
    "file": 0.78,
    "length": 2.47,
    "is_type": 0.0,
    "is_module": -1.38,
    "is_macro": -0.6,
    "is_test": -4.99,
    "is_vendored": -2.74,
    "is_generated": -2.6,
    "is_example": -1.84,
    "name_match": 30.0,
}
"""Learned from mined queries by training/fit_ranking.py, but for name_match (a name asked for must win) and
is_generated (too rare there; as vendored code)."""

SAME_FILE = 0.3
"""What each better hit of the same file takes from the sum, so that one file does not fill the list."""
MOST_SAME_FILE = 8

CALIBRATION = (0.663, -7.764)
"""Slope and intercept of the logistic curve from the sum to a score, fitted on the same queries."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with the reason of its place."""

    candidate: Candidate
    features: Features
    score: float
    """0..1: roughly how likely this is what was asked for."""
    copies: tuple[Candidate, ...] = ()
    """The same code elsewhere."""


def rank(
    query: Query,
    candidates: Sequence[Candidate],
    features: Sequence[Features],
    weights: Mapping[str, float] = WEIGHTS,
) -> list[Ranked]:
    """Return the candidates, best first. Deterministic: ties are broken by path and line."""
    sums = [weigh(feature, weights) for feature in features]
    order = sorted(range(len(candidates)), key=lambda at: _key(sums[at], candidates[at]))
    copies = _fold(order, candidates)
    order = [at for at in order if at in copies]
    seen: dict[str, int] = {}
    for at in order:
        if features[at].name_match and query.name:
            continue  # all that bear the name asked for may stand together
        path = candidates[at].symbol.path
        sums[at] -= SAME_FILE * min(seen.get(path, 0), MOST_SAME_FILE)
        seen[path] = seen.get(path, 0) + 1
    order.sort(key=lambda at: _key(sums[at], candidates[at]))
    return [Ranked(candidates[at], features[at], _score(sums[at]), tuple(copies[at])) for at in order]


def _fold(order: Sequence[int], candidates: Sequence[Candidate]) -> dict[int, list[Candidate]]:
    """Return, for the best of each group of copies, the others."""
    best: dict[int, int] = {}
    copies: dict[int, list[Candidate]] = {}
    for at in order:
        first = best.setdefault(candidates[at].content or -1 - at, at)
        if first == at:
            copies[at] = []
        else:
            copies[first].append(candidates[at])
    return copies


def weigh(features: Features, weights: Mapping[str, float] = WEIGHTS) -> float:
    """Return the weighted sum of features."""
    return float(sum(weights[name] * getattr(features, name) for name in NAMES))


def _score(weighed: float) -> float:
    slope, intercept = CALIBRATION
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, slope * weighed + intercept))))


def _key(weighed: float, candidate: Candidate) -> tuple[float, int, str, int, int]:
    """Return what to sort by: the sum, then the shallower path, since copies live deeper."""
    symbol = candidate.symbol
    return (-weighed, symbol.path.count("/"), symbol.path, symbol.start_line, -symbol.end_line)
