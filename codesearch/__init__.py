"""Find code by meaning: local, offline semantic search for functions, methods and types.

>>> import codesearch
>>> with codesearch.open_index("path/to/repo") as index:
...     index.update()
...     hits = index.query("where are failed uploads retried", limit=5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["CodesearchError", "Filter", "Hit", "Index", "Skipped", "Status", "Symbol", "__version__", "open_index"]

if TYPE_CHECKING:
    from codesearch.errors import CodesearchError
    from codesearch.index import Index, Status, open_index
    from codesearch.store.filters import Filter
    from codesearch.types import Hit, Skipped, Symbol

_HOME = {
    "CodesearchError": "codesearch.errors",
    "Filter": "codesearch.store.filters",
    "Hit": "codesearch.types",
    "Index": "codesearch.index",
    "Skipped": "codesearch.types",
    "Status": "codesearch.index",
    "Symbol": "codesearch.types",
    "open_index": "codesearch.index",
}


def __getattr__(name: str) -> Any:
    # Late, so that `codesearch --version` and the workers load only what they use.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
