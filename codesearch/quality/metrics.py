"""Metrics over the ranks of right answers, with confidence intervals; needs numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DEPTH = 10
"""Number of answers that count."""
RESAMPLED = 2000
"""Number of bootstrap samples for an interval."""
BINS = 10
"""Number of bins of the reliability diagram, of equal width."""
_DRAWN_AT_ONCE = 1 << 20

METRICS = ("mrr", "recall", "ndcg")
TITLES = {"mrr": "MRR@10", "recall": "recall@10", "ndcg": "NDCG@10"}

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % confidence interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose scores lie in one bin: the mean score, and the share that was right."""

    low: float
    high: float
    count: int
    score: float
    """Mean score."""
    right: float
    """Share that was right."""


def of_places(places: Sequence[int], targets: int) -> tuple[float, float, float]:
    """Return (reciprocal rank, recall, NDCG) among the first ten.

    `places`, from 1, are where each right answer that was found is given first; `targets` is how many there are.
    """
    within = [place for place in places if place <= DEPTH]
    if not within or targets < 1:
        return 0.0, 0.0, 0.0
    gain = sum(1 / math.log2(place + 1) for place in set(within))
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(targets, DEPTH) + 1))
    return 1 / min(within), len(within) / targets, gain / ideal


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the mean of a figure over questions with its percentile bootstrap interval."""
    if not values:
        return Interval(0.0, 0.0, 0.0)
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) == 1:
        return Interval(mean, mean, mean)
    low, high = np.percentile(_resampled_means(array, seed), [2.5, 97.5])
    return Interval(mean, float(low), float(high))


def difference(values: Sequence[float], others: Sequence[float], seed: int = 0) -> Interval:
    """Return the difference of two means over the same questions in the same order (paired bootstrap)."""
    return interval([one - other for one, other in zip(values, others, strict=True)], seed)


def _resampled_means(values: Array, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    count = len(values)
    rows = max(1, _DRAWN_AT_ONCE // count)  # bounds the memory
    means = [
        values[generator.integers(0, count, size=(min(rows, RESAMPLED - done), count))].mean(axis=1)
        for done in range(0, RESAMPLED, rows)
    ]
    return np.concatenate(means)


def reliability(scores: Sequence[float], right: Sequence[bool]) -> tuple[list[Bin], float]:
    """Return (non-empty bins, expected calibration error: the mean gap weighted by the answers of each bin)."""
    if not scores:
        return [], 0.0
    score, true = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=np.float64)
    where = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = where == number
        if count := int(inside.sum()):
            promised, kept = float(score[inside].mean()), float(true[inside].mean())
            bins.append(Bin(number / BINS, (number + 1) / BINS, count, promised, kept))
    error = sum(one.count * abs(one.score - one.right) for one in bins) / len(score)
    return bins, error
