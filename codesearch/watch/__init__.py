"""Noticing what changes in a tree: file system events where there are any, else looking again from time to time."""

from __future__ import annotations

from codesearch.watch.debounce import Batch, Debouncer
from codesearch.watch.watcher import Watcher

__all__ = ["Batch", "Debouncer", "Watcher"]
