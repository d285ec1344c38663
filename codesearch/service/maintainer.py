"""The one who keeps an index what its tree is: takes batches of changes, has them read, tells how it stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from codesearch.core.errors import CodesearchError, IndexBusyError
from codesearch.index import Index
from codesearch.indexing.pool import WarmPools
from codesearch.indexing.update import Progress, Report, setup_of
from codesearch.rerank import process
from codesearch.rerank.backfill import BackfillProgress
from codesearch.watch import Batch, Watcher
from codesearch.watch.watcher import TICK, RootGoneError, inside

FLUSH_TIMEOUT = 0.5
"""Seconds to wait for events that are under way."""
AT_LEAST = 0.5
"""Seconds a long update runs before a saved file may interrupt it."""
PROGRESS_EVERY = 0.1
FILL_SECONDS = 10.0
"""Seconds that vectors are made at once in the background; in between, the watcher looks after itself."""
MODEL_IDLE = 600.0
"""Seconds until a model that no question has needed is given back."""
RETRY_SHORTEST, RETRY_LONGEST = 0.5, 30.0
"""Seconds between attempts to update when something is in the way."""

Publish = Callable[..., None]


class Maintainer:
    """Keeps one index. `run` is for the thread that does the work; the rest may be called from any."""

    def __init__(
        self,
        index: Index,
        reader: Index,
        *,
        poll: bool,
        pools: WarmPools,
        publish: Publish,
        stop: threading.Event,
        on_tick: Callable[[], None],
        same_settings: Callable[[], bool],
        still_ours: Callable[[], None],
        generation: int,
    ) -> None:
        """Write with `index`; `reader`, opened apart, notices what others write."""
        self._index, self._reader = index, reader
        self._pools, self._publish, self._stop, self._on_tick = pools, publish, stop, on_tick
        self._same_settings, self._still_ours = same_settings, still_ours
        self._watcher = Watcher(index.root, index.settings.file_options(), cookies=index.path.parent, poll=poll)
        self._gatherer = self._watcher.gatherer
        self._tickets = threading.Condition()
        self._asked = self._done = 0
        self._well = True
        """Whether the last batch went in."""
        self._closed = False
        self._unfinished = False
        self._rebuild = False
        self._version: tuple[int, ...] = ()
        self._filled: tuple[int, ...] = ()
        """The state of the index for which all vectors of the second stage are made, or cannot be."""
        self._retry = RETRY_SHORTEST
        self.generation = generation

    # -- asked from any thread --------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many paths are known to wait."""
        return self._gatherer.pending

    @property
    def fresh(self) -> bool:
        """Whether everything noticed so far is in the index."""
        return self._gatherer.idle and not self._unfinished and self._well

    def changed(self, paths: Iterable[str]) -> None:
        """Have paths looked at soon."""
        root = self._index.root
        self._gatherer.add(found for path in paths if (found := inside(root, path)) is not None)

    def rebuild(self) -> None:
        """Have the index made anew."""
        self._rebuild = True
        self._gatherer.add_batch(Batch(whole=True))

    def refresh(self, paths: Iterable[str] | None, end: float) -> bool | None:
        """Wait until what is on disk now is in the index; False if it is not by `end`, on the monotonic clock.

        None if this keeper has ended: ask the next one.
        """
        if paths is None:
            self._watcher.flush(max(0.0, min(FLUSH_TIMEOUT, end - time.monotonic())))
            if self._version_changed():
                self._gatherer.add_batch(Batch(whole=True))
        else:
            self.changed(paths)
        if self.fresh and not self._closed:
            return True
        with self._tickets:
            self._asked += 1
            mine = self._asked
            self._gatherer.hurry()
            while self._done < mine and not self._closed:
                left = end - time.monotonic()
                if left <= 0 or not self._tickets.wait(left):
                    return False
            return None if self._closed else self._well

    def _version_changed(self) -> bool:
        """Return whether another process has written the index; by other settings, perhaps."""
        try:
            return bool(self._version) and self._reader_version() != self._version
        except CodesearchError:
            return True

    def _reader_version(self) -> tuple[int, ...]:
        with self._tickets:
            return self._reader.version()

    def wake(self) -> None:
        """Have the thread look at `stop`."""
        self._gatherer.hurry()

    # -- the thread's -----------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the index until `stop` is set or the settings may have changed. Raises RootGoneError."""
        self._watcher.start()
        self._warm()
        try:
            while not self._stop.is_set():
                self._publish_state()
                asked = self._asked
                if asked != self._done:
                    self._gatherer.hurry()
                waiting = asked != self._done or self._unfinished
                batch = self._watcher.next(0.0 if waiting else TICK)
                if self._stop.is_set():
                    return
                if batch is not None and (batch.settings or batch.whole) and not self._same_settings():
                    return
                if batch is None and self._unfinished:
                    batch = Batch(whole=True)
                if batch is not None:
                    self._publish(fresh=False, pending=len(batch.paths))
                    self._take(batch)
                if not self._unfinished:
                    self._answer(asked)
                if batch is None:
                    self._pools.tidy()
                    process.state.release(MODEL_IDLE)
                    self._on_tick()
                    if self._version_changed():
                        self._gatherer.add_batch(Batch(whole=True))
                    elif self.fresh and asked == self._asked:
                        self._fill()
        finally:
            with self._tickets:
                self._closed = True
                self._tickets.notify_all()
            self._watcher.close()
            self._index.close()
            self._reader.close()

    def _answer(self, asked: int) -> None:
        with self._tickets:
            if asked != self._done:
                self._done = asked
                self._tickets.notify_all()

    def _publish_state(self) -> None:
        watcher = self._watcher
        self._publish(
            role="keeper",
            watching="polling" if watcher.polling else "events",
            why=watcher.why,
            fresh=self.fresh,
            pending=self.pending,
            generation=self.generation,
            updating=None,
        )

    def _take(self, batch: Batch) -> None:
        """Bring a batch into the index; what cannot be done now is put back."""
        try:
            if batch.folders:
                self._watcher.refresh(rules=True)
            report = self._update(batch)
            self._after(batch, report)
            self._well = True
            self._retry = RETRY_SHORTEST
            self._publish(problem="")
        except RootGoneError:
            self._gatherer.add_batch(batch)
            raise
        except IndexBusyError as error:
            self._later(batch, str(error), 0.0)  # it has waited for the lock already
        except Exception as error:  # noqa: BLE001 -- told as the problem, and tried again: no update may be lost
            known = isinstance(error, (CodesearchError, OSError))
            self._later(batch, str(error) if known else repr(error), self._retry)
            self._retry = min(2 * self._retry, RETRY_LONGEST)
        finally:
            self._gatherer.done()

    def _later(self, batch: Batch, problem: str, wait: float) -> None:
        self._well = False
        self._gatherer.add_batch(batch)
        self._publish(problem=problem, fresh=False, updating=None)
        self._answer(self._asked)
        if not self._index.root.is_dir():
            raise RootGoneError(f"{self._index.root} is not there")
        self._stop.wait(wait)

    def _update(self, batch: Batch) -> Report:
        self._still_ours()
        whole = batch.whole
        rebuild, self._rebuild = self._rebuild and whole, False if whole else self._rebuild
        started = shown = time.monotonic()

        def should_stop() -> bool:
            if self._stop.is_set():
                return True
            due = self._gatherer.due() if whole and time.monotonic() - started > AT_LEAST else None
            return due == 0.0

        def progress(now: Progress) -> None:
            nonlocal shown
            moment = time.monotonic()
            if moment - shown >= PROGRESS_EVERY:
                shown = moment
                self._publish(updating=now, ready=True)

        if not whole:
            self._warm()  # starts while git lists the paths
        try:
            report = self._index.update(
                rebuild=rebuild,
                lock_timeout=2.0,
                on_progress=progress,
                paths=None if whole else batch.paths,
                should_stop=should_stop,
                pools=self._pools,
            )
        except BaseException:
            self._rebuild = self._rebuild or rebuild
            raise
        if whole:
            self._unfinished = report.left > 0
            if not report.changed:
                self._watcher.looked(time.monotonic() - started)
        return report

    def _fill(self) -> None:
        """Have the second stage's model embed what it has not seen, for as long as nothing else is to be done."""
        if self._index.settings.embed != "full" or not self._index.reranker.enabled or self._filled == self._version:
            return
        end = time.monotonic() + FILL_SECONDS

        def should_stop() -> bool:
            busy = not self._gatherer.empty or self._asked != self._done
            return busy or self._stop.is_set() or time.monotonic() > end

        try:
            report = self._index.embed_all(
                on_progress=lambda now: self._publish(embedding=now), should_stop=should_stop
            )
        except Exception as error:  # noqa: BLE001 -- told as the problem; the fast ranking goes on without
            self._filled = self._version
            self._publish(problem=f"the vectors of the second stage cannot be made: {error}")
        else:
            if not should_stop():
                self._filled = self._version  # all that can be read as it was indexed
            if report.embedded or report.cached:
                now = BackfillProgress(report.done, report.total, report.embedded, report.seconds, report.cached)
                self._publish(embedding=now)
        finally:
            if self._filled == self._version or self._stop.is_set():
                self._publish(embedding=None)

    def _warm(self) -> None:
        self._pools.warm(setup_of(self._index.root, self._index.settings))

    def _after(self, batch: Batch, report: Report) -> None:
        changed = bool(report.changed or report.deleted)
        if batch.whole and changed and not self._watcher.polling:
            # Tracked files in ignored folders: only the list of files knows of them.
            self._watcher.refresh(path.rpartition("/")[0] for path in self._index.paths())
        self._version = self._reader_version()
        if changed:
            self.generation += 1
            self._publish(last=report)
        self._publish(ready=bool(self._version), generation=self.generation)


def facts(name: str, root: Path) -> dict[str, Any]:
    """Return what a keeper writes of itself into its lock."""
    import os

    return {"pid": os.getpid(), "name": name, "root": str(root), "started": time.time()}
