"""A pool of open indexes, for queries that arrive at the same time."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from codesearch.core import cancellation
from codesearch.core.errors import NotFoundError
from codesearch.index import Index
from codesearch.settings import Settings

MOST_READERS = 8
"""Indexes kept open."""


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
        self._idle: queue.LifoQueue[Index] = queue.LifoQueue(MOST_READERS)
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
        try:
            index = self._idle.get_nowait()
        except queue.Empty:
            index = self.open()
        try:
            yield index
        finally:
            try:
                if index.settings is not self._settings or self._closed:
                    index.close()
                else:
                    self._idle.put_nowait(index)
            except queue.Full:
                index.close()

    def close(self) -> None:
        """Close the idle indexes now, and the others when they come back."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while not self._idle.empty():
            with suppress(queue.Empty):
                self._idle.get_nowait().close()
