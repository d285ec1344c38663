"""Finding the symbols that might answer a query: by their text, their meaning and their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codesearch.core.tokens import words
from codesearch.core.types import Symbol
from codesearch.search.query import STOP_WORDS, Query
from codesearch.search.term_pruning import select_terms
from codesearch.store import Store
from codesearch.store.full_text import NOTHING_HELD, Held, any_of
from codesearch.store.records import StoredSymbol

BY_TEXT = 100
BY_NAME_TEXT = 50
BY_VECTOR = 100
BY_NAME = 50
BY_PREFIX = 50
BY_PHRASE = 50
BY_MENTION = 10
"""How many candidates each way may bring. Twice as many cost twice the time; measured on seven mined sets, they raised
MRR@10 from .586 to .588."""

PHRASE = 3
MOST_PHRASES = 12
"""Words in a row that tell a message; from the first of such rows."""
FEW_WORDS = 4
SHORTEST_PREFIX = 3
"""So few words, each of so many letters at least, may be beginnings of the words of a name."""

# Weights of name, scope, signature, documentation, path, body.
ALL_FIELDS = (3.0, 1.5, 1.5, 2.0, 1.5, 1.0)
NAME_FIELDS = (3.0, 1.5, 1.0, 0.0, 2.0, 0.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A symbol and the raw evidence for it."""

    id: int
    symbol: Symbol
    roles: frozenset[str]
    text: float
    """BM25 over all fields."""
    names: float
    """BM25 over name, scope, signature and path."""
    similarity: float
    """Cosine of the static vectors."""
    content: int = 0
    """The same number for copies of the same code; 0 where that is not known."""
    terms: tuple[int, ...] = ()
    """A number a term of the query: bit n says that field n of the text holds it. Empty where none does."""
    phrases: float = 0.0
    """Share of the query's rows of PHRASE words that its text holds in that order."""

    @property
    def unsaved(self) -> bool:
        """Whether it is from a buffer, not from the index, whose ids count from 1."""
        return self.id < 0


def gather(store: Store, query: Query, vector: bytes, wanted: int = 0) -> list[Candidate]:
    """Return every candidate for a query, each with all of its evidence, in no particular order.

    `wanted` is how many answers are, if that is more than usual.
    """
    least = wanted + wanted // 2  # some will be folded
    ids: set[int] = set()
    ways = (
        (select_terms(store, query), ALL_FIELDS, max(BY_TEXT, least)),
        (select_terms(store, query, only_names=True), NAME_FIELDS, BY_NAME_TEXT),
        (any_of(rows_of_words(query)), ALL_FIELDS, BY_PHRASE),
        (beginnings(query), NAME_FIELDS, BY_PREFIX),
    )
    for match, weights, most in ways:
        if match:
            ids.update(id for id, _ in store.text_candidates(match, weights, most, query.where))
    by_vector = dict(store.vector_candidates(vector, max(BY_VECTOR, least), query.where)) if any(vector) else {}
    ids.update(by_vector)
    ids.update(named(store, query, BY_NAME))
    if any(vector):
        by_vector |= store.similarities(vector, ids - by_vector.keys())
    return [
        Candidate(
            id, symbol, frozenset(roles.split()), held.text, held.names, by_vector.get(id, 0.0), content, terms, phrases
        )
        for id, (symbol, roles, content), held, terms, phrases in with_terms(store, query, store.symbols(ids))
    ]


def named(store: Store, query: Query, most: int) -> Iterator[int]:
    """Yield the symbols that bear the name asked for, or begin with it; else those whose names the query mentions."""
    if query.name:
        yield from store.named(query.name, most, query.where)
        yield from store.named(query.name, most, query.where, prefix=True)
    for mention in query.mentions:
        if mention.telling:
            yield from store.named(mention.key, min(most, BY_MENTION), query.where)


def with_terms(
    store: Store, query: Query, symbols: Mapping[int, StoredSymbol]
) -> Iterator[tuple[int, StoredSymbol, Held, tuple[int, ...], float]]:
    """Yield symbols with what they hold, the fields that hold each term, and the share of rows of words they hold."""
    phrases, n = rows_of_words(query), len(query.terms)
    found = store.held(query.terms, phrases, list(symbols), (ALL_FIELDS, NAME_FIELDS))
    for id, symbol in symbols.items():
        held = found.get(id, NOTHING_HELD)
        share = sum(map(bool, held.fields[n:])) / len(phrases) if phrases else 0.0
        yield id, symbol, held, held.fields[:n], share


def rows_of_words(query: Query) -> list[str]:
    """Return every PHRASE words in a row of a query that is longer than that: what messages are found by.

    Those of which all but one word say nothing are left out: too many texts hold them.
    """
    found = words(query.text)
    if len(found) <= PHRASE:
        return []
    rows = [found[at : at + PHRASE] for at in range(len(found) - PHRASE + 1)]
    telling = [" ".join(row) for row in rows if sum(word not in STOP_WORDS for word in row) > 1]
    return list(dict.fromkeys(telling))[:MOST_PHRASES]


def beginnings(query: Query) -> str:
    """Return an FTS5 expression for names whose words begin as those of a short query do, or nothing."""
    found = [word for word in query.words if len(word) >= SHORTEST_PREFIX and word.isalnum()]
    if not 2 <= len(found) <= FEW_WORDS:
        return ""
    return "{name scope} : (" + " AND ".join(f'"{word}"*' for word in found) + ")"
