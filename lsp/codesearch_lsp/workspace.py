"""The folders and open buffers of one client, and the threads that work for them. Lives in the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from codesearch.core.errors import CodesearchError
from codesearch.index import enclosing_root
from codesearch.indexing.buffer_worker import Buffer, BufferReader
from codesearch.store.location import FILE, FOLDER
from codesearch_lsp import uris
from codesearch_lsp.documents import Document, identity, same_as_file
from codesearch_lsp.engine import State
from codesearch_lsp.folders import Folder
from codesearch_lsp.options import Options
from codesearch_lsp.positions import Text

T = TypeVar("T")
logger = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0
"""The longest a question waits for a buffer that is being read."""
SAVE_SECONDS = 120.0
"""The longest a saved buffer answers for its file while the index takes the file in."""


class Workspace:
    """What there is to search."""

    def __init__(self, options: Options, encoding: str, on_state: Callable[[Folder, State], None]) -> None:
        """`on_state` hears, in the event loop, of every change of a folder's index."""
        self.options = options
        self.encoding = encoding
        self.on_state = on_state
        self.folders: list[Folder] = []
        self.documents: dict[str, Document] = {}
        self.loose = Folder("", "", None)
        """The files that are in no folder."""
        self.queries = ThreadPoolExecutor(2, "query")
        """Two: the next question need not wait for the rest of one that was given up."""
        self._buffers = ThreadPoolExecutor(1, "buffers")
        self._slow = ThreadPoolExecutor(2, "slow")
        self._reader = BufferReader()
        self._dropping: set[Any] = set()
        """Buffers that are being forgotten: futures."""
        self._started = False

    # -- folders ----------------------------------------------------------------------------------

    def all_folders(self) -> list[Folder]:
        """Return the folders and what is in none of them."""
        return [*self.folders, self.loose]

    def add_folder(self, uri: str, name: str, *, implicit: bool = False, after: Folder | None = None) -> Folder | None:
        """Open a folder; None if it is no folder of files, or open already. `after`: the one it replaces."""
        path = uris.to_path(uri)
        if path is None:
            logger.warning("not a folder of files: %s", uri)
            return None
        if any(one.root is not None and uris.key(one.root) == uris.key(path) for one in self.folders):
            return None
        folder = Folder(uri, name or Path(path).name, path, self.options.settings)
        folder.implicit = implicit
        self.folders.append(folder)
        if folder.engine is not None:
            loop = asyncio.get_running_loop()

            def tell(state: State) -> None:
                try:
                    loop.call_soon_threadsafe(self.on_state, folder, state)
                except RuntimeError:
                    return  # the server has ended

            folder.engine.subscribe(tell)
            if self._started:
                self._start(folder, after)
        self._rehome()
        return folder

    def remove_folder(self, uri: str) -> Folder | None:
        """Close a folder; return it if it was open."""
        wanted = identity(uri)
        folder = next((one for one in self.folders if one.root is not None and uris.key(one.root) == wanted), None)
        if folder is not None:
            self.folders.remove(folder)
            self._rehome()
            self._slow.submit(folder.close)
        return folder

    def folder_named(self, uri: str) -> Folder | None:
        """Return the open folder of a URI."""
        wanted = identity(uri)
        return next((one for one in self.folders if one.root is not None and uris.key(one.root) == wanted), None)

    def start(self) -> None:
        """Begin to index."""
        self._started = True
        for folder in self.folders:
            self._start(folder)

    def _start(self, folder: Folder, after: Folder | None = None) -> None:
        engine = folder.engine
        if engine is None:
            return

        def start() -> None:
            if after is not None:
                after.close()  # one process keeps an index, once
            engine.start()

        if folder.too_broad():
            folder.note = (
                f"{folder.root} is not indexed unasked, since it may hold everything: ask for it to be reindexed"
            )
        elif self.options.index_on_start:
            self.submit(start)
        else:
            folder.note = "" if engine.index_path.exists() else "not indexed yet (indexOnStart is off)"
        self.submit(folder.count)

    def place(self, uri: str) -> tuple[Folder, str]:
        """Return the folder a document is in, and its path there; the innermost of several."""
        path = uris.to_path(uri)
        if path is None:
            return self.loose, uri.partition(":")[2].lstrip("/") or uri
        best: tuple[Folder, str] | None = None
        for folder in self.folders:
            inner = uris.below(folder.root, path) if folder.root is not None else None
            if inner is not None and (best is None or len(inner) < len(best[1])):
                best = folder, inner
        return best or (self.loose, path.replace("\\", "/"))

    def adopt(self, uri: str) -> None:
        """Open the repository around a file that is in no folder, if there is one worth it."""
        path = uris.to_path(uri)
        if path is None or self.place(uri)[0] is not self.loose:
            return
        try:
            root = enclosing_root(Path(path).parent)
            known = (root / FOLDER / FILE).exists() or (root / ".git").exists()
            broad = root == root.parent or root == Path.home()
        except (OSError, RuntimeError):
            return
        if known and not broad:
            self.add_folder(uris.from_path(str(root)), root.name, implicit=True)

    def _rehome(self) -> None:
        """Move the open buffers to the folders they are in now."""
        for document in self.documents.values():
            folder, path = self.place(document.uri)
            if folder is not document.folder:
                old, old_path = document.folder, document.path
                self._drop(old, old_path)
                document.folder, document.path = folder, path
                self.schedule(document, 0.0)

    # -- buffers ----------------------------------------------------------------------------------

    def open(self, uri: str, language_id: str, version: int, text: str) -> Document:
        """Take in a buffer that was opened."""
        self.adopt(uri)
        folder, path = self.place(uri)
        on_disk = uris.to_path(uri)
        document = Document(uri, language_id, version, Text(text), folder, path, on_disk)
        self.documents[identity(uri)] = document
        self._buffers.submit(self._reader.warm)
        self.schedule(document, 0.0)
        return document

    def change(self, uri: str, version: int, changes: list[Any]) -> None:
        """Apply the changes of a buffer."""
        document = self.documents.get(identity(uri))
        if document is None:
            logger.warning("a change of a document that is not open: %s", uri)
            return
        document.version = version
        document.generation += 1
        for change in changes:
            document.apply(change, self.encoding)
        self.schedule(document, self.options.debounce_ms / 1000)

    def save(self, uri: str) -> None:
        """Have the index take in a file that was saved; until then its buffer answers."""
        document = self.documents.get(identity(uri))
        folder, path = self.place(uri)
        if folder.engine is None:
            return
        engine = folder.engine

        def taken_in() -> None:
            engine.refresh([path], timeout=SAVE_SECONDS)
            if document is not None:
                asyncio.run_coroutine_threadsafe(self._saved(document), loop)

        loop = asyncio.get_running_loop()
        if self._started and not folder.note:  # a folder that is not indexed does not become so by a save
            self._slow.submit(taken_in)

    async def _saved(self, document: Document) -> None:
        if self.documents.get(identity(document.uri)) is document:
            self.schedule(document, 0.0)

    def close(self, uri: str) -> None:
        """Forget a buffer: its file answers for itself again."""
        document = self.documents.pop(identity(uri), None)
        if document is not None:
            if document.timer is not None:
                document.timer.cancel()
            document.generation += 1
            self._drop(document.folder, document.path)

    def _drop(self, folder: Folder, path: str) -> None:
        """Let a file answer for itself again, after the readings that are under way."""
        dropping = asyncio.get_running_loop().run_in_executor(self._buffers, folder.drop, path)
        self._dropping.add(dropping)
        dropping.add_done_callback(self._dropping.discard)

    def schedule(self, document: Document, delay: float) -> None:
        """Read a buffer after `delay` seconds without another change."""
        if document.timer is not None:
            document.timer.cancel()
        document.timer = asyncio.get_running_loop().call_later(delay, self._begin_reading, document)

    def _begin_reading(self, document: Document) -> None:
        document.timer = None
        if not self.options.unsaved and document.folder is not self.loose:
            self._drop(document.folder, document.path)
            return
        reading = asyncio.get_running_loop().run_in_executor(
            self._buffers, self._read, document, document.generation, document.folder, document.path
        )
        document.reading.add(reading)
        reading.add_done_callback(document.reading.discard)

    def _read(self, document: Document, generation: int, folder: Folder, path: str) -> None:
        """In the buffers' thread: let a buffer answer, or its file if they are the same."""
        try:
            if document.generation != generation:
                return  # newer text waits in the queue
            data = document.data()
            options = folder.file_options
            if folder.engine is not None and (
                same_as_file(document, data, options.max_file_size) or folder.leaves_out(path)
            ):
                folder.drop(path)
                return
            record = self._reader.read(Buffer(path, data, document.language(), options))
            if document.generation != generation:
                return
            if record.skipped:
                logger.info("%s: %s %s", document.uri, record.skipped, record.detail)
            folder.put(record, data)
        except CodesearchError as error:
            logger.error("%s: %s", document.uri, error)
        except Exception:  # told in the log; the saved version keeps answering
            logger.exception("%s could not be read", document.uri)

    async def settle(self) -> None:
        """Wait, but not long, until the buffers are read."""
        waiting: list[Any] = [*self._dropping]
        for document in self.documents.values():
            if document.timer is not None:
                document.timer.cancel()
                self._begin_reading(document)
            waiting += document.reading
        if waiting:
            await asyncio.wait(waiting, timeout=SETTLE_SECONDS)

    def symbols_of(self, document: Document) -> Any:
        """Return the symbols of a buffer as it is now; blocks."""
        folder = document.folder
        record = self._reader.read(Buffer(document.path, document.data(), document.language(), folder.file_options))
        return [item.symbol for item in record.symbols]

    def source(self, folder: Folder, path: str) -> bytes | None:
        """Return a file's text as extraction sees it: the buffer's if it is open. Called from threads."""
        from codesearch.files import decode
        from codesearch.files.reading import read_plain

        full = path if folder.root is None else f"{folder.root}/{path}"
        document = self.documents.get(uris.key(full)) or (
            next((one for one in list(self.documents.values()) if one.folder is folder and one.path == path), None)
            if folder.root is None
            else None
        )
        if document is not None:
            return document.data()
        try:
            decoded = decode(read_plain(full, folder.file_options.max_file_size + 1))
        except (OSError, ValueError):
            return None
        return None if isinstance(decoded, str) else decoded[0]

    def uri(self, folder: Folder, path: str) -> str:
        """Return the URI of a file, as the client writes it if it is open. Called from threads."""
        full = path if folder.root is None else f"{folder.root}/{path}"
        for document in list(self.documents.values()):
            if document.folder is folder and document.path == path:
                return document.uri
        return uris.from_path(full)

    def unsaved(self) -> list[str]:
        """Return the URIs of the buffers that answer for their files."""
        return [one.uri for one in self.documents.values() if one.path in one.folder.unsaved]

    # -- all of it --------------------------------------------------------------------------------

    def reconfigure(self, options: Options) -> None:
        """Put new options in force."""
        old, self.options = self.options, options
        if old.settings != options.settings:
            self._reopen(options.settings)
        if old.unsaved != options.unsaved:
            for document in self.documents.values():
                self.schedule(document, 0.0)

    def _reopen(self, settings: Mapping[str, Any]) -> None:
        old, self.folders = self.folders, []
        for folder in old:
            if self.add_folder(folder.uri, folder.name, implicit=folder.implicit, after=folder) is None:
                self._slow.submit(folder.close)

    def submit(self, work: Callable[[], object]) -> None:
        """Run something short in a thread, and log what goes wrong."""

        def run() -> None:
            try:
                work()
            except Exception:  # told in the log
                logger.exception("%r failed", work)

        self._slow.submit(run)

    def shutdown(self) -> None:
        """Stop all work; blocks for as long as that takes, a few seconds at most."""
        for pool in (self.queries, self._buffers, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)
        self._reader.close()
        for folder in self.all_folders():
            folder.close()
