"""The protocol of the event backends, and the error for when there are no events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from codesearch.watch.debounce import Batch

Listener = Callable[[Batch], None]


class NoEventsError(Exception):
    """There are no events, or no longer; the message is one sentence for people."""


class EventBackend(Protocol):
    """Reports changes in a tree as they happen."""

    name: str

    def start(self) -> None:
        """Start to report changes. Raises NoEventsError."""

    def flush(self, timeout: float) -> bool:
        """Report everything that happened before this call; False if that cannot be ensured in time."""

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch more folders, and, if ignore `rules` changed, all folders that they now allow. Raises NoEventsError."""

    def close(self) -> None:
        """Stop; nothing is reported afterwards."""
