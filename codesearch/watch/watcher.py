"""Watching one tree: the best source of events there is, or polling, with what each must be told and checked."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from codesearch.files.values import FileOptions
from codesearch.watch.backend import NoEventsError, Source
from codesearch.watch.debounce import Batch, Debouncer
from codesearch.watch.network_fs import silent

TICK = 2.0
"""Seconds between two looks at the clocks and at the root."""
JUMP = 3.0
"""Seconds by which the wall clock may run apart from the other between two ticks before we suspect a suspend."""
RECONCILE = 600.0
"""Seconds after which the whole tree is looked at even if events work: what no event tells (a user's global ignore
file, a bug) is noticed at last."""
POLL_SHORTEST, POLL_LONGEST = 1.0, 600.0
SHARE = 0.005
"""Of a core, the most that looking at the whole tree again and again may take."""


class RootGoneError(Exception):
    """The root is no longer there, or another folder is in its place."""


class Watcher:
    """Says when and where a tree may have changed. `next` is for one thread; the rest may be called from any."""

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
        """Watch `root`; `poll` does without events, `cookies` is a folder for files of our own (the index's)."""
        self.root = root
        self.gatherer = Debouncer()
        self.why = "told to" if poll else ""
        """Why there are no events; "" if there are."""
        self._options, self._cookies = options, cookies
        self._monotonic, self._wall = monotonic, wall
        self._source: Source | None = None
        self._identity = (0, 0)
        self._cost = 0.0
        self._seen_whole = 0.0
        self._clocks = (0.0, 0.0)
        self._ticked = 0.0

    @property
    def polling(self) -> bool:
        """Whether the tree is looked at from time to time, because there are no events."""
        return self._source is None

    @property
    def name(self) -> str:
        """Of the source of events: `inotify`, `watchdog`, or `polling`."""
        return "polling" if self._source is None else self._source.name

    def start(self) -> None:
        """Begin; the first batch is the whole tree. Raises RootGoneError."""
        self._identity = self._identify()
        self._clocks = (self._wall(), self._monotonic())
        self._ticked = self._seen_whole = self._monotonic()
        why = self.why or silent(self.root)
        if not why:
            source = self._make()
            try:
                source.start()
                self._source = source
            except NoEventsError as error:
                why = str(error)
        self.why = why
        self.gatherer.add_batch(Batch(whole=True))

    def _make(self) -> Source:
        if sys.platform == "linux":
            from codesearch.watch.inotify_backend import InotifySource

            return InotifySource(self.root, self._options, self.gatherer.add_batch, self._fail)
        from codesearch.watch.watchdog_backend import PortableSource

        return PortableSource(self.root, self._cookies, self.gatherer.add_batch, self._fail)

    def _fail(self, error: NoEventsError) -> None:
        """Go on by polling; the source is closed by the thread that calls `next`."""
        self.why = str(error)
        self.gatherer.add_batch(Batch(whole=True))

    def _identify(self) -> tuple[int, int]:
        try:
            status = self.root.stat()
        except OSError as error:
            raise RootGoneError(f"{self.root} is not there") from error
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """End it."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def next(self, timeout: float) -> Batch | None:
        """Return what to look at, or None after `timeout` seconds or `gatherer.hurry()`. Raises RootGoneError."""
        if self.why and self._source is not None:
            self.close()
        batch = self.gatherer.wait(min(timeout, TICK))
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
            self.gatherer.add_batch(Batch(whole=True))

    @property
    def interval(self) -> float:
        """Seconds between two looks at the whole tree: bounded by what one costs."""
        if self.polling:
            return max(POLL_SHORTEST, min(POLL_LONGEST, self._cost / SHARE))
        return max(RECONCILE, self._cost / SHARE)

    def looked(self, seconds: float) -> None:
        """Hear what looking at the whole tree took."""
        self._cost = seconds
        self._seen_whole = self._monotonic()

    def flush(self, timeout: float) -> None:
        """See to it that everything that happened before this call is in the gatherer."""
        source = self._source
        if source is None or not source.flush(timeout):
            self.gatherer.add_batch(Batch(whole=True))

    def refresh(self, folders: Iterable[str] = (), *, rules: bool = False) -> None:
        """Watch these folders too; with `rules`, whatever changed ignore files now allow."""
        if self._source is not None:
            try:
                self._source.refresh(folders, rules=rules)
            except NoEventsError as error:
                self._fail(error)

    def expects(self, options: FileOptions) -> bool:
        """Return whether it was made for these options."""
        return options == self._options


def inside(root: Path, path: str) -> str | None:
    """Return a path, absolute or relative to the root, as batches hold it; None if it is not below the root."""
    relative = os.path.relpath(path, root) if os.path.isabs(path) else os.path.normpath(path)  # noqa: PTH117 - text
    shown = relative.replace(os.sep, "/")
    return None if shown in ("", ".") or shown == ".." or shown.startswith("../") else shown
