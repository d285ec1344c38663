"""Waits for a condition instead of a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds. Long, because a passing test never waits this long, and the machine may run several suites."""


def until(condition: Callable[[], T], what: object = "", *, seconds: float = PATIENCE, every: float = 0.01) -> T:
    """Wait until a condition holds; return its value. Raises AssertionError with `what` if it never does."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {seconds:.0f} s: {said or 'a condition'}")
        time.sleep(every)
    return found
