"""Indexing requested or cancelled by the client, and progress of all indexing. Runs in the event loop."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from codesearch import Progress as IndexProgress
from codesearch.core.errors import CodesearchError
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.engine import Engine, State
from codesearch_lsp.folders import Folder, readable
from codesearch_lsp.progress import ProgressBar, Token
from codesearch_lsp.protocol import Protocol
from codesearch_lsp.status import CANCELLED
from codesearch_lsp.workspace import Workspace

logger = logging.getLogger(__name__)

THREADS = 64
"""Folders that are reindexed at the same time: each one waits in a thread of its own."""


@dataclass(slots=True, eq=False)
class _Run:
    """One run of reindexing a folder; it serves all requests that came before it began."""

    rebuild: bool = False
    cancelled: bool = False
    bars: list[ProgressBar] = field(default_factory=list)
    """The bars of clients that gave a token."""


class Indexing:
    """Starts, cancels and shows the indexing of a workspace's folders."""

    def __init__(self, workspace: Workspace, protocol: Protocol, client: object) -> None:
        """`client`: its capabilities."""
        self._workspace = workspace
        self._protocol = protocol
        self._client = client
        self._threads = ThreadPoolExecutor(THREADS, "reindex")
        self._running: dict[Folder, _Run] = {}
        self._queued: dict[Folder, _Run] = {}
        self._bars: dict[Folder, ProgressBar] = {}
        """The progress bars of indexing that the client did not request."""
        self._finished: list[tuple[Folder, list[ProgressBar], str]] = []
        """Bars of runs that have ended while the folder's state still says that it is updating."""

    def reindex(self, folder: Folder, rebuild: bool, token: Token | None) -> None:
        """Update a folder's index because the client asks for it; `rebuild` starts from nothing."""
        folder.note = ""
        run = self._queued.setdefault(folder, _Run())
        run.rebuild = run.rebuild or rebuild
        if token is not None:
            run.bars.append(ProgressBar(self._protocol, f"Indexing {folder.name}", token))
        if folder not in self._running:
            self._begin(folder)

    def _begin(self, folder: Folder) -> None:
        run = self._queued.pop(folder, None)
        engine = folder.engine
        if run is None or engine is None:
            return
        self._running[folder] = run
        future = asyncio.get_running_loop().run_in_executor(self._threads, _reindex, engine, run)
        future.add_done_callback(lambda done: self._done(folder, run, done))

    def _done(self, folder: Folder, run: _Run, future: asyncio.Future[None]) -> None:
        self._running.pop(folder, None)
        error = None if future.cancelled() else future.exception()
        message = folder.state().problem
        if error is not None:
            message = readable(error) if isinstance(error, CodesearchError) else repr(error)
            self._protocol.show_message(2, message)
            logger.error("%s: %s", folder.uri, message)
        self._finished.append((folder, run.bars, message))
        self._end_finished()
        self._begin(folder)

    def _end_finished(self) -> None:
        waiting = []
        for folder, bars, message in self._finished:
            if folder.state().updating is not None and folder in self._workspace.folders:
                waiting.append((folder, bars, message))
            else:
                _end(bars, message)
        self._finished = waiting

    def cancel(self, token: Token) -> None:
        """Stop the running and queued indexing of a progress token."""
        for folder in self._workspace.folders:
            if folder.engine is not None and token in [bar.token for bar in self._all_bars(folder)]:
                folder.note = CANCELLED
                runs = [run for runs in (self._queued, self._running) if (run := runs.get(folder)) is not None]
                for run in runs:
                    run.cancelled = True
                self._end_bars(folder, "cancelled")
                self._queued.pop(folder, None)
                self._workspace.submit(folder.engine.cancel)

    def _all_bars(self, folder: Folder) -> list[ProgressBar]:
        bars = [self._bars[folder]] if folder in self._bars else []
        for runs in (self._queued, self._running):
            bars += runs[folder].bars if folder in runs else []
        return bars + [bar for one, bars, _ in self._finished for bar in bars if one is folder]

    def _end_bars(self, folder: Folder, message: str) -> None:
        _end(self._all_bars(folder), message)
        self._bars.pop(folder, None)
        self._finished = [one for one in self._finished if one[0] is not folder]
        for runs in (self._queued, self._running):
            if folder in runs:
                runs[folder].bars.clear()

    def forget(self, folder: Folder) -> None:
        """End the progress display of a folder that was closed."""
        self._end_bars(folder, "closed")
        self._queued.pop(folder, None)

    def on_state(self, folder: Folder, state: State) -> None:
        """Show a change of a folder's index."""
        cancelled = folder.engine is not None and folder.engine.cancelled
        if state.updating is not None and not folder.note:
            self._report(folder, state.updating)
        elif folder in self._bars and (state.fresh or state.problem or cancelled):
            self._bars.pop(folder).end(state.problem)
        self._end_finished()

    def _report(self, folder: Folder, done: IndexProgress) -> None:
        bars = self._all_bars(folder)
        if not bars and lookup(self._client, "window.workDoneProgress"):
            bars = [ProgressBar(self._protocol, f"Indexing {folder.name}")]
            self._bars[folder] = bars[0]
        for bar in bars:
            bar.report(done)

    def shutdown(self) -> None:
        """Stop accepting work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _reindex(engine: Engine, run: _Run) -> None:
    """Wait, in a thread, until an index is updated, or rebuilt, or the run is cancelled."""
    if run.cancelled:
        return
    engine.start()
    if run.cancelled:
        engine.cancel()
        return
    try:
        if run.rebuild:
            engine.rebuild()
        engine.refresh()
    except CodesearchError:
        if not run.cancelled:
            raise


def _end(bars: list[ProgressBar], message: str) -> None:
    for bar in bars:
        bar.end(message)
