"""Backfill: embed for the reranker, in the background, what no query has needed yet.

Vectors in the user's cache, from another worktree or clone, are taken from there; the model computes the rest. No lock
is held meanwhile: the vectors of some seconds go into the index in one short transaction, so an update of the index
never waits, and a process that is killed loses no more than those.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import CodesearchError, IndexBusyError, ModelError
from codesearch.core.lock import ProcessLock
from codesearch.core.log import Log
from codesearch.core.types import Symbol
from codesearch.rerank.job import BATCH_TEXTS, Source, batches, siblings_of
from codesearch.rerank.reranker import Reranker

if TYPE_CHECKING:
    from codesearch.store import Store
    from codesearch.store.rerank_vectors import Pending

log = Log("codesearch.rerank")

KEEP_SECONDS = 2.0
"""Seconds between two writes of vectors."""
UNCANCELLABLE_BATCH = 64
"""Batch size when the run cannot be cancelled; small enough that a kill loses only seconds of work."""
READ_AT_ONCE = 256
"""Texts whose sources are read together: the symbols of a file follow one another."""
KEEP_TIMEOUT = 30.0
"""Seconds to wait for another writer before the vectors of a batch are given up."""
SHARE_TIMEOUT = 2.0
"""Seconds to wait for another process that writes the user's cache, before it does without a batch."""
POLL_SECONDS = 0.5
"""Seconds between two looks at the progress of another process that backfills the same index."""


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far a backfill is."""

    done: int
    """Symbols that have a vector."""
    total: int
    embedded: int
    """Texts embedded in this run."""
    seconds: float
    cached: int = 0
    """Texts whose vectors were in the user's cache."""

    @property
    def rate(self) -> float:
        """Texts per second in this run."""
        return (self.embedded + self.cached) / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a backfill did."""

    done: int
    """Symbols that have a vector now."""
    total: int
    embedded: int
    """Texts embedded in this run."""
    seconds: float
    left: int
    """Texts without a vector: their files have changed since they were indexed, or the run was ended early."""
    cached: int = 0
    """Texts whose vectors were in the user's cache."""
    problem: str = ""
    """Why the user's cache of vectors could not be used; "" if it was, or was not needed."""


@dataclass(slots=True)
class _Batch:
    """Vectors by content: those just computed, and those found in the user's cache."""

    made: dict[bytes, bytes] = field(default_factory=dict)
    shared: dict[bytes, bytes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.made or self.shared)


