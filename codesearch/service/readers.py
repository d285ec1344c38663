"""A pool of open indexes, for queries that arrive at the same time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from codesearch.core import allocator, cancellation
from codesearch.core.errors import NotFoundError
from codesearch.index import Index
from codesearch.rerank import process
from codesearch.settings import Settings

MOST_READERS = 8
"""Indexes kept open."""
ONE_FOR = 600.0
"""Seconds until the models and the last index that are not used are let go of."""
SEVERAL_FOR = 30.0
"""The same for further indexes: of a million functions, each takes 100 MB."""
REST = 5.0
"""Seconds after a query until the memory that it left free is given back, unless another one needs it."""


def cancellable(index: Index) -> AbstractContextManager[None]:
    """Make queries of an index in the block end soon after the work of this thread is cancelled."""
    store = index.reader()
    return nullcontext() if store is None else store.stopped_if(cancellation.current())


class Readers:
    """Lends an open index to each caller. Thread-safe."""

    def __init__(self, root: Path, path: Path, settings: Settings) -> None:
        """`path` is where the index of `root` lies by `settings`."""
        self._root, self._path = root, path
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, Index]] = deque()
        """Since when they are idle, the longest first."""
        self._used = 0.0
        """When the last query ended, if memory may have been free since; else 0."""
        self._closed = False

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    def use(self, settings: Settings) -> None:
        """Open indexes with other settings from now on."""
        self._settings = settings
        self._close_idle()

    def open(self) -> Index:
        """Open an index that the caller closes.

        Raises NotFoundError while the root is gone: its index would then be looked for elsewhere.
        """
        index = Index(self._root, self._settings)
        if index.path != self._path:
            raise NotFoundError(f"{self._root} is not there")
        return index

    @contextmanager
    def lend(self) -> Iterator[Index]:
        """Lend an index for reading."""
        with self._lock:
            index = self._idle.pop()[1] if self._idle else None
        if index is None:
            index = self.open()
        try:
            yield index
        finally:
            with self._lock:
                self._used = time.monotonic()
                usable = index.settings is self._settings and not self._closed
                kept = usable and len(self._idle) < MOST_READERS
                if kept:
                    self._idle.append((time.monotonic(), index))
            if not kept:
                index.close()

    def tidy(self) -> None:
        """Give memory back that no query has needed for some time: models, indexes, and what queries left free."""
        closed: list[Index] = []
        with self._lock:
            now = time.monotonic()
            while self._idle and now - self._idle[0][0] > (SEVERAL_FOR if len(self._idle) > 1 else ONE_FOR):
                closed.append(self._idle.popleft()[1])
            rested = self._used and now - self._used > REST
            if rested:
                self._used = 0.0
        for index in closed:
            index.close()
        if process.state.release(ONE_FOR) or closed or rested:
            allocator.give_back()

    def close(self) -> None:
        """Close the idle indexes now, and the others when they come back."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, index in idle:
            index.close()
