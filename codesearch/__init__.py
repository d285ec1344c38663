"""Find code by meaning: local, offline semantic search for functions, methods and types.

>>> import codesearch
>>> with codesearch.open_index("path/to/repo") as index:
...     index.update()
...     answer = index.query("where are failed uploads retried", limit=5)

docs/api.md describes every name exported here. All others may change in any version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesearch._version import __version__

__all__ = [
    "Answer",
    "BackfillProgress",
    "BackfillReport",
    "CodesearchError",
    "Confidence",
    "Edge",
    "ExactAnswer",
    "Filter",
    "Hit",
    "Impact",
    "Index",
    "IndexBusyError",
    "Kind",
    "Line",
    "LineGroup",
    "MatchingLines",
    "ModelError",
    "NotFoundError",
    "Pattern",
    "Progress",
    "Query",
    "Ranked",
    "Ranking",
    "Report",
    "RerankBudget",
    "RerankCancelledError",
    "Settings",
    "Skipped",
    "Status",
    "StoreError",
    "Symbol",
    "UnwritableError",
    "UpdateRequest",
    "UsageError",
    "Why",
    "__version__",
    "callees",
    "callers",
    "impact",
    "implementations",
    "matching_lines",
    "mentions",
    "open_index",
    "parse",
    "query_matching",
    "tests",
    "unused",
]

if TYPE_CHECKING:
    from codesearch.core.errors import (
        CodesearchError,
        IndexBusyError,
        ModelError,
        NotFoundError,
        RerankCancelledError,
        StoreError,
        UnwritableError,
        UsageError,
    )
    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer, Hit, Kind, Skipped, Symbol
    from codesearch.exact.answers import ExactAnswer, MatchingLines, matching_lines, query_matching
    from codesearch.exact.groups import LineGroup
    from codesearch.exact.pattern import Pattern
    from codesearch.exact.scan import Line
    from codesearch.index import Index, open_index
    from codesearch.indexing.request import Progress, Report, UpdateRequest
    from codesearch.references.edges import Confidence, Edge
    from codesearch.references.graph import callees, callers, implementations, tests, unused
    from codesearch.references.impact import Impact, impact
    from codesearch.references.mentions import mentions
    from codesearch.rerank.backfill import BackfillProgress, BackfillReport
    from codesearch.rerank.job import RerankBudget
    from codesearch.search.explain import Why
    from codesearch.search.pipeline import Ranking
    from codesearch.search.query import Query, parse
    from codesearch.search.rank import Ranked
    from codesearch.settings import Settings
    from codesearch.status import Status

_MODULES = {
    "core.errors": (
        "CodesearchError",
        "IndexBusyError",
        "ModelError",
        "NotFoundError",
        "RerankCancelledError",
        "StoreError",
        "UnwritableError",
        "UsageError",
    ),
    "core.filter": ("Filter",),
    "core.types": ("Answer", "Hit", "Kind", "Skipped", "Symbol"),
    "exact.answers": ("ExactAnswer", "MatchingLines", "matching_lines", "query_matching"),
    "exact.groups": ("LineGroup",),
    "exact.pattern": ("Pattern",),
    "exact.scan": ("Line",),
    "index": ("Index", "open_index"),
    "indexing.request": ("Progress", "Report", "UpdateRequest"),
    "references.edges": ("Confidence", "Edge"),
    "references.graph": ("callees", "callers", "implementations", "tests", "unused"),
    "references.impact": ("Impact", "impact"),
    "references.mentions": ("mentions",),
    "rerank.backfill": ("BackfillProgress", "BackfillReport"),
    "rerank.job": ("RerankBudget",),
    "search.explain": ("Why",),
    "search.pipeline": ("Ranking",),
    "search.query": ("Query", "parse"),
    "search.rank": ("Ranked",),
    "settings": ("Settings",),
    "status": ("Status",),
}
_HOME = {name: f"codesearch.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Lazily, so that `codesearch --version` and the workers load only what they use.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
