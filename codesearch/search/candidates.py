"""Finding the symbols that might answer a query: by their text, their meaning and their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codesearch.search.query import Query
from codesearch.store import Store
from codesearch.store.matches import any_of
from codesearch.store.records import StoredSymbol
from codesearch.text import words
from codesearch.types import Symbol

BY_TEXT = 100
BY_NAME_TEXT = 50
BY_VECTOR = 100
BY_NAME = 50
BY_PREFIX = 50
BY_PHRASE = 50
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


def gather(store: Store, query: Query, vector: bytes, wanted: int = 0) -> list[Candidate]:
    """Return every candidate for a query, each with all of its evidence, in no particular order.

    `wanted` is how many answers are, if that is more than usual.
    """
    least = wanted + wanted // 2  # some will be folded
    match = any_of(query.terms)
    by_text = dict(store.text_candidates(match, ALL_FIELDS, max(BY_TEXT, least), query.only)) if match else {}
    by_names = (
        dict(store.text_candidates(f"{{name scope signature path}} : ({match})", NAME_FIELDS, BY_NAME_TEXT, query.only))
        if match
        else {}
    )
    by_vector = dict(store.vector_candidates(vector, max(BY_VECTOR, least), query.only)) if any(vector) else {}
    ids = {*by_text, *by_names, *by_vector}
    if phrases := rows_of_words(query):
        ids.update(id for id, _ in store.text_candidates(any_of(phrases), ALL_FIELDS, BY_PHRASE, query.only))
    if prefixes := beginnings(query):
        ids.update(id for id, _ in store.text_candidates(prefixes, NAME_FIELDS, BY_PREFIX, query.only))
    if query.name:
        ids.update(store.named(query.name, BY_NAME, query.only))
        ids.update(store.named(query.name, BY_NAME, query.only, prefix=True))
    if match:
        by_text |= store.text_scores(match, ALL_FIELDS, ids - by_text.keys())
        by_names |= store.text_scores(f"{{name scope signature path}} : ({match})", NAME_FIELDS, ids - by_names.keys())
    if any(vector):
        by_vector |= store.similarities(vector, ids - by_vector.keys())
    return [
        Candidate(
            id,
            symbol,
            frozenset(roles.split()),
            by_text.get(id, 0.0),
            by_names.get(id, 0.0),
            by_vector.get(id, 0.0),
            content,
            *held,
        )
        for id, (symbol, roles, content), held in with_terms(store, query, store.symbols(ids))
    ]


def with_terms(
    store: Store, query: Query, symbols: Mapping[int, StoredSymbol]
) -> Iterator[tuple[int, StoredSymbol, tuple[tuple[int, ...], float]]]:
    """Yield symbols with the fields that hold each term, and the share of the query's rows of words they hold."""
    phrases, n = rows_of_words(query), len(query.terms)
    found = store.fields((*query.terms, *phrases), list(symbols))
    for id, symbol in symbols.items():
        held = found.get(id, ())
        yield id, symbol, (held[:n], sum(map(bool, held[n:])) / len(phrases) if phrases else 0.0)


def rows_of_words(query: Query) -> list[str]:
    """Return every PHRASE words in a row of a query that is longer than that: what messages are found by."""
    found = words(query.text)
    rows = [" ".join(found[at : at + PHRASE]) for at in range(len(found) - PHRASE + 1)]
    return list(dict.fromkeys(rows))[:MOST_PHRASES] if len(found) > PHRASE else []


def beginnings(query: Query) -> str:
    """Return an FTS5 expression for names whose words begin as those of a short query do, or nothing."""
    found = [word for word in query.words if len(word) >= SHORTEST_PREFIX and word.isalnum()]
    if not 2 <= len(found) <= FEW_WORDS:
        return ""
    return "{name scope} : (" + " AND ".join(f'"{word}"*' for word in found) + ")"
