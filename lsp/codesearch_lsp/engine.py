"""The warm index of one folder: the library's service, which here can be stopped and started again."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from codesearch import Settings, open_index
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.service import Service, State

if TYPE_CHECKING:
    from codesearch import Index

__all__ = ["Engine", "State"]

T = TypeVar("T")

START_SECONDS = 30.0
"""How long a service may take to find out whether it writes its index."""
REFRESH_SECONDS = 3600.0
NAME = "language server"


class Engine:
    """The index of one folder. All methods may be called from any thread."""

    def __init__(self, root: Path, settings: Mapping[str, object] | None = None) -> None:
        """Open the index of a folder. Raises NotFoundError and UsageError as `open_index` does."""
        self._root, self._given = root, dict(settings or {})
        self._callbacks: list[Callable[[State], None]] = []
        self._lock = threading.Lock()
        self._started = False
        self.cancelled = False
        """Indexing was cancelled; it begins again when the user asks for it."""
        self._service = self._new_service()
        self._services = 1
        self._check_model()

    @property
    def generation(self) -> tuple[int, int]:
        """A value that changes whenever the content of the index has changed."""
        return self._services, self._service.status().generation

    def _new_service(self) -> Service:
        # Without a limit of time for a root that is away: disks and network mounts come back.
        return Service(self._root, self._given, name=NAME, grace=math.inf)

    def _check_model(self) -> None:
        """Raise UsageError if there is no such reranker: otherwise each query would say so."""
        if self.settings.model != Settings().model:  # the default exists
            with self._service.reading() as index:
                try:
                    index.check_model()
                except NotFoundError as error:
                    raise UsageError(str(error)) from error

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._service.settings

    @property
    def index_path(self) -> Path:
        """The index file."""
        return self._service.index_path

    def start(self) -> None:
        """Begin to update the index and to follow changes; has no effect while that runs already.

        Blocks while `cancel` runs. Raises NotFoundError if the root does not exist.
        """
        with self._lock:
            if self._started and self._service.status().role == "ended":  # another process asked it to stop
                self._replace_service()
                self._started = False
            if not self._started:
                self._service.start()
                self._started = True
                self.cancelled = False

    def _replace_service(self) -> None:
        self._service = self._new_service()
        self._services += 1
        for callback in self._callbacks:
            self._service.subscribe(callback)

    def close(self) -> None:
        """End the update that is running, and release everything."""
        self._service.close()

    def read(self, work: Callable[[Index], T]) -> T:
        """Run `work` with an index opened for reading."""
        with self._service.reading() as index:
            return work(index)

    def opened(self) -> Index:
        """Return an index of its own, for work that also keeps something in it."""
        return open_index(self._root, **self._given)

    def changed(self, paths: Iterable[str]) -> None:
        """Check these files for changes soon."""
        self._service.changed(paths)

    def refresh(self, paths: Iterable[str] | None = None, *, timeout: float = REFRESH_SECONDS) -> bool:
        """Wait until everything on disk is searchable. False after `timeout` seconds, or if indexing was cancelled."""
        return self._started and self._service.refresh(paths, timeout=timeout)

    def rebuild(self) -> None:
        """Rebuild the index in the background. Raises CodesearchError if another process writes it."""
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
        # The maintainer, which rebuilds, may start a moment after the state changes.
        service.refresh((), timeout=START_SECONDS)
        service.rebuild()

    def cancel(self) -> None:
        """Stop indexing; the index remains searchable. Blocks until the workers have ended."""
        with self._lock:
            if not self._started:
                return
            self._started, self.cancelled = False, True
            # Before another one starts: it would mistake this one for another process and only read.
            self._service.close()
            try:
                self._replace_service()
            except CodesearchError:  # the root is away: the closed service still answers
                return
            finally:
                for callback in self._callbacks:
                    callback(self.status())

    def status(self) -> State:
        """Return the state. Costs nothing."""
        return self._service.status()

    def subscribe(self, callback: Callable[[State], None]) -> None:
        """Call `callback`, in a thread, at every change of state."""
        self._callbacks.append(callback)
        self._service.subscribe(callback)
