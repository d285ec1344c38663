"""The folders of one client, and the threads that work for them. Runs in the event loop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codesearch.service import unsaved
from codesearch_lsp import uris
from codesearch_lsp.buffers import Buffers
from codesearch_lsp.documents import Document, Homes
from codesearch_lsp.engine import State
from codesearch_lsp.folders import Folder
from codesearch_lsp.options import Options

logger = logging.getLogger(__name__)

QUERY_THREADS = 2
"""Two, so that the next query need not wait for the rest of a cancelled one."""
SURVEY_THREADS = 1
"""For work that reads all of a folder, while queries are answered."""
WORK_THREADS = 32
"""For short work: starting, closing and counting. Work that waits for an index has its own threads."""
MISSING_SECONDS = 2.0
"""How often a root that did not exist is looked for."""


class Workspace:
    """The folders to search, and the open buffers."""

    def __init__(self, options: Options, encoding: str, on_state: Callable[[Folder, State], None]) -> None:
        """`on_state` is called, in the event loop, at every change of a folder's index."""
        self.options = options
        self.encoding = encoding
        self.on_state = on_state
        self.folders: list[Folder] = []
        self.loose = Folder("", "", None)
        """The files that are in no folder."""
        self.buffers = Buffers(options, encoding, self.homes)
        self.queries = ThreadPoolExecutor(QUERY_THREADS, "query")
        self.surveys = ThreadPoolExecutor(SURVEY_THREADS, "survey")
        self._work = ThreadPoolExecutor(WORK_THREADS, "work")
        self._started = False
        self._missing: asyncio.TimerHandle | None = None

    # -- folders ----------------------------------------------------------------------------------

    def all_folders(self) -> list[Folder]:
        """Return the folders, and the one for files in none of them."""
        return [*self.folders, self.loose]

    def add_folder(self, uri: str, name: str, *, implicit: bool = False) -> Folder | None:
        """Open a folder. None if it is open already, or is not a folder of files."""
        path = uris.to_path(uri)
        if path is None:
            logger.warning("not a folder of files: %s", uri)
            return None
        if self._open_at(path) is not None:
            return None
        folder = Folder(uri, name or Path(path).name, path, self.options.settings)
        folder.implicit = implicit
        self._adopt(folder)
        self.folders.append(folder)
        self.buffers.rehome()
        return folder

    def remove_folder(self, uri: str) -> Folder | None:
        """Close a folder; return it if it was open."""
        folder = self.folder_named(uri)
        if folder is not None:
            self.folders.remove(folder)
            self.buffers.rehome()
            self.submit(folder.close)
        return folder

    def folder_named(self, uri: str) -> Folder | None:
        """Return the open folder with a URI, or the one that its links lead to."""
        path = uris.to_path(uri)
        return None if path is None else self._open_at(path)

    def _open_at(self, path: str) -> Folder | None:
        wanted = uris.key(path)
        found = [one for one in self.folders if one.root is not None and uris.key(one.root) == wanted]
        if not found:
            real = uris.key(os.path.realpath(path))
            found = [one for one in self.folders if one.real_root is not None and uris.key(one.real_root) == real]
        return found[0] if found else None

    def replace(self, folder: Folder) -> Folder:
        """Open a folder again with the current options; return the folder in its place.

        A folder that answers is kept if its new settings cannot be used; its `problem` then says why.
        """
        fresh = Folder(folder.uri, folder.name, folder.root, self.options.settings)
        if fresh.engine is None and folder.engine is not None and not fresh.missing:
            end = "" if fresh.problem.endswith(("?", ".")) else "."
            folder.problem = f"{fresh.problem}{end} The previous settings stay in force"
            return folder
        fresh.implicit = folder.implicit
        fresh.counts = folder.counts
        self.folders[self.folders.index(folder)] = fresh
        self._adopt(fresh, after=folder)
        self.buffers.rehome()
        return fresh

    def _adopt(self, folder: Folder, after: Folder | None = None) -> None:
        """Follow a folder that is new here, and index it; `after` is the one it replaces."""
        loop = asyncio.get_running_loop()

        def report(state: State) -> None:
            try:
                loop.call_soon_threadsafe(self.on_state, folder, state)
            except RuntimeError:
                return  # the server has ended

        if folder.engine is not None:
            folder.engine.subscribe(report)
        if self._started:
            self._start(folder, after)
        elif after is not None:
            self.submit(after.close)

    def start(self) -> None:
        """Begin to index."""
        self._started = self.buffers.indexing = True
        for folder in self.folders:
            self._start(folder)

    def _start(self, folder: Folder, after: Folder | None = None) -> None:
        engine = folder.engine
        if engine is None:
            if after is not None:
                self.submit(after.close)
            self._look_for_missing()
            return
        wanted = self.options.index_on_start
        if folder.too_broad():
            wanted = False
            folder.note = f"{folder.root} is not indexed unasked: it may contain everything. Reindex it to do so"
        elif not wanted and not engine.index_path.exists():
            folder.note = "not indexed yet (indexOnStart is off)"

        def start() -> None:
            if after is not None:
                after.close()  # first: the new service would mistake the old one for another process, and only read
            if wanted:
                engine.start()
            folder.count()

        self.submit(start)

    def _look_for_missing(self) -> None:
        """Open folders whose root did not exist once it does, as with disks and network mounts."""
        if self._missing is None and any(one.missing for one in self.folders):
            self._missing = asyncio.get_running_loop().call_later(MISSING_SECONDS, self._check_missing)

    def _check_missing(self) -> None:
        loop = asyncio.get_running_loop()
        missing = [one for one in self.folders if one.missing and one.root is not None]

        def check() -> None:
            back = [one for one in missing if not one.is_away()]
            loop.call_soon_threadsafe(self._reopen_missing, back)

        self.submit(check)

    def _reopen_missing(self, back: list[Folder]) -> None:
        self._missing = None
        for folder in back:
            if folder in self.folders:
                self.on_state(self.replace(folder), State())
        self._look_for_missing()

    # -- documents --------------------------------------------------------------------------------

    def homes(self, uri: str) -> Homes:
        """Return the folders that contain a document, the innermost first, each with the document's path in it.

        Paths are compared as they are written, and with all links resolved.
        """
        path = uris.to_path(uri)
        if path is None:
            return ((self.loose, uri.partition(":")[2].lstrip("/") or uri),)
        real = os.path.realpath(path)
        found = []
        for folder in self.folders:
            if folder.root is None or folder.real_root is None:
                continue
            # First where links lead: the index names files by that, and does not follow links inside a folder.
            inner = uris.below(folder.real_root, real) or uris.below(folder.root, path)
            if inner:
                found.append((folder, inner))
        found.sort(key=lambda home: len(home[1]))
        return tuple(found) or ((self.loose, path.replace("\\", "/")),)

    def place(self, uri: str) -> tuple[Folder, str]:
        """Return the innermost folder that contains a document, and the document's path in it."""
        return self.homes(uri)[0]

    def open(self, uri: str, language_id: str, version: int, text: str) -> Document:
        """Open a document, and the repository around it if it is in no folder."""
        self._open_repository(uri)
        return self.buffers.open(uri, language_id, version, text)

    def _open_repository(self, uri: str) -> None:
        path = uris.to_path(uri)
        if path is None or self.place(uri)[0] is not self.loose:
            return
        root = unsaved.repository_of(Path(path))
        if root is not None:
            self.add_folder(uris.from_path(str(root)), root.name, implicit=True)

    def source(self, folder: Folder, path: str) -> bytes | None:
        """Return a file's text as it is extracted: the buffer's if it is open. May be called from any thread."""
        document = self.buffers.at(folder, path)
        if document is not None:
            return document.data()
        full = path if folder.root is None else f"{folder.root}/{path}"
        return unsaved.text_of(full, folder.settings)

    def uri(self, folder: Folder, path: str) -> str:
        """Return the URI of a file, as the client writes it if it is open. May be called from any thread."""
        document = self.buffers.at(folder, path)
        if document is not None:
            return document.uri
        return uris.from_path(path if folder.root is None else f"{folder.root}/{path}")

    # -- all of it --------------------------------------------------------------------------------

    def reconfigure(self, options: Options) -> None:
        """Use new options."""
        old, self.options = self.options, options
        self.buffers.options = options
        if old.settings != options.settings:
            for folder in list(self.folders):
                self.replace(folder)
        if old.unsaved != options.unsaved:
            self.buffers.schedule_all()

    def submit(self, work: Callable[[], object]) -> None:
        """Run something short in a thread, and log its failure."""

        def run() -> None:
            try:
                work()
            except Exception:  # logged
                logger.exception("%r failed", work)

        try:
            self._work.submit(run)
        except RuntimeError:
            logger.info("not done, because the server is ending: %r", work)

    def shutdown(self) -> None:
        """Stop all work. Blocks until it has stopped, a few seconds at most."""
        if self._missing is not None:
            self._missing.cancel()
        for pool in (self.queries, self.surveys, self._work):
            pool.shutdown(wait=False, cancel_futures=True)
        self.buffers.shutdown()
        for folder in self.all_folders():
            folder.close()
