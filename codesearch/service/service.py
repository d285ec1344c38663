"""A warm index of one root: answers queries, and keeps the index fresh unless another process does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from codesearch.core import power
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.core.types import Answer, Symbol
from codesearch.index import Index, open_index
from codesearch.indexing.pool import WarmPools
from codesearch.indexing.request import UpdateRequest
from codesearch.rerank.job import UNLIMITED, RerankBudget
from codesearch.search import Query
from codesearch.service import client, protocol
from codesearch.service.election import holder, keeper_lock
from codesearch.service.endpoint import EndpointError
from codesearch.service.maintainer import Maintainer, facts
from codesearch.service.readers import Readers
from codesearch.service.requests import Requests
from codesearch.service.restraint import Restraint
from codesearch.service.server import Server
from codesearch.service.state import State, as_the_writer_says
from codesearch.settings import Settings
from codesearch.store import location, registry
from codesearch.watch.watcher import RootGoneError

READER_TICK = 0.5
"""Seconds between two checks by a reader whether the index has changed and whether its keeper is gone."""
WRITER_TIMEOUT = 2.0
"""Seconds that a reader waits for the state of the keeper."""
QUESTION_TICK = 0.05
"""Seconds between two looks whether a question has come."""
GRACE = 60.0
"""Seconds a root may be missing (unmounted, being cloned again) before the service ends."""
PATIENCE = 5.0
"""Seconds to wait before a deleted index folder is made again."""

log = Log("codesearch.service")


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
        idle_exit: float | None = None,
        supplies: Path = power.SUPPLIES,
    ) -> None:
        """Serve the tree at `root`; `settings` override those of files and environment.

        `name`: the program that keeps the index. `poll`: use polling instead of file-system events. `serve`:
        open the local socket. `grace`: seconds that the root may be missing. `idle_exit`: end when the index is
        complete and no request came for this number of seconds. `supplies`: where Linux describes the power supplies.
        Raises NotFoundError, UsageError.
        """
        self._overrides = dict(settings or {})
        self._misread = ""  # why the current settings cannot be used; part of the state though updates succeed
        index = open_index(root, **self._overrides)
        self.root = index.root
        self.index_path = index.path
        self.name, self._poll, self._serve, self._grace = name, poll, serve, grace
        self._patience = min(PATIENCE, grace)
        self._idle_exit = idle_exit
        self._used = time.monotonic()
        self._state = State()
        self._state_lock = threading.RLock()
        self._callbacks: dict[int, Callable[[State], None]] = {}
        self._readers = Readers(self.root, self.index_path, index.settings)
        self._lock = keeper_lock(self.index_path)
        self._pools = WarmPools()
        self._restraint = Restraint(supplies)
        self._requests = Requests(self)
        self._maintainer: Maintainer | None = None
        self._server: Server | None = None
        self.stop = threading.Event()
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
        """Start the thread of the service; returns at once."""
        registry.used(self.root, self.index_path)
        self._thread.start()

    def close(self) -> None:
        """End the thread and the workers, and close the socket."""
        self.request_stop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self._readers.close()

    def request_stop(self) -> None:
        """Ask the service to end; returns at once."""
        self.stop.set()
        if (maintainer := self._maintainer) is not None:
            maintainer.wake()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the service has ended; False if it still runs after `timeout` seconds."""
        return self._ended.wait(timeout)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._readers.settings

    def settings_key(self) -> str:
        """Return the digest by which a client knows that this service answers as it would itself."""
        return protocol.settings_key(self._readers.settings)

    @property
    def pending(self) -> int:
        """Number of changed paths that are not in the index yet; 0 if another process keeps it."""
        return 0 if self._maintainer is None else self._maintainer.pending

    def status(self) -> State:
        """Return the current state; costs nothing."""
        with self._state_lock:
            return self._state

    def subscribe(self, callback: Callable[[State], None]) -> Callable[[], None]:
        """Call `callback` with every new state, in a thread of the service. Return a function that ends this."""
        with self._state_lock:
            number = max(self._callbacks, default=0) + 1
            self._callbacks[number] = callback

        def unsubscribe() -> None:
            with self._state_lock:
                self._callbacks.pop(number, None)

        return unsubscribe

    def publish(self, **changes: Any) -> None:
        """Change the state, and call the subscribers if it is another now."""
        if changes.get("problem") == "":
            changes["problem"] = self._misread
        with self._state_lock:
            state = replace(self._state, **changes)
            if state == self._state:
                return
            self._state = state
            callbacks = tuple(self._callbacks.items())
        for number, callback in callbacks:
            self._call(number, callback, state)

    def _call(self, number: int, callback: Callable[[State], None], state: State) -> None:
        try:
            callback(state)
        except Exception as error:  # noqa: BLE001 -- an error of a subscriber must not end the service
            self._callbacks.pop(number, None)
            self.publish(problem=f"a subscriber failed and was removed: {error!r}")

    # -- queries --------------------------------------------------------------------------------

    def reading(self) -> AbstractContextManager[Index]:
        """Lend an index for reading; concurrent callers get one each."""
        return self._readers.lend()

    def query(
        self,
        text: str | Query,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        on_first: Callable[[Answer], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> Answer:
        """Answer as `Index.query`, from the current index."""
        with self.reading() as index:
            return index.query(text, limit=limit, where=where, on_first=on_first, budget=budget)

    def similar(self, path: str, line: int, *, limit: int | None = None, where: Filter | None = None) -> Answer:
        """Answer as `Index.similar`, from the current index."""
        with self.reading() as index:
            return index.similar(path, line, limit=limit, where=where)

    def symbol_at(self, path: str, line: int) -> Symbol:
        """Answer as `Index.symbol_at`, from the current index."""
        with self.reading() as index:
            return index.symbol_at(path, line)

    def symbols_named(self, name: str, *, limit: int = 50) -> list[Symbol]:
        """Answer as `Index.symbols_named`, from the current index."""
        with self.reading() as index:
            return index.symbols_named(name, limit=limit)

    def symbols(self, where: Filter | None = None, *, limit: int = -1) -> list[Symbol]:
        """Return what `Index.symbols` yields, from the current index."""
        with self.reading() as index:
            return list(index.symbols(where, limit=limit))

    def source(
        self, symbol: Symbol, *, context: int = 0, head: int | None = None, whole: bool = False
    ) -> tuple[int, list[str]]:
        """Answer as `Index.source`."""
        with self.reading() as index:
            return index.source(symbol, context=context, head=head, whole=whole)

    # -- freshness --------------------------------------------------------------------------------

    def refresh(
        self, paths: Iterable[str] | None = None, *, timeout: float | None = None, words: Sequence[str] = ()
    ) -> bool:
        """Wait until everything that is on disk now can be found; False if that takes more than `timeout` seconds.

        `paths` (files or folders below the root) restrict it to these. `timeout` defaults to `settings.update_budget`.
        If there are many, those that contain the `words` of a query come first; while the first pass over the tree is
        running, it waits only for these.
        """
        end = time.monotonic() + (self._readers.settings.update_budget if timeout is None else timeout)
        wanted = None if paths is None else list(paths)
        while not self.stop.is_set():
            self._used = time.monotonic()
            if (maintainer := self._maintainer) is not None:
                if (fresh := maintainer.refresh(wanted, end, words)) is not None:
                    return fresh
                self.stop.wait(0.01)
            elif self._settled.wait(min(0.05, max(0.0, end - time.monotonic()))) and self._maintainer is None:
                return self._refresh_as_reader(wanted, end)
            if time.monotonic() >= end:
                return False
        return False

    def _refresh_as_reader(self, paths: list[str] | None, end: float) -> bool:
        left = max(0.0, end - time.monotonic())
        key = self.settings_key()
        answer = client.call(self.index_path, "refresh", left + 0.5, paths=paths, budget=left, settings=key)
        if answer is not None and answer.get("settings") == key:
            return bool(answer.get("fresh"))
        with self._readers.open() as index:
            try:
                report = index.apply(
                    UpdateRequest(
                        paths=None if paths is None else tuple(paths),
                        lock_timeout=left,
                        should_stop=lambda: time.monotonic() > end,
                        pools=self._pools,
                    )
                )
            except (CodesearchError, OSError) as error:
                self.publish(problem=str(error))
                return False
        return not report.left

    def changed(self, paths: Iterable[str]) -> None:
        """Check soon whether these files or folders have changed."""
        if (maintainer := self._maintainer) is not None:
            maintainer.changed(paths)

    def rebuild(self) -> None:
        """Rebuild the index in the background, here or in the process that keeps it.

        Raises UsageError if another process keeps it that cannot be asked: one without a socket, or an older version.
        """
        if not self.rebuild_here() and client.call(self.index_path, "rebuild") is None:
            pid = self.status().keeper_pid
            holder = f"process {pid}" if pid else "another process"
            raise UsageError(f"{holder} keeps this index: rebuild it there, or stop that process first")

    def rebuild_here(self) -> bool:
        """Rebuild the index in the background; False if another process keeps it."""
        if (maintainer := self._maintainer) is None:
            return False
        maintainer.rebuild()
        return True

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self.stop.is_set() and (self.root.is_dir() or self._root_returns()):
                self._keep_or_read()
        finally:
            self._pools.close()
            self._restraint.close()
            self._ended.set()
            self.publish(role="ended", fresh=False, updating=None)

    def _keep_or_read(self) -> None:
        try:
            if self._becomes_keeper():
                self._keep()
            else:
                self._read()
        except Exception as error:  # noqa: BLE001 -- shown as the problem, and tried again
            self.publish(problem=str(error) if isinstance(error, CodesearchError) else repr(error))
            self.stop.wait(READER_TICK)

    def _becomes_keeper(self) -> bool:
        location.prepare(self.index_path)
        if not self._lock.acquire(facts(self.name, self.root)):
            return False
        log.info("this process keeps %s", self.index_path)
        return True

    def _root_returns(self) -> bool:
        """Wait for a missing root to return; False if it does not return in time."""
        self.publish(fresh=False, ready=False, updating=None, problem=f"{self.root} is not there")
        end = time.monotonic() + self._grace
        while not self.stop.wait(min(1.0, self._grace / 10)):
            if self.root.is_dir():
                return True
            if time.monotonic() > end:
                return False
        return False

    def _keep(self) -> None:
        self.publish(keeper_pid=os.getpid(), problem="")
        try:
            if self._serve:
                self._open_server()
            while not self.stop.is_set() and self._lock.valid() and self.root.is_dir():
                self._keep_once()
        except RootGoneError as error:
            self.publish(role="starting", fresh=False, ready=False, updating=None, problem=str(error))
            if not self._lock.valid():
                self._wait_for_a_question(self._patience)
        finally:
            self._maintainer = None
            self._settled.clear()
            if self._server is not None:
                self._server.close()
                self._server = None
            self._lock.release(delete=True)

    def _wait_for_a_question(self, seconds: float) -> None:
        """Wait so long before the folder of the index is made again, unless a question comes before.

        Perhaps the whole tree is being deleted, and a folder made in it now would get in the way.
        """
        since = time.monotonic()
        while time.monotonic() < since + seconds and self._used < since and not self.stop.wait(QUESTION_TICK):
            pass

    def _keep_once(self) -> None:
        """Keep the index by the current settings until they may have changed."""
        if not self.same_settings():
            self._readers.use(open_index(self.root, **self._overrides).settings)
        self._maintainer = Maintainer(
            self._readers.open(), self._readers.open(), self, self._pools, self._restraint, poll=self._poll,
            generation=self.status().generation,
        )  # fmt: skip
        self._settled.set()
        self._maintainer.run()

    def same_settings(self) -> bool:
        """Return whether the settings are unchanged; a settings file with an error counts as unchanged."""
        try:
            same = open_index(self.root, **self._overrides).settings == self._readers.settings
        except NotFoundError as error:
            raise RootGoneError(str(error)) from error
        except UsageError as error:
            self._misread = str(error)
            self.publish(problem=self._misread)
            return True
        if self._misread:
            self._misread = ""
            self.publish(problem="")
        return same

    def _open_server(self) -> None:
        try:
            self._server = Server(self.index_path, self.settings_key, self._requests.handle)
        except EndpointError as error:
            self.publish(problem=f"other processes cannot use this one: {error}")

    def check_owned(self) -> None:
        """Raise RootGoneError if the index was deleted, and with it the lock."""
        if not self._lock.valid():
            raise RootGoneError(f"the index of {self.root} was deleted")

    def tick(self) -> None:
        """Check that the index and the socket are still there, and give memory back; called between two updates."""
        self.check_owned()
        self._readers.tidy()
        if self._idle_exit is not None and self._is_idle():
            self.request_stop()
        if self._server is not None and not self._server.present():
            self._server.close()
            self._server = None
            if self._runtime_gone():
                self.stop.set()
            else:
                self._open_server()

    def _is_idle(self) -> bool:
        """Return whether the index is fresh and no request came for `idle_exit` seconds, or none can come."""
        assert self._idle_exit is not None
        state = self.status()
        patience = 0.0 if self._serve and self._server is None else self._idle_exit
        return state.fresh and state.embedding is None and time.monotonic() - self._used > patience

    def _runtime_gone(self) -> bool:
        """Return whether the system has removed the user's run-time folder, as it does when the last session ends."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        return bool(runtime) and not Path(runtime).exists()

    def _read(self) -> None:
        """Follow the index that another process keeps, until that process ends."""
        with self._readers.open() as index:
            version = None
            self.publish(role="reader", watching="", why="", updating=None, problem="")
            self._settled.set()
            while not self.stop.wait(READER_TICK) and self.root.is_dir():
                writer = client.call(self.index_path, "status", WRITER_TIMEOUT)
                try:  # after asking the keeper, so that this version includes everything it calls fresh
                    now = index.version()
                    finished = index.complete
                except CodesearchError as error:
                    self.publish(problem=str(error))
                    continue
                self._readers.tidy()
                pid = holder(self.index_path).get("pid", 0)
                grown = self._state.generation + (now != version)
                version = now
                said = as_the_writer_says(writer, bool(now), finished)
                self.publish(generation=grown, keeper_pid=pid, problem="", **said)
                if self._becomes_keeper():
                    self._settled.clear()
                    return
