"""Find code by meaning: local, offline semantic search for functions, methods and types.

>>> import codesearch
>>> with codesearch.open_index("path/to/repo") as index:
...     index.update()
...     hits = index.query("where are failed uploads retried", limit=5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesearch._version import __version__

__all__ = ["CodesearchError", "Filter", "Hit", "Index", "Skipped", "Status", "Symbol", "__version__", "open_index"]

if TYPE_CHECKING:
    from codesearch.core.errors import CodesearchError
    from codesearch.core.filter import Filter
    from codesearch.core.types import Hit, Skipped, Symbol
    from codesearch.index import Index, Status, open_index

_HOME = {
    "CodesearchError": "codesearch.core.errors",
    "Filter": "codesearch.core.filter",
    "Hit": "codesearch.core.types",
    "Index": "codesearch.index",
    "Skipped": "codesearch.core.types",
    "Status": "codesearch.index",
    "Symbol": "codesearch.core.types",
    "open_index": "codesearch.index",
}


def __getattr__(name: str) -> Any:
    # Late, so that `codesearch --version` and the workers load only what they use.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
