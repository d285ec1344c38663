"""The open buffers: notifications about them, and their symbols in the folders that contain them.

Runs in the event loop. Buffers are parsed in a process of their own, and wait for it in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from codesearch import Settings
from codesearch.core.errors import CodesearchError
from codesearch.indexing.buffer_worker import CRASHED, Buffer, BufferReader
from codesearch_lsp import uris
from codesearch_lsp.documents import Document, Homes, identity, same_as_file
from codesearch_lsp.folders import Folder
from codesearch_lsp.options import Options
from codesearch_lsp.positions import Text

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0
"""The longest that a query waits for buffers that are being read."""
SAVE_SECONDS = 120.0
"""The longest that a saved buffer answers for its file, until the index contains the saved text."""
RETRY_SECONDS = (0.5, 2.0, 8.0, 30.0)
"""When a buffer is read again that could not be read; after the last time, the next edit counts."""
SAVING_THREADS = 8
"""Threads that wait for indexes to contain saved files, one per folder."""


class Buffers:
    """The open documents of one client."""

    def __init__(self, options: Options, encoding: str, homes: Callable[[str], Homes]) -> None:
        """`homes` finds the folders that contain a document."""
        self.options = options
        self.indexing = False
        """Folders are indexed: saved files are expected in their indexes."""
        self._encoding = encoding
        self._homes = homes
        self._documents: dict[str, Document] = {}
        self._places: dict[tuple[Folder, str], Document] = {}
        self._threads = ThreadPoolExecutor(1, "buffers")
        self._saving = ThreadPoolExecutor(SAVING_THREADS, "saved")
        self._reader = BufferReader()
        self._dropping: set[Any] = set()
        """Buffers that are being forgotten: futures."""
        self._saved: dict[Folder, set[str]] = {}
        """Saved files that no thread waits for yet."""
        self._waiting: set[Folder] = set()
        """Folders with a thread that waits for saved files."""

    # -- notifications of the client --------------------------------------------------------------

    def open(self, uri: str, language_id: str, version: int, text: str) -> Document:
        """Add a buffer; it replaces one with the same URI."""
        if (old := self._documents.get(identity(uri))) is not None:
            self._forget(old)
        document = Document(uri, language_id, version, Text(text), self._homes(uri), uris.to_path(uri))
        self._documents[identity(uri)] = document
        self._places.update(dict.fromkeys(document.homes, document))
        self._threads.submit(self._reader.warm)
        self.schedule(document, 0.0)
        return document

    def change(self, uri: str, version: int, changes: Iterable[Any]) -> None:
        """Apply the changes of a buffer."""
        document = self._documents.get(identity(uri))
        if document is None:
            logger.warning("a change of a document that is not open: %s", uri)
            return
        document.version = version
        document.generation += 1
        document.failures = 0
        for change in changes:
            document.apply(change, self._encoding)
        self.schedule(document, self.options.debounce_ms / 1000)

    def save(self, uri: str) -> None:
        """Update the index for a saved file; until then, the buffer is searched instead of the file."""
        for folder, path in self._homes(uri):
            if folder.engine is not None and self.indexing and not folder.note:
                self._saved.setdefault(folder, set()).add(path)
                if folder not in self._waiting:
                    self._wait_for_index(folder)

    def _wait_for_index(self, folder: Folder) -> None:
        paths = self._saved.pop(folder, None)
        if not paths or folder.engine is None:
            self._waiting.discard(folder)
            return
        self._waiting.add(folder)
        engine = folder.engine
        loop = asyncio.get_running_loop()

        def done(future: asyncio.Future[bool]) -> None:
            if not future.cancelled() and future.exception() is not None:
                logger.warning("%s: saved files are not in the index yet: %s", folder.uri, future.exception())
            for path in paths:
                if (document := self._places.get((folder, path))) is not None:
                    self.schedule(document, 0.0)
            self._wait_for_index(folder)

        try:
            future = loop.run_in_executor(self._saving, lambda: engine.refresh(paths, timeout=SAVE_SECONDS))
        except RuntimeError:  # the server is ending
            return
        future.add_done_callback(done)

    def close(self, uri: str) -> None:
        """Forget a buffer: its file answers again."""
        document = self._documents.pop(identity(uri), None)
        if document is not None:
            self._forget(document)
            for folder, path in document.homes:
                self._drop(folder, path)
            for other in self._documents.values():
                if set(other.homes) & set(document.homes):  # the same file, open under another name
                    self._places.update(dict.fromkeys(other.homes, other))
                    self.schedule(other, 0.0)

    def _forget(self, document: Document) -> None:
        """Cancel all pending work for a buffer."""
        if document.timer is not None:
            document.timer.cancel()
            document.timer = None
        document.generation += 1
        for home in document.homes:
            if self._places.get(home) is document:
                del self._places[home]

    def rehome(self) -> None:
        """Move the buffers to the folders that contain them now."""
        for document in self._documents.values():
            homes = self._homes(document.uri)
            if homes == document.homes:
                continue
            for home in document.homes:
                if self._places.get(home) is document:
                    del self._places[home]
                if home not in homes:
                    self._drop(*home)
            document.homes = homes
            self._places.update(dict.fromkeys(homes, document))
            self.schedule(document, 0.0)

    # -- reading them -----------------------------------------------------------------------------

    def schedule(self, document: Document, delay: float) -> None:
        """Read a buffer after `delay` seconds without another change."""
        if document.timer is not None:
            document.timer.cancel()
        document.timer = asyncio.get_running_loop().call_later(delay, self._begin_reading, document)

    def schedule_all(self) -> None:
        """Read all buffers again."""
        for document in self._documents.values():
            self.schedule(document, 0.0)

    def _begin_reading(self, document: Document) -> None:
        document.timer = None
        homes = document.homes
        if not self.options.unsaved and document.folder.root is not None:
            for folder, path in homes:
                self._drop(folder, path)
            return
        generation = document.generation
        reading = self._in_thread(lambda: self._read(document, generation, homes))
        if reading is not None:
            document.reading.add(reading)
            reading.add_done_callback(document.reading.discard)
            reading.add_done_callback(lambda done: self._retry(document, generation, done))

    def _in_thread(self, work: Callable[[], object]) -> asyncio.Future[Any] | None:
        try:
            return asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError:  # the server is ending
            return None

    def _drop(self, folder: Folder, path: str) -> None:
        """Let a file answer again, after the readings that are queued."""
        dropping = self._in_thread(lambda: folder.drop(path))
        if dropping is not None:
            self._dropping.add(dropping)
            dropping.add_done_callback(self._dropping.discard)

    def _read(self, document: Document, generation: int, homes: Homes) -> bool:
        """Put a buffer's symbols into its folders, or let the file answer if the two are the same. In a thread.

        False if that failed for a reason that may pass.
        """
        try:
            data = document.data()
            for folder, path in homes:
                if document.generation != generation:
                    return True  # a newer text is in the queue
                if not self._read_into(folder, path, document, data, generation):
                    return False
            return True
        except CodesearchError as error:
            logger.error("%s: %s", document.uri, error)
        except Exception:  # logged; the saved version keeps answering
            logger.exception("%s could not be read", document.uri)
        return False

    def _read_into(self, folder: Folder, path: str, document: Document, data: bytes, generation: int) -> bool:
        settings = folder.settings
        same = same_as_file(document, data, settings)
        if folder.engine is not None and (same or folder.leaves_out(path)):
            document.differs = False
            folder.drop(path)
            return True
        record = self._reader.read(_buffer(path, data, document, settings))
        if document.generation != generation:
            return True
        if record.detail == CRASHED and document.failures < len(RETRY_SECONDS):
            return False  # until it is read again, its earlier symbols stay searchable
        if record.skipped:
            logger.info("%s: %s %s", document.uri, record.skipped, record.detail)
        document.differs = not same
        folder.put(record, data)
        return True

    def _retry(self, document: Document, generation: int, done: asyncio.Future[bool]) -> None:
        """Read a buffer again later if reading it failed: another process may have killed the reader, for example."""
        if done.cancelled() or done.result() or document.generation != generation or document.timer is not None:
            return
        if document.failures < len(RETRY_SECONDS):
            document.failures += 1
            self.schedule(document, RETRY_SECONDS[document.failures - 1])

    async def settle(self) -> None:
        """Wait, but not long, until all buffers are read."""
        waiting: list[Any] = [*self._dropping]
        for document in self._documents.values():
            if document.timer is not None:
                document.timer.cancel()
                self._begin_reading(document)
            waiting += document.reading
        if waiting:
            await asyncio.wait(waiting, timeout=SETTLE_SECONDS)

    # -- asking for them --------------------------------------------------------------------------

    def get(self, uri: str) -> Document | None:
        """Return an open document by its URI."""
        return self._documents.get(identity(uri))

    def at(self, folder: Folder, path: str) -> Document | None:
        """Return the open document at a path of a folder. May be called from any thread."""
        return self._places.get((folder, path))

    def unsaved(self) -> list[str]:
        """Return the URIs of the buffers that differ from their files and answer in their place."""
        return [
            one.uri
            for one in self._documents.values()
            if one.differs and any(path in folder.unsaved for folder, path in one.homes)
        ]

    def symbols_of(self, document: Document) -> Any:
        """Return the symbols of a buffer as it is now. Blocks: call it from a thread."""
        settings = document.folder.settings
        record = self._reader.read(_buffer(document.path, document.data(), document, settings))
        return [item.symbol for item in record.symbols]

    def shutdown(self) -> None:
        """Stop all work."""
        for pool in (self._threads, self._saving):
            pool.shutdown(wait=False, cancel_futures=True)
        self._reader.close()


def _buffer(path: str, data: bytes, document: Document, settings: Settings) -> Buffer:
    return Buffer(path, data, document.language(), settings.file_options(), settings.parse_timeout)
