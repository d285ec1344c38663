"""Cancelling the work for a request, including a database query that is running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_current = threading.local()


class CancelledWorkError(Exception):
    """The request that this work is for was cancelled."""


class Cancellation:
    """Asks the thread that works on a request to stop."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the work. May be called from any thread."""
        self.cancelled = True

    @contextmanager
    def working(self) -> Iterator[None]:
        """Make what this thread does in the block cancellable. Raises CancelledWorkError if it is cancelled."""
        if self.cancelled:
            raise CancelledWorkError
        _current.cancellation = self
        try:
            yield
        except Exception:
            if self.cancelled:  # a database query that was interrupted, for example
                raise CancelledWorkError from None
            raise
        finally:
            _current.cancellation = None


def is_cancelled() -> bool:
    """Return whether the request that this thread works on was cancelled."""
    current: Cancellation | None = getattr(_current, "cancellation", None)
    return current is not None and current.cancelled
