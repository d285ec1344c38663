"""BM25, and what a text says of a query: the values of the full-text index, whatever engine computes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from codesearch.store.schema import TEXT_COLUMNS, TEXT_FIELDS

K1, B, _LEAST_IDF = 1.2, 0.75, 1e-6
"""The constants of BM25. A word in more than half of all texts has the least weight."""
BIT_OF = tuple(1 << TEXT_FIELDS.index(column) for column in TEXT_COLUMNS)
"""The bit of each column in Held.fields."""


class DamagedError(Exception):
    """The full text of an index cannot be read; the text says why."""


class Held(NamedTuple):
    """Which terms and phrases of a query a text contains, and its BM25."""

    fields: tuple[int, ...]
    """One number per term, then one per phrase: bit n is set if TEXT_FIELDS[n] contains it."""
    text: float
    """BM25 of the terms over all fields; higher is better."""
    names: float
    """BM25 of the terms over NAMING_FIELDS."""


NOTHING_HELD = Held((), 0.0, 0.0)


def idf(texts: int, holding: int) -> float:
    """Return the weight of a term that some of the texts contain."""
    return max(math.log((texts - holding + 0.5) / (holding + 0.5)), _LEAST_IDF) if holding < texts else _LEAST_IDF


def by_column(weights: Sequence[float]) -> list[float]:
    """Return weights of TEXT_FIELDS in the order of TEXT_COLUMNS."""
    return [weights[TEXT_FIELDS.index(column)] for column in TEXT_COLUMNS]
