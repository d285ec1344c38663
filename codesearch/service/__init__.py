"""A warm index of one tree: kept fresh, queried by threads, and by other processes over a local socket.

Importing this package costs nothing: `codesearch query` looks for a service before it does the work itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Service", "State"]

if TYPE_CHECKING:
    from codesearch.service.service import Service
    from codesearch.service.state import State

_HOME = {"Service": "codesearch.service.service", "State": "codesearch.service.state"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
