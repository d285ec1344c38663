"""The warm service of one folder, as a language server needs it: it can be stopped and started again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from codesearch.core.errors import CodesearchError
from codesearch.service.service import Service
from codesearch.service.state import State

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.settings import Settings

__all__ = ["Engine", "State"]

T = TypeVar("T")

START_SECONDS = 30.0
"""How long a service may take to find out whether it keeps its index."""
REFRESH_SECONDS = 3600.0
NAME = "language server"


class Engine:
    """One folder's index. All methods may be called from any thread."""

    def __init__(self, root: Path, settings: Mapping[str, object] | None = None) -> None:
        """Open the index of a folder. Raises NotFoundError and UsageError as `open_index` does."""
        self._root, self._given = root, dict(settings or {})
        self._callbacks: list[Callable[[State], None]] = []
        self._lock = threading.Lock()
        self._started = False
        self.cancelled = False
        """Somebody ended the indexing; it begins again when it is asked for."""
        self._service = Service(root, self._given, name=NAME)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._service.settings

    @property
    def index_path(self) -> Path:
        """The index file."""
        return self._service.index_path

    def start(self) -> None:
        """Begin to bring the index up to date and to follow changes; harmless if it runs already.

        Blocks while `cancel` is under way.
        """
        with self._lock:
            if not self._started:
                self._started = True
                self.cancelled = False
                self._service.start()

    def close(self) -> None:
        """End the update under way, and give everything back."""
        self._service.close()

    def read(self, work: Callable[[Index], T]) -> T:
        """Run `work` with an index for reading."""
        with self._service.reading() as index:
            return work(index)

    def changed(self, paths: Iterable[str]) -> None:
        """Have a look at files soon."""
        self._service.changed(paths)

    def refresh(self, paths: Iterable[str] | None = None, *, timeout: float = REFRESH_SECONDS) -> bool:
        """Return when what is on disk now is searchable; False if not within `timeout` seconds."""
        return self._started and self._service.refresh(paths, timeout=timeout)

    def rebuild(self) -> None:
        """Start the index anew, in the background. Raises CodesearchError where another process keeps it."""
        known = threading.Event()
        service = self._service

        def look(state: State) -> None:
            if state.role != "starting":
                known.set()

        unsubscribe = service.subscribe(look)
        look(service.status())
        try:
            if not known.wait(START_SECONDS):
                raise CodesearchError(
                    f"{self._root}: the index cannot be rebuilt: {service.status().problem or 'busy'}"
                )
        finally:
            unsubscribe()
        # The keeper itself comes a moment after its state.
        service.refresh((), timeout=START_SECONDS)
        service.rebuild()

    def cancel(self) -> None:
        """End the update under way; what is indexed stays, and answers. Blocks until workers are gone."""
        with self._lock:
            if not self._started:
                return
            old, self._started, self.cancelled = self._service, False, True
            self._service = Service(self._root, self._given, name=NAME)
            for callback in self._callbacks:
                self._service.subscribe(callback)
            # Before another may start: it would take the old one for another process, and only read.
            old.close()
        for callback in self._callbacks:
            callback(self.status())

    def status(self) -> State:
        """Return how it stands; costs nothing."""
        return self._service.status()

    def subscribe(self, callback: Callable[[State], None]) -> None:
        """Have `callback` called, in a thread, at every change of state."""
        self._callbacks.append(callback)
        self._service.subscribe(callback)
