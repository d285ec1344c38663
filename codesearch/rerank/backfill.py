"""Filling the second stage's vectors in, in the background: what no query has needed yet, the likeliest first.

What the user's cache has, from another worktree or clone, is taken from there; the model does the rest. Nothing is held
while it works: the vectors of some seconds go into the index in one short transaction, so that an update of the index
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

from codesearch.core.errors import IndexBusyError
from codesearch.core.lock import ProcessLock
from codesearch.core.types import Symbol
from codesearch.rerank.reranker import AT_ONCE, Reranker, Source, around, batches

if TYPE_CHECKING:
    from codesearch.store import Store
    from codesearch.store.rerank_vectors import Pending

KEEP_SECONDS = 2.0
"""Vectors are written this often."""
UNASKED = 64
"""Texts embedded at once where nobody may end it; still few enough that a slow model loses seconds to a kill."""
READ_AT_ONCE = 256
"""Texts whose sources are read together: a file's symbols follow one another."""
KEEP_TIMEOUT = 30.0
"""Seconds to wait for another writer before the vectors of a batch are given up."""
SHARE_TIMEOUT = 2.0
"""Seconds to wait for another process that writes the user's cache, before it is left without a batch."""
OTHERS_TICK = 0.5
"""Seconds between two looks at how far another process is that fills the same index."""


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How far the vectors are."""

    done: int
    """Symbols that have theirs."""
    total: int
    embedded: int
    """Texts embedded in this run."""
    seconds: float
    cached: int = 0
    """Texts whose vectors were in the user's cache."""

    @property
    def rate(self) -> float:
        """Texts a second in this run."""
        return (self.embedded + self.cached) / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a run did."""

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
    """Vectors by content: those just made, and those that another index has left in the user's cache."""

    made: dict[bytes, bytes] = field(default_factory=dict)
    shared: dict[bytes, bytes] = field(default_factory=dict)


def backfill(
    reranker: Reranker,
    store: Store,
    index: Path,
    *,
    on_progress: Callable[[BackfillProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> BackfillReport:
    """Embed everything that `store` (open for reading) holds and that has no vector; return when it is done.

    `until` is asked every few texts, which costs a seventh of the time; True ends it. While another process does the
    same, its progress is told.
    Raises whatever the model fails with.
    """
    started = time.monotonic()
    vectors = store.model_vectors(reranker.model_id)
    embedded = cached = 0
    reranker.note = ""

    def told() -> BackfillProgress:
        done, total = vectors.coverage()
        now = BackfillProgress(done, total, embedded, time.monotonic() - started, cached)
        if on_progress is not None:
            on_progress(now)
        return now

    def given_up() -> bool:
        told()
        return ended()

    ended = should_stop or (lambda: False)
    at_once = AT_ONCE if should_stop else UNASKED
    with _alone(index, given_up) as alone:
        told()
        while alone and not ended():
            pending = vectors.pending()
            before = embedded + cached
            for batch in _kept_batches(reranker, store, pending, ended, at_once):
                embedded += len(batch.made)
                cached += len(batch.shared)
                reranker.share(batch.made, patience=SHARE_TIMEOUT)
                if not reranker.keep(batch.made | batch.shared, {}, timeout=KEEP_TIMEOUT):
                    raise IndexBusyError(f"{index}: vectors cannot be written; another process may be writing for long")
                told()
            if embedded + cached == before:
                break  # all that is left cannot be read as it was indexed
        if alone:
            _tidy(reranker, index)
    now = told()
    return BackfillReport(now.done, now.total, embedded, now.seconds, len(vectors.pending()), cached, reranker.note)


def _kept_batches(
    reranker: Reranker, store: Store, pending: Sequence[Pending], should_stop: Callable[[], bool], at_once: int
) -> Iterator[_Batch]:
    """Yield the vectors of what is pending, those of some seconds at once; what there is when it ends, too."""
    batch = _Batch()
    since = time.monotonic()

    def due() -> bool:
        return bool(batch.made or batch.shared) and time.monotonic() - since >= KEEP_SECONDS

    for shared, texts in _texts(reranker, store, pending):
        batch.shared.update(shared)
        for some in batches(texts, at_once):
            if should_stop():
                break
            batch.made.update(reranker.embed(some))
            if due():
                yield batch
                batch, since = _Batch(), time.monotonic()
        if should_stop():
            break
        if due():
            yield batch
            batch, since = _Batch(), time.monotonic()
    if batch.made or batch.shared:
        yield batch


def _texts(
    reranker: Reranker, store: Store, pending: Sequence[Pending]
) -> Iterator[tuple[dict[bytes, bytes], dict[bytes, str]]]:
    """Yield (vectors of the user's cache, texts that are to be embedded) of what is pending, some at a time.

    What a query has embedded meanwhile is left out.
    """
    vectors = store.model_vectors(reranker.model_id)
    rest = iter(pending)
    while some := list(islice(rest, READ_AT_ONCE)):
        with store.snapshot():
            known = vectors.of_contents(item.content for item in some)
            shared = reranker.shared(item.content for item in some if item.content not in known)
            some = [item for item in some if item.content not in known and item.content not in shared]
            symbols = store.symbols(item.symbol for item in some)
            sources = []
            files: dict[str, Sequence[Symbol]] = {}
            for item in some:
                if item.symbol in symbols:
                    symbol = symbols[item.symbol].symbol
                    sources.append(Source(item.content, symbol, around(store, item.symbol, symbol, files), item.file))
        yield shared, dict(reranker.texts(sources))


@contextmanager
def _alone(index: Path, given_up: Callable[[], bool]) -> Iterator[bool]:
    """Wait until no other process fills this index; False if `given_up`, asked now and then, says True before."""
    lock = ProcessLock(Path(f"{index}.fill"))
    while True:
        if not lock.acquire():
            if given_up():
                yield False
                return
            time.sleep(OTHERS_TICK)
            continue
        try:
            yield True
        finally:
            lock.release()
        return


def _tidy(reranker: Reranker, index: Path) -> None:
    from codesearch.store import Store, location

    try:
        with location.writer_lock(index, timeout=0.0), Store(index, writable=True) as store:
            store.model_vectors(reranker.model_id).drop_outgrown()
    except IndexBusyError:
        return  # the next run does it
