"""The index of one folder, kept up to date by a thread; answers come from what is there meanwhile."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch.errors import CodesearchError
from codesearch.index import Index, open_index

if TYPE_CHECKING:
    from codesearch.indexer import Progress
    from codesearch.settings import Settings

T = TypeVar("T")
logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.2
"""Changes are looked at after this much quiet, so that a `git switch` is one update."""


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with an index; the names are those of `codesearch.service.State`."""

    ready: bool = False
    """The index can answer (maybe an older state of the tree)."""
    fresh: bool = False
    """Everything noticed so far is in the index."""
    updating: Progress | None = None
    generation: int = 0
    """Grows whenever the content of the index changed."""
    problem: str = ""


class _Cancelled(Exception):
    """Raised out of an update that is not wanted any more."""


class Engine:
    """Reads with one index and updates with another, in a thread. All methods may be called from any thread."""

    def __init__(self, root: Path, settings: Mapping[str, object] | None = None) -> None:
        """Open the index of a folder. Raises NotFoundError and UsageError as `open_index` does."""
        given: dict[str, Any] = dict(settings or {})
        self._index = open_index(root, **given)
        if not self._index.settings.workers and "workers" not in given:
            # One core is for the person at the keyboard.
            given["workers"] = max(1, (os.cpu_count() or 2) - 1)
        self._given = given
        self._reading = threading.Lock()
        self._wake = threading.Condition()
        self._wanted: str | None = None
        self._begun = self._done = 0
        self._closed = False
        self._cancelled = threading.Event()
        self._state = State(ready=self._index.path.exists())
        self._callbacks: list[Callable[[State], None]] = []
        self._thread = threading.Thread(target=self._run, name=f"index {root.name}", daemon=True)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._index.settings

    @property
    def index_path(self) -> Path:
        """The index file."""
        return self._index.path

    def start(self) -> None:
        """Begin to bring the index up to date."""
        self.ensure_started()
        self.changed(())

    def ensure_started(self) -> None:
        """Start the thread, but let it wait for something to do."""
        with self._wake:
            if self._thread.ident is None and not self._closed:
                self._thread.start()

    def close(self) -> None:
        """End the update under way and close the index."""
        with self._wake:
            self._closed = True
            self._cancelled.set()
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(5)
        with self._reading:
            self._index.close()

    def read(self, work: Callable[[Index], T]) -> T:
        """Run `work` with the index for reading; one at a time."""
        with self._reading:
            return work(self._index)

    def changed(self, paths: Iterable[str]) -> None:
        """Have a look at the tree soon."""
        self._want("update")

    def refresh(self, paths: Iterable[str] | None = None, *, timeout: float = 60.0) -> bool:
        """Return when all that is on disk now is searchable; False if not within `timeout` seconds."""
        with self._wake:
            wanted = self._begun + 1
            self._wanted = self._wanted or "update"
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._done >= wanted or self._closed, timeout)
            return self._done >= wanted

    def rebuild(self) -> None:
        """Start the index anew, in the background."""
        self._want("rebuild")

    def cancel(self) -> None:
        """End the update under way; what is indexed stays."""
        self._cancelled.set()

    def status(self) -> State:
        """Return how it stands; costs nothing."""
        return self._state

    def subscribe(self, callback: Callable[[State], None]) -> None:
        """Have `callback` called, in a thread, at every change of state."""
        self._callbacks.append(callback)

    def _want(self, what: str) -> None:
        with self._wake:
            if self._wanted != "rebuild":
                self._wanted = what
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._wanted is None and not self._closed:
                    self._wake.wait()
                if not self._closed and self._state.generation:
                    self._wake.wait(QUIET_SECONDS)
                if self._closed:
                    return
                wanted, self._wanted = self._wanted, None
                self._begun += 1
                self._cancelled.clear()
            self._update(rebuild=wanted == "rebuild")
            with self._wake:
                self._done = self._begun
                self._wake.notify_all()

    def _update(self, *, rebuild: bool) -> None:
        def progress(done: Progress) -> None:
            if self._cancelled.is_set():
                raise _Cancelled
            self._tell(updating=done, ready=True)

        problem = ""
        changed = False
        self._tell(fresh=False)
        try:
            with open_index(self._index.root, **self._given) as index:
                report = index.update(rebuild=rebuild, progress=progress)
            changed = bool(report.changed or report.deleted)
        except _Cancelled:
            problem = "cancelled"
        except CodesearchError as error:
            problem = str(error)
        except Exception as error:  # recorded, shown to the client; the server goes on
            logger.exception("indexing %s failed", self._index.root)
            problem = f"{type(error).__name__}: {error}"
        generation = self._state.generation + (changed or bool(problem) or not self._state.generation)
        ready = self._index.path.exists()
        self._tell(updating=None, fresh=not problem, problem=problem, generation=generation, ready=ready)

    def _tell(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        for callback in self._callbacks:
            callback(self._state)
