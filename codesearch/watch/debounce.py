"""Debounces a stream of changed paths into batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

QUIET = 0.04
"""Seconds without an event after which a batch is ready. An editor's atomic save takes a few milliseconds."""
LONGEST = 0.5
"""Seconds after which a batch is ready even if events continue."""
MOST = 400
"""Number of paths from which scanning the whole tree is cheaper than checking each of them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Paths that may have changed."""

    paths: tuple[str, ...] = ()
    """Files and folders relative to the root, with `/`; empty if `whole`."""
    whole: bool = False
    """Anything may have changed: events were lost, an ignore file changed, or there were too many."""
    settings: bool = False
    """A settings file may have changed."""
    folders: bool = False
    """The set of ignored folders may have changed."""

    def __bool__(self) -> bool:
        return bool(self.paths) or self.whole or self.settings

    def __or__(self, other: Batch) -> Batch:
        whole = self.whole or other.whole
        return Batch(
            () if whole else tuple(dict.fromkeys(self.paths + other.paths)),
            whole,
            self.settings or other.settings,
            self.folders or other.folders,
        )


class Debouncer:
    """Collects changed paths and releases them once no event has arrived for QUIET seconds. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._paths: dict[str, None] = {}
        self._rest = Batch()
        self._first = self._last = 0.0
        self._hurried = False
        self._working = False

    def add(self, paths: Iterable[str]) -> None:
        """Add paths."""
        with self._changed:
            before = len(self._paths)
            if not self._rest.whole:
                self._paths.update(dict.fromkeys(paths))
                if len(self._paths) > MOST:
                    self._rest |= Batch(whole=True)
                    self._paths.clear()
            self._news(woken=not before)

    def add_batch(self, batch: Batch) -> None:
        """Add a batch."""
        if not batch:
            return
        with self._changed:
            self._rest |= Batch((), batch.whole, batch.settings, batch.folders)
            self._paths.update(dict.fromkeys(batch.paths))
            if self._rest.whole:
                self._paths.clear()
            self._news(woken=True)

    def _news(self, *, woken: bool) -> None:
        self._last = self._clock()
        self._first = self._first or self._last
        if woken:
            self._changed.notify_all()

    def hurry(self) -> None:
        """Release the waiting paths at once, because a caller waits for them."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()

    @property
    def pending(self) -> int:
        """Number of waiting paths."""
        return len(self._paths)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._paths or self._rest)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and no released batch is still being processed."""
        with self._changed:
            return self.empty and not self._working

    def done(self) -> None:
        """Report that the last batch has been processed, or put back."""
        self._working = False

    def due(self) -> float | None:
        """Return the seconds until a batch is ready (0: now), or None if nothing waits."""
        if self.empty:
            return None
        if self._hurried:
            return 0.0
        return max(0.0, min(self._last + QUIET, self._first + LONGEST) - self._clock())

    def wait(self, timeout: float) -> Batch | None:
        """Return a batch as soon as one is ready; None after `timeout` seconds, or at once after `hurry`."""
        with self._changed:
            end = self._clock() + timeout
            while True:
                due = self.due()
                if due == 0.0:
                    return self._take()
                left = end - self._clock()
                if self._hurried or left <= 0:
                    self._hurried = False
                    return None
                self._changed.wait(left if due is None else min(left, due))

    def _take(self) -> Batch:
        batch = self._rest if self._rest.whole else self._rest | Batch(tuple(self._paths))
        self._paths.clear()
        self._rest = Batch()
        self._first = 0.0
        self._hurried = False
        self._working = True
        return batch
