"""Ending a question that nobody waits for any more, while SQLite works on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codesearch.store import Store

_current = threading.local()


class StoppedError(Exception):
    """The question was given up."""


class Stop:
    """Tells the thread that works on a question to give it up."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        """Give up; from any thread."""
        self.stopped = True

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let what this thread does inside be stopped."""
        _current.stop = self
        try:
            yield
        finally:
            _current.stop = None


def given_up() -> bool:
    """Return whether the question that this thread works on has been given up."""
    stop: Stop | None = getattr(_current, "stop", None)
    return stop is not None and stop.stopped


@contextmanager
def stoppable(store: Store | None) -> Iterator[None]:
    """Let this thread's use of a store be stopped by the question it works on, if there is one."""
    stop: Stop | None = getattr(_current, "stop", None)
    if stop is None or store is None:
        yield
        return
    if stop.stopped:
        raise StoppedError
    try:
        with store.stopped_if(lambda: stop.stopped):
            yield
    except Exception:
        if stop.stopped:
            raise StoppedError from None
        raise
