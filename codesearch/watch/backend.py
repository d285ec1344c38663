"""What a source of events is, and why there may be none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from codesearch.watch.debounce import Batch

Listener = Callable[[Batch], None]


class NoEventsError(Exception):
    """Events cannot be had (any more); the message is one sentence for people."""


class Source(Protocol):
    """Tells of changes in a tree as they happen."""

    name: str

    def start(self) -> None:
        """Begin; what changes from now on is told. Raises NoEventsError."""

    def flush(self, timeout: float) -> bool:
        """Tell of everything that happened before this call; False if that cannot be known in time."""

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch some folders too, and, if ignore `rules` changed, all that they now allow. Raises NoEventsError."""

    def close(self) -> None:
        """End; nothing is told afterwards."""
