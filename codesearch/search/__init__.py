"""From a query to hits: parse, gather candidates, compute features, rank, rerank."""

from codesearch.core.filter import Filter
from codesearch.search.pipeline import Buffers, Ranking, nearest, search
from codesearch.search.query import Query, parse
from codesearch.search.rank import Ranked

__all__ = ["Buffers", "Filter", "Query", "Ranked", "Ranking", "nearest", "parse", "search"]