def backfill(
    reranker: Reranker,
    store: Store,
    index: Path,
    *,
    on_progress: Callable[[BackfillProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> BackfillReport:
    """Embed every text in `store` (open for reading) that has no vector; return when it is done.

    `should_stop` is called every few texts, which costs a seventh of the time; if it returns True, the run ends early.
    While another process backfills the same index, this one reports its progress and waits.
    Raises ModelError if the model is a service that may not get the code of this tree, and whatever it fails with.
    """
    if reason := reranker.refusal:
        raise ModelError(reason)
    return _Run(reranker, store, index, on_progress, should_stop).run()


class _Run:
    """One backfill."""

    def __init__(
        self,
        reranker: Reranker,
        store: Store,
        index: Path,
        on_progress: Callable[[BackfillProgress], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._reranker, self._store, self._index = reranker, store, index
        self._on_progress = on_progress
        self._should_stop = should_stop or (lambda: False)
        self._batch_size = BATCH_TEXTS if should_stop else UNCANCELLABLE_BATCH
        if (remote := reranker.remote) is not None:
            self._batch_size = remote.batch  # a request for a few texts takes about as long
        self._vectors = store.model_vectors(reranker.model_id)
        self._started = time.monotonic()
        self._embedded = self._cached = 0
        self._problem = ""

    def run(self) -> BackfillReport:
        with _alone(self._index, self._waiting_stopped) as alone:
            self._report()
            while alone and not self._should_stop():
                before = self._embedded + self._cached
                for batch in self._batches(self._vectors.pending()):
                    self._keep(batch)
                if self._embedded + self._cached == before:
                    break  # the files of all that is left have changed since they were indexed
            if alone:
                _drop_unused(self._reranker, self._index)
        now = self._report()
        log.info(
            "backfill: %d texts embedded, %d from the user's cache, in %.1f s", now.embedded, now.cached, now.seconds
        )
        left = len(self._vectors.pending())
        return BackfillReport(now.done, now.total, now.embedded, now.seconds, left, now.cached, self._problem)

    def _report(self) -> BackfillProgress:
        done, total = self._vectors.coverage()
        seconds = time.monotonic() - self._started
        now = BackfillProgress(done, total, self._embedded, seconds, self._cached)
        if self._on_progress is not None:
            self._on_progress(now)
        return now

    def _waiting_stopped(self) -> bool:
        """Report the progress of the other process; return whether to stop waiting for it."""
        self._report()
        return self._should_stop()

    def _keep(self, batch: _Batch) -> None:
        """Write a batch, to the user's cache first: an index can be filled again from there."""
        self._embedded += len(batch.made)
        self._cached += len(batch.shared)
        self._problem = self._reranker.share(batch.made, patience=SHARE_TIMEOUT) or self._problem
        if not self._reranker.keep(batch.made | batch.shared, {}, timeout=KEEP_TIMEOUT):
            raise IndexBusyError(
                f"{self._index}: the vectors cannot be written; another process may be writing for long"
            )
        self._report()

    def _batches(self, pending: Sequence[Pending]) -> Iterator[_Batch]:
        """Yield the pending vectors every KEEP_SECONDS; at the end, or when stopped, the rest."""
        batch = _Batch()
        since = time.monotonic()
        for shared, texts in self._texts(pending):
            batch.shared.update(shared)
            for some in batches(texts, self._batch_size):
                if self._should_stop():
                    break
                try:
                    batch.made.update(self._reranker.embed_patiently(some, self._should_stop))
                except CodesearchError:
                    if batch:
                        yield batch  # a service may have been paid for them
                    raise
                if batch and time.monotonic() - since >= KEEP_SECONDS:
                    yield batch
                    batch, since = _Batch(), time.monotonic()
            if self._should_stop():
                break
            if batch and time.monotonic() - since >= KEEP_SECONDS:
                yield batch
                batch, since = _Batch(), time.monotonic()
        if batch:
            yield batch

    def _texts(self, pending: Sequence[Pending]) -> Iterator[tuple[dict[bytes, bytes], dict[bytes, str]]]:
        """Yield (vectors from the user's cache, texts to embed) of what is pending, READ_AT_ONCE at a time.

        Texts that a query has embedded meanwhile are left out.
        """
        rest = iter(pending)
        while some := list(islice(rest, READ_AT_ONCE)):
            with self._store.snapshot():
                known = self._vectors.of_contents(item.content for item in some)
                some = [item for item in some if item.content not in known]
                shared, problem = self._reranker.shared(item.content for item in some)
                self._problem = problem or self._problem
                some = [item for item in some if item.content not in shared]
                sources = list(sources_of(self._store, some))
            yield shared, dict(self._reranker.texts(sources))


def sources_of(store: Store, pending: Sequence[Pending]) -> Iterator[Source]:
    """Yield where the texts of some contents come from."""
    symbols = store.symbols(item.symbol for item in pending)
    files: dict[str, Sequence[Symbol]] = {}
    for item in pending:
        if item.symbol in symbols:
            symbol = symbols[item.symbol].symbol
            yield Source(item.content, symbol, siblings_of(store, item.symbol, symbol, files), item.file)


@contextmanager
def _alone(index: Path, should_stop: Callable[[], bool]) -> Iterator[bool]:
    """Wait until no other process backfills this index; yield False if `should_stop` returns True before that."""
    lock = ProcessLock(Path(f"{index}.fill"))
    while True:
        if not lock.acquire():
            if should_stop():
                yield False
                return
            time.sleep(POLL_SECONDS)
            continue
        try:
            yield True
        finally:
            lock.release()
        return


def _drop_unused(reranker: Reranker, index: Path) -> None:
    """Delete vectors of texts that the index no longer holds, unless another process is writing."""
    from codesearch.store import Store, location

    try:
        with location.writer_lock(index, timeout=0.0), Store(index, writable=True) as store:
            store.model_vectors(reranker.model_id).drop_outgrown()
    except IndexBusyError:
        return  # the next run does it
