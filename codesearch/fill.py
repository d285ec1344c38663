"""Filling the second stage's vectors in, in the background: what no query has needed yet, the likeliest first.

Nothing is held while the model works: the vectors of some seconds go into the index in one short transaction, so that
an update of the index never waits, and a process that is killed loses no more than those.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.cascade import Cascade, Source, around, batches
from codesearch.errors import IndexBusyError
from codesearch.types import Symbol

if TYPE_CHECKING:
    from codesearch.store import Store
    from codesearch.store.model_vectors import Pending

KEEP_SECONDS = 2.0
"""Vectors are written this often."""
READ_AT_ONCE = 256
"""Texts whose sources are read together: a file's symbols follow one another."""
KEEP_TIMEOUT = 30.0
"""Seconds to wait for another writer before the vectors of a batch are given up."""
OTHERS_TICK = 0.5
"""Seconds between two looks at how far another process is that fills the same index."""


@dataclass(frozen=True, slots=True)
class FillProgress:
    """How far the vectors are."""

    done: int
    """Symbols that have theirs."""
    total: int
    embedded: int
    """Texts embedded in this run."""
    seconds: float

    @property
    def rate(self) -> float:
        """Texts a second in this run."""
        return self.embedded / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class FillReport:
    """What a run did."""

    done: int
    """Symbols that have a vector now."""
    total: int
    embedded: int
    """Texts embedded in this run."""
    seconds: float
    left: int
    """Texts without a vector: their files have changed since they were indexed, or the run was ended early."""


def fill(
    cascade: Cascade,
    store: Store,
    index: Path,
    *,
    progress: Callable[[FillProgress], None] | None = None,
    until: Callable[[], bool] = lambda: False,
) -> FillReport:
    """Embed everything that `store` (open for reading) holds and that has no vector; return when it is done.

    `until` is asked every few texts; True ends it. While another process does the same, its progress is told.
    Raises whatever the model fails with.
    """
    started = time.monotonic()
    vectors = store.model_vectors(cascade.model_id)
    embedded = 0

    def told() -> FillProgress:
        done, total = vectors.coverage()
        now = FillProgress(done, total, embedded, time.monotonic() - started)
        if progress is not None:
            progress(now)
        return now

    def given_up() -> bool:
        told()
        return until()

    with _alone(index, given_up) as alone:
        told()
        while alone and not until():
            pending = vectors.pending()
            made = 0
            for batch in _kept_batches(cascade, store, pending, until):
                embedded += len(batch)
                made += len(batch)
                if not cascade.keep(batch, {}, timeout=KEEP_TIMEOUT):
                    raise IndexBusyError(f"{index}: vectors cannot be written; another process may be writing for long")
                told()
            if made == 0:
                break  # all that is left cannot be read as it was indexed
        if alone:
            _tidy(cascade, index)
    now = told()
    return FillReport(now.done, now.total, embedded, now.seconds, len(vectors.pending()))


def _kept_batches(
    cascade: Cascade, store: Store, pending: Sequence[Pending], until: Callable[[], bool]
) -> Iterator[dict[bytes, bytes]]:
    """Yield the vectors of what is pending, those of some seconds at once; what was made when it ends, too."""
    made: dict[bytes, bytes] = {}
    since = time.monotonic()
    for texts in _texts(cascade, store, pending):
        for batch in batches(texts):
            if until():
                if made:
                    yield made
                return
            made.update(cascade.embed(batch))
            if time.monotonic() - since >= KEEP_SECONDS:
                yield made
                made, since = {}, time.monotonic()
    if made:
        yield made


def _texts(cascade: Cascade, store: Store, pending: Sequence[Pending]) -> Iterator[dict[bytes, str]]:
    """Yield the texts of what is pending, as they are needed; what a query has embedded meanwhile is left out."""
    vectors = store.model_vectors(cascade.model_id)
    rest = iter(pending)
    while some := list(islice(rest, READ_AT_ONCE)):
        with store.snapshot():
            known = vectors.of_contents(item.content for item in some)
            symbols = store.symbols(item.symbol for item in some)
            sources = []
            files: dict[str, Sequence[Symbol]] = {}
            for item in some:
                if item.content in known or item.symbol not in symbols:
                    continue
                symbol = symbols[item.symbol].symbol
                sources.append(Source(item.content, symbol, around(store, item.symbol, symbol, files), item.file))
        yield dict(cascade.texts(sources))


@contextmanager
def _alone(index: Path, given_up: Callable[[], bool]) -> Iterator[bool]:
    """Wait until no other process fills this index; False if `given_up`, asked now and then, says True before."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{index}.fill")
    while True:
        try:
            lock.acquire(timeout=0.0)
        except Timeout:
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


def _tidy(cascade: Cascade, index: Path) -> None:
    from codesearch.store import Store, location

    try:
        with location.writer_lock(index, timeout=0.0), Store(index, writable=True) as store:
            store.model_vectors(cascade.model_id).drop_outgrown()
    except IndexBusyError:
        return  # the next run does it
