"""Cancelling the work for a request, including a database query that is running."""

from __future__ import annotations

from contextlib import AbstractContextManager

from codesearch.core import cancellation


class Cancellation:
    """Asks the thread that works on a request to stop."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the work. May be called from any thread."""
        self.cancelled = True

    def working(self) -> AbstractContextManager[None]:
        """Make what this thread does in the block cancellable. Raises CancelledWorkError if it is cancelled."""
        return cancellation.working(lambda: self.cancelled)
