"""From a query to hits: parse, gather candidates, compute features, rank."""

from __future__ import annotations

from collections.abc import Callable

from codesearch.core.filter import Filter
from codesearch.rerank.reranker import WHATEVER_IT_TAKES, Cascade, Effort
from codesearch.search.candidates import gather
from codesearch.search.features import compute
from codesearch.search.query import Query, parse
from codesearch.search.rank import DEEP_CANDIDATES, Ranked, rank, refine
from codesearch.store import Store

__all__ = ["Filter", "Query", "Ranked", "nearest", "parse", "ranking", "search"]


def search(
    store: Store,
    query: Query,
    vector: bytes,
    limit: int,
    cascade: Cascade | None = None,
    instant: Callable[[list[Ranked]], None] | None = None,
    effort: Effort = WHATEVER_IT_TAKES,
) -> list[Ranked]:
    """Return the best answers to a query, best first; `vector` is its int8 embedding by the static model.

    `cascade` and the rest are as in `ranking`.
    """
    return ranking(store, query, vector, limit, cascade, instant, effort)[:limit]


def ranking(
    store: Store,
    query: Query,
    vector: bytes,
    limit: int,
    cascade: Cascade | None = None,
    instant: Callable[[list[Ranked]], None] | None = None,
    effort: Effort = WHATEVER_IT_TAKES,
) -> list[Ranked]:
    """Return every candidate for a query, best first; the first `limit` are what `search` answers.

    `cascade` is the second stage, `effort` bounds its work; `instant` hears the ranking without it if there is any.
    """
    deep = cascade is not None and cascade.start(store, query.text, is_name=bool(query.name))
    with store.snapshot():
        candidates = gather(store, query, vector, limit)
        ranked = rank(query, candidates, compute(query, candidates))
        if cascade is None or not deep:
            return ranked
        best = {item.candidate.id: item.candidate.symbol for item in ranked[:DEEP_CANDIDATES]}
        evidence = cascade.look(store, query.text, best)
    if instant is not None and evidence.work:
        instant(ranked[:limit])
    return refine(query, ranked, cascade.similarities(store, evidence, effort))


def nearest(store: Store, symbol_id: int, limit: int, only: Filter | None = None) -> list[tuple[int, float]]:
    """Return (symbol id, similarity 0..1) of the symbols most like one, without itself."""
    with store.snapshot():
        vector = store.vector_of(symbol_id)
        if vector is None:
            return []
        found = store.vector_candidates(vector, limit + 1, only)
    return [(other, max(0.0, min(1.0, score))) for other, score in found if other != symbol_id][:limit]
