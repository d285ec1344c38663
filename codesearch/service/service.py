"""A root's warm index, one object a process: answers questions, and keeps itself fresh unless another process does."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from codesearch._version import __version__
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.core.types import Answer, Symbol
from codesearch.index import Index, Status, open_index
from codesearch.indexing.pool import WarmPools
from codesearch.indexing.update import Progress
from codesearch.rerank import process
from codesearch.rerank.job import UNLIMITED, RerankBudget
from codesearch.search import Query
from codesearch.service import client, protocol
from codesearch.service.election import holder, keeper_lock
from codesearch.service.endpoint import EndpointError
from codesearch.service.maintainer import MODEL_IDLE, Maintainer, facts
from codesearch.service.server import Server
from codesearch.service.state import State
from codesearch.settings import Settings
from codesearch.store import location
from codesearch.watch.watcher import RootGoneError

READER_TICK = 0.5
"""Seconds between two looks of a reader at whether the index has changed and whether its keeper is gone."""
WRITER_TIMEOUT = 2.0
"""Seconds that a reader waits for the writer's state."""
GRACE = 60.0
"""Seconds a root may be gone (unmounted, being cloned again) before the service ends."""
PATIENCE = 5.0
"""Seconds from the loss of the index's folder until it is made again."""
MOST_READERS = 8
"""Open index files kept for questions that come at the same time."""


