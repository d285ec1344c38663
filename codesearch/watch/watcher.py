"""Watches one tree: by the best event backend available, or by polling."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from codesearch.files.values import FileOptions
from codesearch.watch.backend import EventBackend, NoEventsError
from codesearch.watch.debounce import Batch, Debouncer
from codesearch.watch.network_fs import why_no_events

TICK = 2.0
"""Seconds between two checks of the clocks and of the root."""
JUMP = 3.0
"""Maximum drift in seconds between wall and monotonic clock; more means that the machine was suspended."""
RECONCILE = 600.0
"""Seconds after which the whole tree is scanned even if events work, to find what no event reports."""
POLL_SHORTEST, POLL_LONGEST = 1.0, 600.0
SHARE = 0.005
"""Maximum share of one core that repeated scans of the whole tree may take."""


class RootGoneError(Exception):
    """The root is gone, or another folder is in its place."""


class Watcher:
    """Reports when and where a tree may have changed. `next` is for one thread; the rest may be called from any."""

    def __init__(
        self,
        root: Path,
        options: FileOptions,
        *,
        cookies: Path | None = None,
        poll: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Watch `root`. `poll`: use polling instead of events. `cookies`: a folder in which files may be made."""
        self.root = root
        self.debouncer = Debouncer()
        self.why = "told to" if poll else ""
        """Why there are no events; "" if there are."""
        self._options, self._cookies = options, cookies
        self._monotonic, self._wall = monotonic, wall
        self._backend: EventBackend | None = None
        self._identity = (0, 0)
        self._cost = 0.0
        self._seen_whole = 0.0
        self._clocks = (0.0, 0.0)
        self._ticked = 0.0

    @property
    def polling(self) -> bool:
        """Whether the tree is scanned from time to time because there are no events."""
        return self._backend is None

    @property
    def name(self) -> str:
        """`inotify`, `watchdog`, or `polling`."""
        return "polling" if self._backend is None else self._backend.name

    def start(self) -> None:
        """Start; the first batch is the whole tree. Raises RootGoneError."""
        self._identity = self._identify()
        self._clocks = (self._wall(), self._monotonic())
        self._ticked = self._seen_whole = self._monotonic()
        why = self.why or why_no_events(self.root)
        if not why:
            backend = self._make()
            try:
                backend.start()
                self._backend = backend
            except NoEventsError as error:
                why = str(error)
        self.why = why
        self.debouncer.add_batch(Batch(whole=True))

    def _make(self) -> EventBackend:
        if sys.platform == "linux":
            from codesearch.watch.inotify_backend import InotifyBackend

            return InotifyBackend(self.root, self._options, self.debouncer.add_batch, self._fail)
        from codesearch.watch.watchdog_backend import WatchdogBackend

        return WatchdogBackend(self.root, self._cookies, self.debouncer.add_batch, self._fail)

    def _fail(self, error: NoEventsError) -> None:
        """Continue by polling; the thread that calls `next` closes the backend."""
        self.why = str(error)
        self.debouncer.add_batch(Batch(whole=True))

    def _identify(self) -> tuple[int, int]:
        try:
            status = self.root.stat()
        except OSError as error:
            raise RootGoneError(f"{self.root} is not there") from error
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Stop watching."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()

    def next(self, timeout: float) -> Batch | None:
        """Return what to check; None after `timeout` seconds or `debouncer.hurry()`. Raises RootGoneError."""
        if self.why and self._backend is not None:
            self.close()
        batch = self.debouncer.wait(min(timeout, TICK))
        self._tick()
        if batch is not None and batch.whole and self._identify() != self._identity:
            raise RootGoneError(f"another folder is at {self.root}")
        return batch

    def _tick(self) -> None:
        wall, monotonic = self._wall(), self._monotonic()
        if monotonic - self._ticked < TICK / 2:
            return
        if self._identify() != self._identity:
            raise RootGoneError(f"another folder is at {self.root}")
        drift = (wall - self._clocks[0]) - (monotonic - self._clocks[1])
        self._clocks, self._ticked = (wall, monotonic), monotonic
        jumped = abs(drift) > JUMP
        if jumped or monotonic - self._seen_whole >= self.interval:
            self._seen_whole = monotonic
            self.debouncer.add_batch(Batch(whole=True))

    @property
    def interval(self) -> float:
        """Seconds between two scans of the whole tree, depending on the cost of one."""
        if self.polling:
            return max(POLL_SHORTEST, min(POLL_LONGEST, self._cost / SHARE))
        return max(RECONCILE, self._cost / SHARE)

    def looked(self, seconds: float) -> None:
        """Record how long the last full scan took, in seconds."""
        self._cost = seconds
        self._seen_whole = self._monotonic()

    def flush(self, timeout: float) -> None:
        """Make sure that everything that happened before this call is in the debouncer."""
        backend = self._backend
        if backend is None or not backend.flush(timeout):
            self.debouncer.add_batch(Batch(whole=True))

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch more folders; with `rules`, also those that changed ignore files now allow."""
        if self._backend is not None:
            try:
                self._backend.refresh(folders, rules=rules)
            except NoEventsError as error:
                self._fail(error)


def inside(root: Path, path: str) -> str | None:
    """Return a path (absolute, or relative to the root) as batches contain it; None if it is not below the root."""
    relative = os.path.relpath(path, root) if os.path.isabs(path) else os.path.normpath(path)  # noqa: PTH117 - text
    shown = relative.replace(os.sep, "/")
    return None if shown in ("", ".") or shown == ".." or shown.startswith("../") else shown
