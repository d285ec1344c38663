"""Which pieces of code may share code: those with rare sequences of tokens in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

SAMPLE = 3
"""One of so many sequences is looked at, chosen by its hash, so that the same are chosen everywhere."""
MOST = 40
"""A sequence that more pieces have is common, and says nothing."""
LEAST = 2
"""Sequences in common from which a pair is compared."""
SHARE = 0.15
"""The same, as a share of the sequences of the piece that has fewer."""
BINS = 64


def hashes(tokens: Numbers, length: int) -> Numbers:
    """Return the hashes of the sampled sequences of so many tokens, each once."""
    import numpy as np

    if len(tokens) < length:
        return np.zeros(0, np.int64)
    found = np.zeros(len(tokens) - length + 1, np.uint64)
    mixed = (tokens.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(31)
    for at in range(length):
        found = found * np.uint64(0x100000001B3) + mixed[at : at + len(found)]
    found ^= found >> np.uint64(29)
    return np.unique(found[found % np.uint64(SAMPLE) == 0]).astype(np.int64)


def pairs(sets: Sequence[Numbers]) -> Numbers:
    """Return the pairs of sets with enough rare hashes in common, one row (lower, higher) per pair."""
    import numpy as np

    owners = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    values = np.concatenate(sets) if len(sets) else np.zeros(0, np.int64)
    order = np.lexsort((owners, values))
    values, owners = values[order], owners[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(values)])
    frequent = np.repeat(counts, counts)
    rare = (frequent > 1) & (frequent <= MOST)
    values, owners = values[rare], owners[rare]
    codes = []
    for step in range(1, MOST):
        same = values[step:] == values[:-step]
        if not same.any():
            break
        codes.append(owners[:-step][same] * len(sets) + owners[step:][same])
    if not codes:
        return np.zeros((0, 2), np.int64)
    found, counted = np.unique(np.concatenate(codes), return_counts=True)
    both = np.stack([found // len(sets), found % len(sets)], axis=1)
    sizes = np.array([len(one) for one in sets])[both].min(axis=1)
    kept: Numbers = both[counted >= np.maximum(LEAST, SHARE * sizes)]
    return kept


def histogram(tokens: Numbers) -> Numbers:
    """Return how many tokens fall into each of `BINS` classes."""
    import numpy as np

    return np.bincount((tokens % BINS + BINS) % BINS, minlength=BINS)


def bound(one: Numbers, other: Numbers) -> Numbers:
    """Return, for each row, what the similarity of two pieces with these histograms is at most."""
    import numpy as np

    both = np.minimum(one, other).sum(axis=1)
    bounded: Numbers = 2 * both / (one.sum(axis=1) + other.sum(axis=1))
    return bounded
