"""Where each text is on the map: near what means the same.

`pca` is the plane of greatest variance, computed at once. `by_neighbours` pulls neighbours together and pushes others
apart, as UMAP does, from the lists of the ten nearest. `umap` is UMAP itself, if umap-learn is installed. All are the
same every time, and `aligned` turns a new map so that it lies on the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from codesearch.core.errors import UsageError
from codesearch.core.libraries import install_command

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from codesearch.store.related import Pair

    Floats = npt.NDArray[np.float32]
    Places = npt.NDArray[np.int64]
    Edges = tuple[Places, Places, Floats]

LAYOUTS = ("neighbours", "pca", "umap")
ROUNDS_FEW, ROUNDS_MANY = 300, 200
MANY = 20_000
"""More texts take fewer rounds."""
AGAIN = 0.3
"""A map that begins with the last one takes this share of the rounds."""
_AXES, _TURNS = 6, 60
"""Axes that are sought together, so that the first two are found in few turns."""
_REPELLED = 6
"""Random others that push each text away, per round."""
_A, _B = 1.577, 0.8951
"""The curve of UMAP for a least distance of 0.1."""
_STEP = 0.2
_LONGEST = 2.0
"""How far a text moves in one round at most."""


def pca(points: Floats) -> Floats:
    """Return the coordinates of centred points in their plane of greatest variance."""
    import numpy as np

    centred = points - points.mean(axis=0)
    spread = (centred.T @ centred).astype(np.float64)
    axes = np.random.default_rng(0).standard_normal((len(spread), _AXES))
    for _ in range(_TURNS):  # not eigh, whose threads wait for each other for seconds on a busy machine
        axes, _ = np.linalg.qr(spread @ axes)
    axes = axes[:, :2]
    axes *= np.where(np.abs(axes).max(axis=0) == axes.max(axis=0), 1.0, -1.0)  # the sign is arbitrary otherwise
    return _scaled((centred @ axes.astype(np.float32)).astype(np.float32))


def edges(ids: Places, lists: Mapping[int, Sequence[Pair]]) -> Edges:
    """Return (row, row, weight 0..1) of the pairs of neighbours; the weight compares them with the others of a list."""
    import numpy as np

    place = {content: at for at, content in enumerate(ids.tolist())}
    rows: list[int] = []
    others: list[int] = []
    similarities: list[int] = []
    for at, content in enumerate(ids.tolist()):
        for pair in lists.get(content, ()):
            other = place.get(pair.other)
            if other is not None:
                rows.append(at)
                others.append(other)
                similarities.append(pair.similarity)
    row = np.array(rows, np.int64)
    if not len(row):
        return row, row, np.zeros(0, np.float32)
    distance = 1 - np.array(similarities, np.float32) / 10_000
    nearest = np.full(len(ids), np.inf, np.float32)
    np.minimum.at(nearest, row, distance)
    beyond = distance - nearest[row]
    spread = np.bincount(row, beyond, len(ids)) / np.maximum(np.bincount(row, minlength=len(ids)), 1)
    weight = np.exp(-beyond / np.maximum(spread[row], 1e-3)).astype(np.float32)
    return row, np.array(others, np.int64), weight


def by_neighbours(
    start: Floats,
    pairs: Edges,
    *,
    again: bool = False,
    free: npt.NDArray[np.bool_] | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Floats:
    """Return the positions of texts by their neighbours.

    `start` are those to begin with, from the last map if `again`. Only the texts that are `free` move; None for all.
    """
    import numpy as np

    random = np.random.default_rng(0)
    at = start.astype(np.float32).copy()
    row, other, weight = pairs
    size = len(at)
    rounds = ROUNDS_FEW if size <= MANY else ROUNDS_MANY
    rounds = max(10, int(rounds * AGAIN)) if again else rounds
    for number in range(rounds):
        step = _STEP * (1 - number / rounds) * (0.4 if again else 1.0)
        drawn = random.random(len(row), np.float32) < weight
        one, two = row[drawn], other[drawn]
        apart = at[one] - at[two]
        square = (apart * apart).sum(axis=1) + 1e-6
        pull = -2 * _A * _B * square ** (_B - 1) / (1 + _A * square**_B)
        force = apart * np.maximum(pull, -4)[:, None]
        moved = _summed(one, force, size) - _summed(two, force, size)
        for _ in range(_REPELLED):
            apart = at - at[random.permutation(size)]
            square = (apart * apart).sum(axis=1)
            push = 2 * _B / ((0.001 + square) * (1 + _A * square**_B))
            moved += np.clip(apart * push[:, None], -4, 4)
        length = np.sqrt((moved * moved).sum(axis=1))
        moved *= np.minimum(1, _LONGEST / np.maximum(step * length, 1e-9))[:, None]
        if free is not None:
            moved *= free[:, None]
        at = np.asarray(at + step * moved, np.float32)
        if on_progress is not None:
            on_progress((number + 1) / rounds)
    return np.asarray(at, np.float32)


def _summed(rows: Places, values: Floats, size: int) -> Floats:
    import numpy as np

    columns = [np.bincount(rows, values[:, axis], size) for axis in (0, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def umap(points: Floats, start: Floats) -> Floats:
    """Return the layout of umap-learn. Raises UsageError if it is not installed."""
    if find_spec("umap") is None:
        raise UsageError(f"--layout umap needs umap-learn (or use another layout): {install_command('umap-learn')}")
    import numpy as np
    from umap import UMAP

    model = UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", init=start, random_state=0, n_jobs=1)
    return np.asarray(model.fit_transform(points), np.float32)


def aligned(new: Floats, old: Floats, common: Places) -> Floats:
    """Return a map turned, mirrored, scaled and moved so that the texts `common` lie where they were (Procrustes).

    `old` has the old positions of the texts `common`.
    """
    import numpy as np

    if len(common) < 3:
        return new
    now = new[common].astype(np.float64)
    before = old.astype(np.float64)
    mean_now, mean_before = now.mean(axis=0), before.mean(axis=0)
    now -= mean_now
    before -= mean_before
    left, values, right = np.linalg.svd(now.T @ before)
    scale = values.sum() / max(1e-12, float((now * now).sum()))
    return np.asarray(((new - mean_now) @ (left @ right)) * scale + mean_before, np.float32)


def _scaled(at: Floats) -> Floats:
    """Return positions around 0, most of them within 10."""
    import numpy as np

    moved = at - np.median(at, axis=0)
    far = float(np.quantile(np.abs(moved), 0.98)) or 1.0
    return np.asarray(moved * (10 / far), np.float32)


def fitted(at: Floats) -> Floats:
    """Return positions within -1..1; those far outside are drawn in to the edge."""
    import numpy as np

    moved = at - np.median(at, axis=0)
    moved = moved / (float(np.quantile(np.abs(moved), 0.96)) or 1.0)
    outside = np.abs(moved) > 1
    moved[outside] = np.sign(moved[outside]) * (1 + np.log(np.abs(moved[outside])) / 3)
    return np.asarray(np.clip(moved / 1.35, -1, 1), np.float32)
