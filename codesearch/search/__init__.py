"""From a query to hits: parse, gather candidates, compute features, rank."""

from __future__ import annotations

from collections.abc import Callable

from codesearch.core.filter import Filter
from codesearch.rerank.reranker import UNLIMITED, RerankBudget, Reranker
from codesearch.search.candidates import gather
from codesearch.search.features import compute
from codesearch.search.query import Query, parse
from codesearch.search.rank import RERANKED_CANDIDATES, Ranked, rank, refine
from codesearch.store import Store

__all__ = ["Filter", "Query", "Ranked", "nearest", "parse", "ranking", "search"]


def search(
    store: Store,
    query: Query,
    vector: bytes,
    limit: int,
    reranker: Reranker | None = None,
    on_first: Callable[[list[Ranked]], None] | None = None,
    budget: RerankBudget = UNLIMITED,
) -> list[Ranked]:
    """Return the best answers to a query, best first; `vector` is its int8 embedding by the static model.

    `cascade` and the rest are as in `ranking`.
    """
    return ranking(store, query, vector, limit, reranker, on_first, budget)[:limit]


def ranking(
    store: Store,
    query: Query,
    vector: bytes,
    limit: int,
    reranker: Reranker | None = None,
    on_first: Callable[[list[Ranked]], None] | None = None,
    budget: RerankBudget = UNLIMITED,
) -> list[Ranked]:
    """Return every candidate for a query, best first; the first `limit` are what `search` answers.

    `cascade` is the second stage, `effort` bounds its work; `instant` hears the ranking without it if there is any.
    """
    deep = reranker is not None and reranker.start(store, query.text, is_name=bool(query.name))
    with store.snapshot():
        candidates = gather(store, query, vector, limit)
        ranked = rank(query, candidates, compute(query, candidates))
        if reranker is None or not deep:
            return ranked
        best = {item.candidate.id: item.candidate.symbol for item in ranked[:RERANKED_CANDIDATES]}
        evidence = reranker.look(store, query.text, best)
    if on_first is not None and evidence.work:
        on_first(ranked[:limit])
    return refine(query, ranked, reranker.similarities(store, evidence, budget))


def nearest(store: Store, symbol_id: int, limit: int, where: Filter | None = None) -> list[tuple[int, float]]:
    """Return (symbol id, similarity 0..1) of the symbols most like one, without itself."""
    with store.snapshot():
        vector = store.vector_of(symbol_id)
        if vector is None:
            return []
        found = store.vector_candidates(vector, limit + 1, where)
    return [(other, max(0.0, min(1.0, score))) for other, score in found if other != symbol_id][:limit]
