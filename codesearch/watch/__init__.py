"""Detects changes in a tree: by file system events if there are any, else by scanning it from time to time."""

from __future__ import annotations

from codesearch.watch.debounce import Batch, Debouncer
from codesearch.watch.watcher import Watcher

__all__ = ["Batch", "Debouncer", "Watcher"]
