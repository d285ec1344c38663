"""Work that may be cancelled: what takes long asks here whether its answer is still wanted.

The work of a thread is cancelled as a whole, so functions need not hand the question down to one another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_current = threading.local()


class CancelledWorkError(Exception):
    """The answer that this work is for is not wanted any more. Not an error to show: only who cancelled it sees it."""


@contextmanager
def working(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Make what this thread does in the block end soon after `cancelled` returns True, with a CancelledWorkError."""
    if cancelled():
        raise CancelledWorkError
    before = current()
    _current.cancelled = cancelled
    try:
        yield
    except Exception:
        if cancelled():  # a database query that was interrupted, for example
            raise CancelledWorkError from None
        raise
    finally:
        _current.cancelled = before


def current() -> Callable[[], bool]:
    """Return what says, in any thread, whether the work of this thread was cancelled."""
    cancelled: Callable[[], bool] = getattr(_current, "cancelled", _never)
    return cancelled


def is_cancelled() -> bool:
    """Return whether the work of this thread was cancelled."""
    return current()()


def check() -> None:
    """Raise CancelledWorkError if the work of this thread was cancelled."""
    if is_cancelled():
        raise CancelledWorkError


def carried(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Return a function for other threads, which is cancelled together with the work of this one."""
    cancelled = current()

    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with working(cancelled):
            return function(*args, **kwargs)

    return run


def _never() -> bool:
    return False
