"""Term pruning: in a large index, texts that contain only a common word of a query need not be scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from codesearch.search.query import Query
from codesearch.store.match import Match, Together, Words, any_word
from codesearch.store.texts import MOST_COUNTED

if TYPE_CHECKING:
    from codesearch.store.reader import TextReader

MAX_SCORED = 100_000
"""Approximate maximum number of texts scored for a query, divided by what one costs (`TextReader.scoring_cost`). A
thousand take half a millisecond for the first question of a process, and a tenth of that when it knows the words."""
ENOUGH = 20_000
"""If at least this many texts contain a rare word, texts with only common words are skipped."""
MAX_COMMON = 3
"""Number of common words, the rarest ones, that count if a text contains at least two of them."""


def select_terms(store: TextReader, query: Query, *, only_names: bool = False) -> Match | None:
    """Return what matches the texts to score for a query; None if no text contains any of its words.

    If few texts match, it matches all of them. Otherwise it takes the words from the rarest on until MAX_SCORED texts
    match; of the remaining common words, at least two must occur together. This bounds the number of texts in an index
    of any size; docs/benchmarks.md says what it costs.
    """
    cost = store.scoring_cost
    if not cost:
        return any_word(*query.terms, naming=only_names)
    most, enough = MAX_SCORED // cost, ENOUGH // cost

    def count(one: Words | Together) -> int:
        return store.holding(Match((one,), only_names))

    holding = {term: count(Words((term,))) for term in query.terms}
    terms = sorted((term for term in query.terms if holding[term]), key=lambda term: (holding[term], term))
    rare = _rare(terms, holding, most)
    if len(rare) == len(terms):
        return any_word(*(term for term in query.terms if term in rare), naming=only_names)
    common = terms[len(rare) :][:MAX_COMMON]
    combined = _combined(common, sum(holding[term] for term in rare), count, most, enough)
    return Match((*([Words(tuple(rare))] if rare else []), *combined), only_names)


def _rare(terms: list[str], holding: Mapping[str, int], most: int) -> list[str]:
    """Return the words whose texts are all scored: from the rarest on, until `most` texts match.

    A word in so many texts that they were not counted to the end is not among them.
    """
    rare: list[str] = []
    total = 0
    for term in terms:
        many = holding[term] >= MOST_COUNTED or total + holding[term] > most
        if many and (rare or len(terms) > 1):
            break
        rare.append(term)
        total += holding[term]
    return rare


def _combined(
    common: list[str], total: int, count: Callable[[Together], int], most: int, enough: int
) -> list[Words | Together]:
    """Return combinations of common words whose texts are scored too, after the `total` texts of the rare words.

    If there are no rare words, at least one condition is returned: the one that matches the fewest texts.
    """
    chosen: list[Words | Together] = []
    fewest: tuple[int, Words | Together] = (MOST_COUNTED + 1, Words(tuple(common[:1])))
    for size in range(2, len(common) + 1):
        if total >= enough:
            break
        for together in map(Together, combinations(common, size)):
            texts = count(together)
            if texts and total + texts <= most:
                chosen.append(together)
                total += texts
            elif texts:
                fewest = min(fewest, (texts, together), key=lambda found: (found[0], found[1].words))
    return chosen if total else [fewest[1]]
