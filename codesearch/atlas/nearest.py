"""The nearest rows of each row of a matrix, exactly: products of blocks, of which only what is near enough is sorted.

All pairs of 100,000 rows are 10 billion similarities. A block of them is compared with the similarity that each row
already requires, which leaves a few per row to sort. Each pair of blocks is multiplied once and serves both its rows
and its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from codesearch.atlas.vectors import unit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Places = npt.NDArray[np.int64]

BLOCK = 2048
"""Rows per block: 16 MB of similarities."""
SAMPLE = 1024
"""Rows that each row is compared with first, to have a similarity that the others must reach."""
_NEVER = -2.0
"""Lower than any cosine."""


class Nearest:
    """The nearest rows of each row that have been found so far."""

    def __init__(self, size: int, count: int) -> None:
        import numpy as np

        self.others: Places = np.full((size, count), -1, np.int64)
        self.scores: Floats = np.full((size, count), _NEVER, np.float32)
        self.required: Floats = np.full(size, _NEVER, np.float32)
        """What a similarity must exceed to be kept."""

    def offer(self, rows: Places, columns: Places, scores: Floats) -> None:
        """Take the similarities of some pairs; each pair of row and column is offered once at most."""
        import numpy as np

        order = np.lexsort((columns, -scores, rows))
        rows, columns, scores = rows[order], columns[order], scores[order]
        touched, first, size = np.unique(rows, return_index=True, return_counts=True)
        count = self.others.shape[1]
        at = np.arange(len(rows)) - np.repeat(first, size)
        kept = at < count
        group = np.repeat(np.arange(len(touched)), size)[kept]
        new_others = np.full((len(touched), count), -1, np.int64)
        new_scores = np.full((len(touched), count), _NEVER, np.float32)
        new_others[group, at[kept]] = columns[kept]
        new_scores[group, at[kept]] = scores[kept]
        others = np.concatenate([self.others[touched], new_others], axis=1)
        both = np.concatenate([self.scores[touched], new_scores], axis=1)
        best = np.lexsort((others, -both), axis=1)[:, :count]
        self.others[touched] = np.take_along_axis(others, best, axis=1)
        self.scores[touched] = np.take_along_axis(both, best, axis=1)
        self.required[touched] = np.maximum(self.required[touched], self.scores[touched, -1])


def of_all(rows: npt.NDArray[np.int8], count: int, on_progress: Callable[[float], None] | None = None) -> Nearest:
    """Return the `count` nearest rows of each row. `on_progress` is called with the share that is done."""
    import numpy as np

    found = Nearest(len(rows), count)
    every = np.arange(len(rows))
    _require(found, rows, every)
    blocks = list(_blocks(len(rows)))
    pairs = len(blocks) * (len(blocks) + 1) // 2
    done = 0
    for number, one in enumerate(blocks):
        left = unit(rows[one])
        for other in blocks[number:]:
            scores = left @ unit(rows[other]).T
            if one == other:
                np.fill_diagonal(scores, _NEVER)
            else:
                at, row = np.nonzero((scores > found.required[other]).T)
                if len(at):
                    found.offer(at + other.start, row + one.start, scores[row, at])
            row, at = np.nonzero(scores > found.required[one, None])
            if len(at):
                found.offer(row + one.start, at + other.start, scores[row, at])
            done += 1
            if on_progress is not None:
                on_progress(done / pairs)
    return found


def of_some(
    rows: npt.NDArray[np.int8], wanted: Places, count: int, added: Places, required: Floats | None = None
) -> Nearest:
    """Return the `count` nearest rows of the rows `wanted`.

    With `required`, what each other row requires, it also returns which of the rows `added`, which are among those
    wanted, are near enough to the others.
    """
    import numpy as np

    found = Nearest(len(rows), count)
    _require(found, rows, wanted)
    is_wanted = np.zeros(len(rows), bool)
    is_wanted[wanted] = True
    if required is not None:
        found.required[~is_wanted] = required[~is_wanted]
    is_added = np.isin(wanted, added)
    for start in range(0, len(wanted), BLOCK):
        some = wanted[start : start + BLOCK]
        new = is_added[start : start + BLOCK]
        left = unit(rows[some])
        for block in _blocks(len(rows)):
            scores = left @ unit(rows[block]).T
            inside = np.nonzero((some >= block.start) & (some < block.stop))[0]
            scores[inside, some[inside] - block.start] = _NEVER
            row, at = np.nonzero(scores > found.required[some, None])
            if len(at):
                found.offer(some[row], at + block.start, scores[row, at])
            if required is not None and new.any():
                passing = (scores > found.required[block]) & ~is_wanted[block] & new[:, None]
                row, at = np.nonzero(passing)
                if len(at):
                    found.offer(at + block.start, some[row], scores[row, at])
    return found


def _blocks(size: int) -> Iterator[slice]:
    for start in range(0, size, BLOCK):
        yield slice(start, min(size, start + BLOCK))


def _require(found: Nearest, rows: npt.NDArray[np.int8], wanted: Places) -> None:
    """Compare some rows with a sample of all: the others must be as near as the last of the nearest in it."""
    import numpy as np

    count = found.others.shape[1]
    if len(rows) <= SAMPLE + count:
        return
    sample = unit(rows[np.random.default_rng(0).choice(len(rows), SAMPLE, replace=False)])
    for start in range(0, len(wanted), BLOCK):
        some = wanted[start : start + BLOCK]
        scores = unit(rows[some]) @ sample.T
        # One more, since a row may be in the sample itself; a little less, since it is offered again.
        at = SAMPLE - count - 1
        found.required[some] = np.partition(scores, at, axis=1)[:, at] - 1e-5
