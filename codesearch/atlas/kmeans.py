"""Spherical k-means: groups unit vectors by the centre of the highest cosine. Needs only numpy; the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Labels = npt.NDArray[np.int64]

ROUNDS = 40
"""Rounds at most; most runs settle earlier."""
SETTLED = 0.0005
"""The groups are settled when a round moves no more than this share of the points."""
SEEDS_FROM = 20_000
"""The first centres are chosen among at most this many points."""
_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class Grouping:
    """Points in groups."""

    centres: Floats
    """One unit vector per group."""
    labels: Labels
    """The group of each point."""
    closeness: Floats
    """The cosine of each point with the centre of its group."""


def centred(points: Floats, mean: Floats) -> Floats:
    """Return unit vectors of the differences from a mean: what all texts share separates none of them."""
    import numpy as np

    found = points - mean
    length = np.linalg.norm(found, axis=1)
    length[length == 0] = 1
    found /= length[:, None]
    return found


def group(points: Floats, count: int, *, seed: int = 0, start: Floats | None = None) -> Grouping:
    """Return the points in `count` groups. `start` are the centres to begin with, such as those of the last run."""
    import numpy as np

    centres = _seeds(points, count, seed) if start is None else start.astype(np.float32)
    labels = np.full(len(points), -1, np.int64)
    closeness = np.zeros(len(points), np.float32)
    for _ in range(ROUNDS):
        before = labels
        labels, closeness, _ = assign(points, centres)
        if np.count_nonzero(labels != before) <= SETTLED * len(points):
            break
        centres = _centres(points, labels, closeness, count)
    return Grouping(centres, labels, closeness)


def assign(points: Floats, centres: Floats) -> tuple[Labels, Floats, Floats]:
    """Return the nearest centre of each point, the cosine with it, and that with the second nearest."""
    import numpy as np

    labels = np.zeros(len(points), np.int64)
    first, second = np.zeros(len(points), np.float32), np.zeros(len(points), np.float32)
    for at in range(0, len(points), _CHUNK):
        some = slice(at, at + _CHUNK)
        scores = points[some] @ centres.T
        every = np.arange(len(scores))
        labels[some] = best = scores.argmax(axis=1)
        first[some] = scores[every, best]
        scores[every, best] = -2
        second[some] = scores.max(axis=1)
    return labels, first, second


def silhouette(first: Floats, second: Floats) -> float:
    """Return how clearly points belong to their group: the mean simplified silhouette, -1..1."""
    import numpy as np

    own, other = 1 - first, 1 - second
    return float(np.mean((other - own) / np.maximum(np.maximum(own, other), 1e-9))) if len(own) else 0.0


def agreement(one: Labels, other: Labels) -> float:
    """Return the adjusted Rand index of two groupings of the same points: 1 if they are the same, 0 if by chance."""
    import numpy as np

    size = len(one)
    _, rows = np.unique(one, return_inverse=True)
    _, columns = np.unique(other, return_inverse=True)
    table = np.bincount(rows * (columns.max(initial=0) + 1) + columns).astype(np.float64)

    def pairs(counts: npt.NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both = pairs(table)
    first = pairs(np.bincount(rows).astype(np.float64))
    second = pairs(np.bincount(columns).astype(np.float64))
    total = size * (size - 1) / 2
    expected = first * second / total if total else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _seeds(points: Floats, count: int, seed: int) -> Floats:
    """Choose the first centres far from each other (k-means++)."""
    import numpy as np

    random = np.random.default_rng(seed)
    if len(points) > SEEDS_FROM:
        points = points[random.choice(len(points), SEEDS_FROM, replace=False)]
    chosen = [int(random.integers(len(points)))]
    distance = 1 - points @ points[chosen[0]]
    for _ in range(count - 1):
        weights = np.maximum(distance, 0).astype(np.float64)
        total = weights.sum()
        # A few are tried, and the one that helps most is taken, as in scikit-learn.
        tried = random.choice(len(points), 4, p=weights / total) if total > 0 else random.integers(len(points), size=4)
        left = [np.minimum(distance, 1 - points @ points[at]) for at in tried]
        best = int(np.argmin([some.sum() for some in left]))
        chosen.append(int(tried[best]))
        distance = left[best]
    return np.asarray(points[chosen], np.float32)


def _centres(points: Floats, labels: Labels, closeness: Floats, count: int) -> Floats:
    import numpy as np

    order = np.argsort(labels, kind="stable")
    sums = np.zeros((count, points.shape[1]), np.float32)
    groups, first = np.unique(labels[order], return_index=True)
    sums[groups] = np.add.reduceat(points[order], first, axis=0)
    empty = np.setdiff1d(np.arange(count), groups)
    if len(empty):  # a group that lost its points starts again where points fit worst
        sums[empty] = points[np.argsort(closeness, kind="stable")[: len(empty)]]
    length = np.linalg.norm(sums, axis=1)
    length[length == 0] = 1
    return np.asarray(sums / length[:, None], np.float32)
