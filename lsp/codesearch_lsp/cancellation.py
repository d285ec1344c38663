"""Cancelling the work for a request, including a database query that is running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codesearch.store import Store

_current = threading.local()


class CancelledWorkError(Exception):
    """The request that this work is for was cancelled."""


class Cancellation:
    """Tells the thread that works on a request to stop."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the work. May be called from any thread."""
        self.cancelled = True

    @contextmanager
    def working(self) -> Iterator[None]:
        """Make what this thread does in the block cancellable."""
        _current.cancellation = self
        try:
            yield
        finally:
            _current.cancellation = None


def is_cancelled() -> bool:
    """Return whether the request that this thread works on was cancelled."""
    current: Cancellation | None = getattr(_current, "cancellation", None)
    return current is not None and current.cancelled


@contextmanager
def cancellable(store: Store | None) -> Iterator[None]:
    """Interrupt this thread's queries of a store when the request that it works on is cancelled.

    Raises CancelledWorkError if it is.
    """
    current: Cancellation | None = getattr(_current, "cancellation", None)
    if current is None or store is None:
        yield
        return
    if current.cancelled:
        raise CancelledWorkError
    try:
        with store.stopped_if(lambda: current.cancelled):
            yield
    except Exception:
        if current.cancelled:
            raise CancelledWorkError from None
        raise
