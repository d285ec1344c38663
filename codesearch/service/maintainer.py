"""Keeps an index in sync with its tree: applies batches of changes and reports progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from codesearch.core import allocator, cancellation
from codesearch.core.errors import CodesearchError, IndexBusyError
from codesearch.core.log import Log
from codesearch.index import Index
from codesearch.indexing.pool import WarmPools
from codesearch.indexing.request import Progress, Report, UpdateRequest
from codesearch.indexing.update import setup_of
from codesearch.rerank.backfill import BackfillProgress, BackfillReport
from codesearch.service.restraint import EMBEDDING_ON_BATTERY, READING_ON_BATTERY, Restraint
from codesearch.watch import Batch, Watcher
from codesearch.watch.watcher import TICK, RootGoneError, inside

CANCEL_SECONDS = 0.1
"""Seconds between two checks whether what waits for an update was cancelled."""
FLUSH_TIMEOUT = 0.5
"""Seconds to wait for events that are on their way."""
AT_LEAST = 0.5
"""Seconds that a long update runs before a saved file may interrupt it."""
PROGRESS_EVERY = 0.1
QUESTION_SECONDS = 1.0
"""Seconds that a query about an unfinished index waits for the files that contain its words."""
BACKFILL_SECONDS = 10.0
"""Seconds of backfill at a time; in between, the watcher gets its turn."""
RETRY_SHORTEST, RETRY_LONGEST = 0.5, 30.0
"""Seconds between attempts to update while something prevents it."""

log = Log("codesearch.service")


class Host(Protocol):
    """What a maintainer needs of the service that runs it."""

    stop: threading.Event
    """Set when the maintainer must end."""

    def publish(self, **changes: Any) -> None:
        """Change the published state."""

    def tick(self) -> None:
        """Check between two updates that all is in place, and give unused memory back. Raises RootGoneError."""

    def same_settings(self) -> bool:
        """Return whether the settings are unchanged. Raises RootGoneError."""

    def check_owned(self) -> None:
        """Raise RootGoneError if the index was deleted."""


class Maintainer:
    """Keeps one index in sync with its tree. `run` is for one thread; the rest may be called from any."""

    def __init__(
        self,
        index: Index,
        reader: Index,
        host: Host,
        pools: WarmPools,
        restraint: Restraint,
        *,
        poll: bool,
        generation: int,
    ) -> None:
        """Write with `index`. `reader`, opened separately, notices what other processes write.

        `pools` lends the workers for saved files and for queries that wait, `restraint` those for the rest.
        """
        self._index, self._reader, self._host, self._pools = index, reader, host, pools
        self._restraint = restraint
        self._stop, self._publish = host.stop, host.publish
        self._watcher = Watcher(index.root, index.settings.file_options(), cookies=index.path.parent, poll=poll)
        self._debouncer = self._watcher.debouncer
        self._tickets = threading.Condition()
        self._asked = self._done = 0
        self._well = True
        """Whether the last batch was written."""
        self._closed = False
        self._unfinished = False
        self._for_query = False
        """Whether the last update was for a query that waits, and so may end before it has read everything."""
        self._words: tuple[str, ...] = ()
        """Of queries that wait."""
        self._rebuild = False
        self._version: tuple[int, ...] = ()
        self._backfilled: tuple[int, ...] = ()
        """The version of the index whose backfill is done, or cannot be done."""
        self._retry = RETRY_SHORTEST
        self._grown = False
        """An update of the whole tree has left memory that this process no longer needs."""
        self.generation = generation

    # -- from any thread --------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Number of paths that wait to be indexed."""
        return self._debouncer.pending

    @property
    def fresh(self) -> bool:
        """Whether everything noticed so far is in the index."""
        return self._debouncer.idle and not self._unfinished and self._well

    def changed(self, paths: Iterable[str]) -> None:
        """Check soon whether these paths have changed."""
        root = self._index.root
        self._debouncer.add(found for path in paths if (found := inside(root, path)) is not None)

    def rebuild(self) -> None:
        """Rebuild the index."""
        self._rebuild = True
        self._debouncer.add_batch(Batch(whole=True))

    def refresh(self, paths: Iterable[str] | None, end: float, words: Sequence[str] = ()) -> bool | None:
        """Wait until everything that is on disk now is in the index; False if it is not by `end` (monotonic clock).

        False, too, soon after the work of this thread was cancelled.
        If many files changed, those that promise most for the `words` of a query come first. The first pass over a tree
        takes longer: then wait only for these. None if this maintainer has ended: ask the next one.
        """
        if paths is None:
            self._watcher.flush(max(0.0, min(FLUSH_TIMEOUT, end - time.monotonic())))
            if self._version_changed():
                self._debouncer.add_batch(Batch(whole=True))
        else:
            self.changed(paths)
        if self.fresh and not self._closed:
            return True
        with self._tickets:
            self._asked += 1
            mine = self._asked
            self._words = (*self._words, *words)
            self._debouncer.hurry()
            while self._done < mine and not self._closed:
                left = end - time.monotonic()
                if left <= 0 or cancellation.is_cancelled():
                    return False
                self._tickets.wait(min(left, CANCEL_SECONDS))
            return None if self._closed else self._well and not self._unfinished

    def _version_changed(self) -> bool:
        """Return whether another process has written the index, perhaps with other settings."""
        try:
            return bool(self._version) and self._reader_version() != self._version
        except CodesearchError:
            return True

    def _first_pass_done(self) -> bool:
        """Return whether the first pass over the tree was finished, by this process or another."""
        try:
            return self._reader.complete
        except CodesearchError:
            return False

    def _reader_version(self) -> tuple[int, ...]:
        with self._tickets:
            return self._version if self._closed else self._reader.version()

    def wake(self) -> None:
        """Make the thread check `stop` now."""
        self._debouncer.hurry()

    # -- in the thread -----------------------------------------------------------------------------

    def run(self) -> None:
        """Keep the index until `stop` is set or the settings may have changed. Raises RootGoneError."""
        self._watcher.start()
        self._warm()
        try:
            while self._step():
                pass
        finally:
            with self._tickets:
                self._closed = True
                self._tickets.notify_all()
                self._reader.close()  # while no other thread reads from it
            self._watcher.close()
            self._index.close()

    def _step(self) -> bool:
        """Wait for a batch and index it, or use the idle moment; False if the maintainer must end."""
        if self._stop.is_set():
            return False
        self._publish_state()
        asked = self._asked
        if asked != self._done:
            self._debouncer.hurry()
        waiting = asked != self._done or self._unfinished
        batch = self._watcher.next(0.0 if waiting else TICK)
        if self._stop.is_set():
            return False
        if batch is not None and (batch.settings or batch.whole) and not self._host.same_settings():
            return False
        if batch is None and self._unfinished:
            batch = Batch(whole=True)
        if batch is None:
            self._answer(asked)
            self._idle(asked)
            return True
        self._publish(fresh=False, pending=len(batch.paths))
        self._take(batch)
        if not self._unfinished or self._for_query:
            self._answer(asked)
        return True

    def _idle(self, asked: int) -> None:
        """Release unused workers and memory, and backfill if there is nothing else to do."""
        self._pools.tidy()
        self._restraint.tidy()
        if self._grown:
            allocator.give_back()
            self._grown = False
        self._host.tick()
        if self._version_changed():
            self._debouncer.add_batch(Batch(whole=True))
        elif self.fresh and asked == self._asked:
            self._backfill()

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
            waiting=self._waiting(),
        )

    def _waiting(self) -> str:
        """Return what the state says about work that waits for the power supply; "" if none does."""
        if not self._index.settings.low_priority or not (self._unfinished or self._backfill_is_due()):
            return ""
        if not self._restraint.on_battery:
            return ""
        return READING_ON_BATTERY if self._unfinished else EMBEDDING_ON_BATTERY

    def _take(self, batch: Batch) -> None:
        """Bring a batch into the index; a batch that fails is put back."""
        try:
            if batch.folders:
                self._watcher.refresh(rules=True)
            report = self._update(batch)
            self._after(batch, report)
            self._well = True
            self._retry = RETRY_SHORTEST
            self._publish(problem="")
        except RootGoneError:
            self._debouncer.add_batch(batch)
            raise
        except IndexBusyError as error:
            self._later(batch, str(error), 0.0)  # the update has waited for the lock already
        except Exception as error:  # noqa: BLE001 -- shown as the problem, and tried again: no change may be lost
            known = isinstance(error, (CodesearchError, OSError))
            self._later(batch, str(error) if known else repr(error), self._retry)
            self._retry = min(2 * self._retry, RETRY_LONGEST)
        finally:
            self._debouncer.done()

    def _later(self, batch: Batch, problem: str, wait: float) -> None:
        self._well = False
        self._debouncer.add_batch(batch)
        self._publish(problem=problem, fresh=False, updating=None)
        self._answer(self._asked)
        if not self._index.root.is_dir():
            raise RootGoneError(f"{self._index.root} is not there")
        self._stop.wait(wait)

    def _is_quiet(self, complete: bool) -> bool:
        """Return whether an update of the whole tree has low priority: no query waits for it, or only for its words."""
        awaited = complete and self._asked != self._done  # in a first pass, none waits for all of it
        return self._index.settings.low_priority and not awaited

    def _has_urgent(self, seconds: float, complete: bool) -> bool:
        """Return whether an update of the whole tree that runs for so long must give way to what is more urgent."""
        if seconds > AT_LEAST:
            return bool(self._words) or self._debouncer.due() == 0.0
        return bool(self._words) and not complete

    def _update(self, batch: Batch) -> Report:
        self._host.check_owned()
        whole = batch.whole
        with self._tickets:
            words, self._words = self._words, ()
        complete = self._first_pass_done()
        self._for_query = bool(words) and not complete
        rebuild, self._rebuild = self._rebuild and whole, False if whole else self._rebuild

        quiet = whole and not words and self._is_quiet(complete)
        saving = quiet and self._restraint.on_battery
        if saving:
            self._publish(waiting=READING_ON_BATTERY)
        started = shown = time.monotonic()

        def should_stop() -> bool:
            seconds = time.monotonic() - started
            if self._stop.is_set() or (self._for_query and seconds > QUESTION_SECONDS):
                return True
            if quiet and not (self._is_quiet(complete) and saving == self._restraint.on_battery):
                return True
            return whole and self._has_urgent(seconds, complete)

        def progress(now: Progress) -> None:
            nonlocal shown
            moment = time.monotonic()
            if moment - shown >= PROGRESS_EVERY:
                shown = moment
                self._publish(updating=now, ready=True)

        if not whole:
            self._warm()  # starts a worker while git lists the paths
        try:
            report = self._index.apply(
                UpdateRequest(
                    rebuild=rebuild,
                    lock_timeout=2.0,
                    on_progress=progress,
                    paths=None if whole else tuple(batch.paths),
                    should_stop=should_stop,
                    words=words,
                    pools=self._restraint.workers if quiet else self._pools,
                )
            )
        except BaseException:
            self._rebuild = self._rebuild or rebuild
            raise
        if whole:
            self._unfinished = report.left > 0
            if not report.changed:
                self._watcher.looked(time.monotonic() - started)
        return report

    def _backfill_is_due(self) -> bool:
        settings = self._index.settings
        return settings.embed == "full" and bool(settings.second_stage) and self._backfilled != self._version

    def _backfill(self) -> None:
        """Embed new texts with the reranker while there is nothing else to do."""
        if not self._backfill_is_due():
            return
        low_priority = self._index.settings.low_priority
        if low_priority and self._restraint.on_battery:
            self._publish(embedding=None)
            return
        end = time.monotonic() + BACKFILL_SECONDS

        def should_stop() -> bool:
            busy = not self._debouncer.empty or self._asked != self._done
            saving = low_priority and self._restraint.on_battery
            return busy or saving or self._stop.is_set() or time.monotonic() > end

        def work() -> BackfillReport:
            return self._index.embed_all(on_progress=lambda now: self._publish(embedding=now), should_stop=should_stop)

        try:
            report = self._restraint.do(work) if low_priority else work()
        except Exception as error:  # noqa: BLE001 -- shown as the problem; queries keep the fast ranking
            self._backfilled = self._version
            self._publish(problem=f"the vectors of the reranker cannot be made: {error}")
        else:
            if not should_stop():
                self._backfilled = self._version  # everything that can still be read as it was indexed
            if report.embedded or report.cached:
                now = BackfillProgress(report.done, report.total, report.embedded, report.seconds, report.cached)
                self._publish(embedding=now)
        finally:
            if self._backfilled == self._version or self._stop.is_set():
                self._publish(embedding=None)

    def _warm(self) -> None:
        self._pools.warm(setup_of(self._index.root, self._index.settings))

    def _after(self, batch: Batch, report: Report) -> None:
        changed = bool(report.changed or report.deleted)
        if batch.whole and changed and not self._watcher.polling:
            # Tracked files in ignored folders: only the list of files contains them.
            self._watcher.refresh(path.rpartition("/")[0] for path in self._index.paths())
        self._version = self._reader_version()
        self._grown = self._grown or (batch.whole and changed)
        if changed:
            self.generation += 1
            self._publish(last=report)
        self._publish(ready=bool(self._version), generation=self.generation)


def facts(name: str, root: Path) -> dict[str, Any]:
    """Return the facts that a keeper writes into its lock."""
    import os

    return {"pid": os.getpid(), "name": name, "root": str(root), "started": time.time()}
