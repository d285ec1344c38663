"""From a query to hits: parse, gather candidates, compute features, rank, rerank."""

from codesearch.core.filter import Filter
from codesearch.search.feature_values import is_named
from codesearch.search.pipeline import (
    Buffers,
    Near,
    Ranking,
    filter_note,
    gather_all,
    nearest,
    rank_candidates,
    search,
    search_fast,
    understood,
)
from codesearch.search.query import Query, parse
from codesearch.search.query_vector import query_vector
from codesearch.search.rank import Ranked
from codesearch.search.where import real_path, resolved

__all__ = [
    "Buffers",
    "Filter",
    "Near",
    "Query",
    "Ranked",
    "Ranking",
    "filter_note",
    "gather_all",
    "is_named",
    "nearest",
    "parse",
    "query_vector",
    "rank_candidates",
    "real_path",
    "resolved",
    "search",
    "search_fast",
    "understood",
]
