"""How likely each of several repositories is the one that a question is about, from what each of them holds.

Two facts count: how near the nearest symbols are to the question, and how likely its words are in a text
of the repository (query likelihood, with Dirichlet smoothing by all repositories together). Rare words count most:
a word that only one repository uses tells much, one that all use as often tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NEAREST = 3
"""Nearest symbols whose similarity is averaged: one can be near by chance."""
NEARNESS = 7.0
"""What a difference in similarity counts in log-odds."""
WORDING = 0.25
"""What a difference in the log-likelihood of the words counts: they depend on each other, so less than 1."""
SMOOTHING = 1000.0
"""Texts of the average of all repositories that are added to each."""
UNLIKELY = 2.5
"""Log-odds behind the likeliest repository beyond which a repository is not searched while others fill the list."""


MOST_FOR_NAMES = 2.0
"""What a repository can be behind at most if the question is a name: less than the exact name is ahead of others."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a repository holds of a question."""

    nearest: float
    """The mean similarity of its NEAREST nearest symbols to the question, by static vectors."""
    texts: int
    """The number of its texts."""
    holding: Mapping[str, int] = field(default_factory=dict)
    """How many texts hold each word of the question."""


def log_odds(found: Sequence[Evidence | None], *, is_name: bool = False) -> list[float]:
    """Return how much less likely than the likeliest each repository is: 0 for that one and for those without evidence.

    The values are negative log-odds. If the question `is_name`, none is below -MOST_FOR_NAMES.
    """
    known = [one for one in found if one is not None]
    texts = sum(one.texts for one in known)
    holding = {word: sum(one.holding.get(word, 0) for one in known) for word in _words(known)}
    average = {word: (count + 0.5) / (texts + 1) for word, count in holding.items()}
    values = [None if one is None else _value(one, average) for one in found]
    best = max((value for value in values if value is not None), default=0.0)
    least = -MOST_FOR_NAMES if is_name else -math.inf
    return [0.0 if value is None else max(least, value - best) for value in values]


def _words(known: Sequence[Evidence]) -> list[str]:
    return list(dict.fromkeys(word for one in known for word in one.holding))


def _value(one: Evidence, average: Mapping[str, float]) -> float:
    likelihood = sum(
        math.log((one.holding.get(word, 0) + SMOOTHING * share) / (one.texts + SMOOTHING))
        for word, share in average.items()
    )
    return NEARNESS * one.nearest + WORDING * likelihood
