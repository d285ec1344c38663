"""From a query to hits: parse, gather candidates, compute features, rank."""

from __future__ import annotations

from codesearch.search.candidates import gather
from codesearch.search.features import compute
from codesearch.search.query import Query, parse
from codesearch.search.rank import Ranked, rank
from codesearch.store import Store
from codesearch.store.filters import Filter

__all__ = ["Filter", "Query", "Ranked", "nearest", "parse", "search"]


def search(store: Store, query: Query, vector: bytes, limit: int) -> list[Ranked]:
    """Return the best answers to a query, best first; `vector` is its int8 embedding."""
    with store.snapshot():
        candidates = gather(store, query, vector, limit)
    return rank(query, candidates, compute(query, candidates))[:limit]


def nearest(store: Store, symbol_id: int, limit: int, only: Filter | None = None) -> list[tuple[int, float]]:
    """Return (symbol id, similarity 0..1) of the symbols most like one, without itself."""
    with store.snapshot():
        vector = store.vector_of(symbol_id)
        if vector is None:
            return []
        found = store.vector_candidates(vector, limit + 1, only)
    return [(other, max(0.0, min(1.0, score))) for other, score in found if other != symbol_id][:limit]
