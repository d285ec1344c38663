"""Putting candidates in order: a weighted sum of their features, then room for more than one file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from codesearch.search.candidates import Candidate
from codesearch.search.features import NAMES, Features, deepened
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

DEEP = 50
"""How many of the fast ranking's best the transformer looks at; more change nothing (docs/architecture.md)."""

DEEP_WEIGHTS: Mapping[str, float] = {**WEIGHTS, "deep": 3.0, "deep_cosine": 4.0, "deep_place": 1.5}
"""What the features weigh where the transformer has looked."""

DEEP_CALIBRATION = (0.663, -9.0)

WEAK = 0.12
"""A score below which a hit is hardly what was asked for."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with the reason of its place."""

    candidate: Candidate
    features: Features
    score: float
    """0..1: roughly how likely this is what was asked for."""
    copies: tuple[Candidate, ...] = ()
    """The same code elsewhere."""
    same_file: float = 0.0
    """How many better hits of its file it follows, as far as that counts."""
    refined: bool = False
    """Whether the transformer had a say."""

    def contributions(self) -> list[tuple[str, float, float, float]]:
        """Return (feature, value, weight, value x weight) for every feature that is not zero, most important first."""
        weights = DEEP_WEIGHTS if self.refined else WEIGHTS
        rows = [(name, float(getattr(self.features, name)), weights.get(name, 0.0)) for name in NAMES]
        rows.append(("same_file", self.same_file, -SAME_FILE))
        found = [(name, value, weight, value * weight) for name, value, weight in rows if value * weight]
        return sorted(found, key=lambda row: -abs(row[3]))


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
    best = [Ranked(candidates[at], features[at], sums[at], tuple(copies[at])) for at in order if at in copies]
    return [replace(item, score=_score(item.score, CALIBRATION)) for item in _spread(query, best)]


def refine(query: Query, ranked: Sequence[Ranked], similarities: Mapping[int, float]) -> list[Ranked]:
    """Return a ranking put in order again, now that a transformer has compared some of it with the query.

    `similarities` holds its cosines by candidate id; of the first DEEP, those without one count as the middle of the
    others. What comes after them keeps its order.
    """
    best, rest = ranked[:DEEP], ranked[DEEP:]
    known = sorted(similarities[item.candidate.id] for item in best if item.candidate.id in similarities)
    if not known:
        return list(ranked)
    middle = known[len(known) // 2]
    values = [similarities.get(item.candidate.id, middle) for item in best]
    deep = deepened([item.features for item in best], values)
    summed = [
        replace(item, features=features, score=weigh(features, DEEP_WEIGHTS), refined=True)
        for item, features in zip(best, deep, strict=True)
    ]
    summed.sort(key=lambda item: _key(item.score, item.candidate))
    found = [replace(item, score=_score(item.score, DEEP_CALIBRATION)) for item in _spread(query, summed)]
    least = found[-1].score
    return found + [replace(item, score=min(item.score, least)) for item in rest]


def _spread(query: Query, ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return a ranking (with sums for scores, best first) in which no file fills the list."""
    seen: dict[str, int] = {}
    found = []
    for item in ranked:
        path = item.candidate.symbol.path
        if not (item.features.name_match and query.name):  # all that bear the name asked for may stand together
            before = min(seen.get(path, 0), MOST_SAME_FILE)
            item = replace(item, score=item.score - SAME_FILE * before, same_file=float(before))
            seen[path] = seen.get(path, 0) + 1
        found.append(item)
    return sorted(found, key=lambda item: _key(item.score, item.candidate))


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
    return float(sum(weight * getattr(features, name) for name, weight in weights.items() if weight))


def _score(weighed: float, calibration: tuple[float, float]) -> float:
    slope, intercept = calibration
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, slope * weighed + intercept))))


def _key(weighed: float, candidate: Candidate) -> tuple[float, int, str, int, int]:
    """Return what to sort by: the sum, then the shallower path, since copies live deeper."""
    symbol = candidate.symbol
    return (-weighed, symbol.path.count("/"), symbol.path, symbol.start_line, -symbol.end_line)