class Service:
    """A warm, fresh index. Thread-safe. `start` it, or use it as a context manager."""

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, object] | None = None,
        *,
        name: str = "codesearch",
        poll: bool = False,
        serve: bool = True,
        grace: float = GRACE,
    ) -> None:
        """Serve the tree at `root`; `settings` override those of files and environment.

        `name` says to people who keeps the index, `poll` does without file system events, `serve` opens the local
        socket, `grace` is how many seconds the root may be gone. Raises NotFoundError, UsageError.
        """
        self._overrides = dict(settings or {})
        self._misread = ""  # what is wrong with the settings as they are now; stays told while updates succeed
        index = open_index(root, **self._overrides)
        self.root = index.root
        self.index_path = index.path
        self._settings = index.settings
        self._name, self._poll, self._serve, self._grace = name, poll, serve, grace
        self._patience = min(PATIENCE, grace)
        self._state = State()
        self._state_lock = threading.RLock()
        self._callbacks: dict[int, Callable[[State], None]] = {}
        self._readers: queue.LifoQueue[Index] = queue.LifoQueue(MOST_READERS)
        self._lock = keeper_lock(self.index_path)
        self._pools = WarmPools()
        self._keeper: Maintainer | None = None
        self._server: Server | None = None
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codesearch-service", daemon=True)

    # -- life -------------------------------------------------------------------------------------

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin, in a thread of its own; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, the workers and the socket."""
        self._stop.set()
        if (keeper := self._keeper) is not None:
            keeper.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self._close_readers()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the service has ended by itself or by a request to stop; False if it still runs."""
        return self._ended.wait(timeout)

    @property
    def settings(self) -> Settings:
        """The settings as they are in force now."""
        return self._settings

    def status(self) -> State:
        """Return how it stands; costs nothing."""
        with self._state_lock:
            return self._state

    def subscribe(self, callback: Callable[[State], None]) -> Callable[[], None]:
        """Have `callback` called with every new state, in a thread of the service; return what ends that."""
        with self._state_lock:
            number = max(self._callbacks, default=0) + 1
            self._callbacks[number] = callback

        def unsubscribe() -> None:
            with self._state_lock:
                self._callbacks.pop(number, None)

        return unsubscribe

    def _publish(self, **changes: Any) -> None:
        if changes.get("problem") == "":
            changes["problem"] = self._misread
        with self._state_lock:
            state = replace(self._state, **changes)
            if state == self._state:
                return
            self._state = state
            callbacks = tuple(self._callbacks.items())
        for number, callback in callbacks:
            self._tell(number, callback, state)

    def _tell(self, number: int, callback: Callable[[State], None], state: State) -> None:
        try:
            callback(state)
        except Exception as error:  # noqa: BLE001 -- a listener's fault must not end the service
            self._callbacks.pop(number, None)
            self._publish(problem=f"a listener failed and is told no more: {error!r}")

    # -- questions --------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Index]:
        """Lend an index for reading; one for each that asks at the same time."""
        try:
            index = self._readers.get_nowait()
        except queue.Empty:
            index = self._index()
        try:
            yield index
        finally:
            try:
                if index.settings is not self._settings or self._ended.is_set():
                    index.close()
                else:
                    self._readers.put_nowait(index)
            except queue.Full:
                index.close()

    def _index(self) -> Index:
        """Open the index anew. Raises NotFoundError while the root is gone: it would be looked for elsewhere."""
        index = Index(self.root, self._settings)
        if index.path != self.index_path:
            raise NotFoundError(f"{self.root} is not there")
        return index

    def _close_readers(self) -> None:
        while not self._readers.empty():
            with suppress(queue.Empty):
                self._readers.get_nowait().close()

    def query(
        self,
        text: str | Query,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        on_first: Callable[[Answer], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> Answer:
        """Answer as `Index.query`, from the index as it is now."""
        with self.reading() as index:
            return index.query(text, limit=limit, where=where, on_first=on_first, budget=budget)

    def similar(self, path: str, line: int, *, limit: int | None = None, where: Filter | None = None) -> Answer:
        """Answer as `Index.similar`, from the index as it is now."""
        with self.reading() as index:
            return index.similar(path, line, limit=limit, where=where)

    def symbol_at(self, path: str, line: int) -> Symbol:
        """Answer as `Index.symbol_at`, from the index as it is now."""
        with self.reading() as index:
            return index.symbol_at(path, line)

    def symbols_named(self, name: str, *, limit: int = 50) -> list[Symbol]:
        """Answer as `Index.symbols_named`, from the index as it is now."""
        with self.reading() as index:
            return index.symbols_named(name, limit=limit)

    def symbols(self, where: Filter | None = None, *, limit: int = -1) -> list[Symbol]:
        """Return what `Index.symbols` yields, from the index as it is now."""
        with self.reading() as index:
            return list(index.symbols(where, limit=limit))

    def source(
        self, symbol: Symbol, *, context: int = 0, head: int | None = None, whole: bool = False
    ) -> tuple[int, list[str]]:
        """Answer as `Index.source`."""
        with self.reading() as index:
            return index.source(symbol, context=context, head=head, whole=whole)

    def index_status(self) -> Status:
        """Answer as `Index.status`: compares with the tree."""
        with self.reading() as index:
            return index.status()

    # -- freshness --------------------------------------------------------------------------------

    def refresh(self, paths: Iterable[str] | None = None, *, timeout: float | None = None) -> bool:
        """Wait until everything on disk at this moment can be found; False if it cannot be in `timeout` seconds.

        `paths` (files or folders below the root) restrict it to these; `timeout` is `settings.update_budget` unless
        given.
        """
        end = time.monotonic() + (self._settings.update_budget if timeout is None else timeout)
        wanted = None if paths is None else list(paths)
        while not self._stop.is_set():
            if (keeper := self._keeper) is not None:
                if (fresh := keeper.refresh(wanted, end)) is not None:
                    return fresh
                self._stop.wait(0.01)
            elif self._settled.wait(min(0.05, max(0.0, end - time.monotonic()))) and self._keeper is None:
                return self._refresh_as_reader(wanted, end)
            if time.monotonic() >= end:
                return False
        return False

    def _refresh_as_reader(self, paths: list[str] | None, end: float) -> bool:
        left = max(0.0, end - time.monotonic())
        answer = client.call(self.index_path, "refresh", left + 0.5, paths=paths, budget=left, settings=self._key())
        if answer is not None and answer.get("settings") == self._key():
            return bool(answer.get("fresh"))
        with self._index() as index:
            try:
                report = index.update(
                    paths=paths, lock_timeout=left, should_stop=lambda: time.monotonic() > end, pools=self._pools
                )
            except (CodesearchError, OSError) as error:
                self._publish(problem=str(error))
                return False
        return not report.left

    def changed(self, paths: Iterable[str]) -> None:
        """Take a hint that files or folders may have changed; they are looked at soon."""
        if (keeper := self._keeper) is not None:
            keeper.changed(paths)

    def rebuild(self) -> None:
        """Have the index made anew, in the background. Raises UsageError where another process keeps it."""
        keeper = self._keeper
        if keeper is None:
            raise UsageError(f"process {self.status().keeper_pid} keeps this index; it has to be asked, or stopped")
        keeper.rebuild()

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and (self.root.is_dir() or self._root_returns()):
                self._keep_or_read()
        finally:
            self._pools.close()
            self._ended.set()
            self._publish(role="ended", fresh=False, updating=None)

    def _keep_or_read(self) -> None:
        try:
            if self._becomes_keeper():
                self._keep()
            else:
                self._read()
        except Exception as error:  # noqa: BLE001 -- told to whoever asks, and tried again
            self._publish(problem=str(error) if isinstance(error, CodesearchError) else repr(error))
            self._stop.wait(READER_TICK)

    def _becomes_keeper(self) -> bool:
        location.prepare(self.index_path)
        return self._lock.acquire(facts(self._name, self.root))

    def _root_returns(self) -> bool:
        """Wait for a root that is gone; False if it stays away."""
        self._publish(fresh=False, ready=False, updating=None, problem=f"{self.root} is not there")
        end = time.monotonic() + self._grace
        while not self._stop.wait(min(1.0, self._grace / 10)):
            if self.root.is_dir():
                return True
            if time.monotonic() > end:
                return False
        return False

    def _keep(self) -> None:
        self._publish(keeper_pid=os.getpid(), problem="")
        try:
            if self._serve:
                self._open_server()
            while not self._stop.is_set() and self._lock.valid() and self.root.is_dir():
                self._keep_once()
        except RootGoneError as error:
            self._publish(role="starting", fresh=False, ready=False, updating=None, problem=str(error))
            if not self._lock.valid():
                # Perhaps the whole tree is being deleted: a folder made in it now would be in the way.
                self._stop.wait(self._patience)
        finally:
            self._keeper = None
            self._settled.clear()
            if self._server is not None:
                self._server.close()
                self._server = None
            self._lock.release(delete=True)

    def _keep_once(self) -> None:
        """Keep the index by the settings of this moment, until they may be others."""
        if not self._same_settings():
            self._settings = open_index(self.root, **self._overrides).settings
            self._close_readers()
        self._keeper = Maintainer(
            self._index(),
            self._index(),
            poll=self._poll,
            pools=self._pools,
            publish=self._publish,
            stop=self._stop,
            on_tick=self._tick,
            same_settings=self._same_settings,
            still_ours=self._still_ours,
            generation=self.status().generation,
        )
        self._settled.set()
        self._keeper.run()

    def _same_settings(self) -> bool:
        """Return whether the settings are what they were; a file that cannot be understood changes nothing."""
        try:
            same = open_index(self.root, **self._overrides).settings == self._settings
        except NotFoundError as error:
            raise RootGoneError(str(error)) from error
        except UsageError as error:
            self._misread = str(error)
            self._publish(problem=self._misread)
            return True
        if self._misread:
            self._misread = ""
            self._publish(problem="")
        return same

    def _open_server(self) -> None:
        try:
            self._server = Server(self.index_path, self._key, self._handle)
        except EndpointError as error:
            self._publish(problem=f"other processes cannot ask this one: {error}")

    def _still_ours(self) -> None:
        if not self._lock.valid():
            raise RootGoneError(f"the index of {self.root} was deleted")

    def _tick(self) -> None:
        self._still_ours()
        if self._server is not None and not self._server.present():
            self._server.close()
            self._server = None
            if self._runtime_gone():
                self._stop.set()
            else:
                self._open_server()

    def _runtime_gone(self) -> bool:
        """Return whether the system has taken the user's run-time folder away: the last session is over."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        return bool(runtime) and not Path(runtime).exists()

    def _read(self) -> None:
        """Leave the index to the process that keeps it, until that ends."""
        with self._index() as index:
            version = None
            self._publish(role="reader", watching="", why="", updating=None, problem="")
            self._settled.set()
            while not self._stop.wait(READER_TICK) and self.root.is_dir():
                writer = client.call(self.index_path, "status", WRITER_TIMEOUT)
                try:
                    now = index.version()  # after asking the writer: what it calls fresh is in this version
                except CodesearchError as error:
                    self._publish(problem=str(error))
                    continue
                process.state.release(MODEL_IDLE)
                pid = holder(self.index_path).get("pid", 0)
                grown = self._state.generation + (now != version)
                version = now
                self._publish(generation=grown, keeper_pid=pid, problem="", **_as_the_writer_says(writer, bool(now)))
                if self._becomes_keeper():
                    self._settled.clear()
                    return

    # -- the socket -------------------------------------------------------------------------------

    def _key(self) -> str:
        return protocol.settings_key(self._settings)

    def _handle(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method in ("query", "similar"):
            return self._answer(method, params)
        if method == "refresh":
            paths = params.get("paths")
            fresh = self.refresh(None if paths is None else [str(path) for path in paths], timeout=_budget(params))
            return {"fresh": fresh, "settings": self._key()}
        if method == "status":
            return self._facts()
        if method == "stop":
            self._stop.set()
            if (keeper := self._keeper) is not None:
                keeper.wake()
            return {"pid": os.getpid()}
        raise ValueError(f"unknown method {method!r}")

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        where = protocol.filter_from_json(params.get("only", {}))
        limit = int(params["limit"])
        fresh = bool(params.get("fresh", True)) and self.refresh(timeout=_budget(params))
        with self.reading() as index:
            if not index.current:
                raise CodesearchError("the index is being made")  # the client waits for it as it would without us
            if method == "query":
                found = index.query(str(params["text"]), limit=limit, where=where)
            else:
                found = index.similar(str(params["path"]), int(params["line"]), limit=limit, where=where)
        keeper = self._keeper
        pending = keeper.pending if keeper is not None else 0
        return {
            "hits": [protocol.hit_to_json(hit) for hit in found],
            "fresh": fresh,
            "pending": pending,
            "problem": found.problem,
            "complete": found.complete,
            "refined": found.refined,
        }

    def _facts(self) -> dict[str, Any]:
        state = self.status()
        updating, filling = state.updating, state.embedding
        return {
            **facts(self._name, self.root),
            "started": holder(self.index_path).get("started", 0.0),
            "version": __version__,
            "index": str(self.index_path),
            "watching": state.watching,
            "why": state.why,
            "ready": state.ready,
            "fresh": state.fresh,
            "pending": state.pending,
            "problem": state.problem,
            "files": None if updating is None else [updating.files, updating.files_total],
            "embedding": None if filling is None else [filling.done, filling.total],
        }


def _as_the_writer_says(writer: Mapping[str, Any] | None, exists: bool) -> dict[str, Any]:
    """Return a reader's state, from the `status` of the process that writes the index.

    A writer that does not answer (it has no socket, or is about to end) leaves only whether the index exists.
    """
    if writer is None:
        return {"ready": exists, "fresh": exists, "updating": None, "pending": 0}
    files = writer.get("files")
    updating = None
    if isinstance(files, list) and len(files) == 2 and all(isinstance(number, int) for number in files):
        updating = Progress(files[0], files[1], 0, 0, 0, 0.0)
    pending = writer.get("pending")
    return {
        "ready": exists and bool(writer.get("ready")),
        "fresh": exists and bool(writer.get("fresh")),
        "updating": updating,
        "pending": pending if isinstance(pending, int) else 0,
    }


def _budget(params: dict[str, Any]) -> float:
    return max(0.0, min(float(params.get("budget", 5.0)), 3600.0))
