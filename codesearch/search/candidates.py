"""Finding the symbols that might answer a query: by their text, their meaning and their names."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.search.query import Query
from codesearch.store import Store
from codesearch.types import Symbol

BY_TEXT = 100
BY_NAME_TEXT = 50
BY_VECTOR = 100
BY_NAME = 50
"""How many candidates each way may bring. Twice as many cost twice the time; measured on seven mined sets, they raised
MRR@10 from .586 to .588."""

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


def gather(store: Store, query: Query, vector: bytes, least: int = 0) -> list[Candidate]:
    """Return every candidate for a query, each with all of its evidence, in no particular order.

    `least` is how many answers are wanted, if that is more than usual.
    """
    match = any_of(query.terms)
    by_text = dict(store.text_candidates(match, ALL_FIELDS, max(BY_TEXT, least), query.only)) if match else {}
    by_names = (
        dict(store.text_candidates(f"{{name scope signature path}} : ({match})", NAME_FIELDS, BY_NAME_TEXT, query.only))
        if match
        else {}
    )
    by_vector = dict(store.vector_candidates(vector, max(BY_VECTOR, least), query.only)) if any(vector) else {}
    ids = {*by_text, *by_names, *by_vector}
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
        )
        for id, (symbol, roles, content) in store.symbols(ids).items()
    ]


def any_of(terms: tuple[str, ...]) -> str:
    """Return an FTS5 expression that matches any of the terms."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
