"""The server: one client from `initialize` to `exit`. It receives messages and leaves the work to the handlers."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import ChainMap
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer

from codesearch._version import __version__
from codesearch.core.errors import CodesearchError
from codesearch_lsp import uris
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.engine import State
from codesearch_lsp.folders import Folder, readable
from codesearch_lsp.handlers_calls import CallHandlers
from codesearch_lsp.handlers_lines import LineHandlers
from codesearch_lsp.handlers_own import OwnHandlers
from codesearch_lsp.handlers_standard import StandardHandlers
from codesearch_lsp.handlers_surveys import SurveyHandlers
from codesearch_lsp.indexing import Indexing
from codesearch_lsp.options import ParsedOptions, read
from codesearch_lsp.parent import alive
from codesearch_lsp.protocol import PARSE_ERROR, Protocol
from codesearch_lsp.pygls_compat import converter
from codesearch_lsp.repositories import RepositoryQueries
from codesearch_lsp.session import Session
from codesearch_lsp.status import folder_status
from codesearch_lsp.stream import MalformedMessage, MessageReader, MessageWriter
from codesearch_lsp.workspace import Workspace

logger = logging.getLogger(__name__)

WAITING_MESSAGES = 2000
"""Messages that are read before earlier ones are handled; then the client has to wait."""
PARENT_SECONDS = 2.0
"""How often the server checks that the client's process exists."""
STATUS_SECONDS = 0.25
"""Least time between two codesearch/statusChanged."""
COUNT_SECONDS = 1.0
"""Least time between two counts of files and symbols while a folder is being indexed."""
CONFIGURATION_SECONDS = 2.0
"""How long indexing waits for a client that is asked for its settings."""
OWN_FOLDERS = ("/.codesearch/", "/.git/", "/.hg/", "/.svn/")
"""Changes in these folders are not changes of source files."""


class Server(LanguageServer):
    """One client, from the answer to `initialize` on."""

    protocol: Protocol

    def __init__(self, params: dict[str, Any], given: ParsedOptions, encoding: str, writer: MessageWriter) -> None:
        """Continue after `initialize` was answered: its parameters, the options in them, and the position encoding."""
        super().__init__("codesearch", __version__, protocol_cls=Protocol, converter_factory=lambda: converter)
        self.client: object = params.get("capabilities")
        self._params = params
        self._given = given
        self._folders = Workspace(given.options, encoding, self._on_state)
        self._indexing = Indexing(self._folders, self.protocol, self.client)
        self._status_due = False
        self._watching = False
        """The client reports changed files."""
        self._ended: asyncio.Future[int]
        self.protocol.connect(writer.send_text)
        repositories = RepositoryQueries(self._folders)
        session = Session(self._folders, self.client, self.protocol, repositories, self._indexing.reindex)
        surveys = SurveyHandlers(session)
        own = OwnHandlers(session, surveys.commands())
        others = (StandardHandlers(session), CallHandlers(session), LineHandlers(session), surveys, own)
        self.protocol.handle(dict(ChainMap(self._methods(), *(one.methods() for one in others))))

    def _methods(self) -> dict[str, Callable[..., Any]]:
        return {
            types.INITIALIZE: self._on_initialize,
            types.INITIALIZED: self._on_initialized,
            types.SHUTDOWN: self._on_shutdown,
            types.EXIT: self._on_exit,
            types.SET_TRACE: self._on_set_trace,
            types.TEXT_DOCUMENT_DID_OPEN: self._on_open,
            types.TEXT_DOCUMENT_DID_CHANGE: self._on_change,
            types.TEXT_DOCUMENT_DID_SAVE: self._on_save,
            types.TEXT_DOCUMENT_DID_CLOSE: self._on_close,
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES: self._on_watched,
            types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: self._on_folders,
            types.WORKSPACE_DID_CHANGE_CONFIGURATION: self._on_configuration,
            types.WINDOW_WORK_DONE_PROGRESS_CANCEL: self._on_progress_cancel,
        }

    # -- the loop ---------------------------------------------------------------------------------

    def run(self, reader: MessageReader, leaving: Callable[[int], object]) -> int:
        """Serve until the client leaves, call `leaving` with the exit status, clean up, and return the status."""
        return asyncio.run(self._run(reader, leaving))

    async def _run(self, reader: MessageReader, leaving: Callable[[int], object]) -> int:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._report(self._given)
        for uri, name in roots(self._params):
            self._folders.add_folder(uri, name)
        threading.Thread(target=self._read, args=(reader, loop), name="reader", daemon=True).start()
        parent = self._params.get("processId")
        if isinstance(parent, int) and not isinstance(parent, bool) and parent > 0:
            threading.Thread(target=self._watch_parent, args=(parent, loop), name="parent", daemon=True).start()
        try:
            status = await self._ended
            leaving(status)
            return status
        finally:
            self._indexing.shutdown()
            await loop.run_in_executor(None, self._folders.shutdown)

    def _read(self, reader: MessageReader, loop: asyncio.AbstractEventLoop) -> None:
        room = threading.Semaphore(WAITING_MESSAGES)

        def handle(message: object) -> None:
            room.release()
            if not self._ended.done():
                self._receive(message)

        try:
            while True:
                message = reader.next()
                room.acquire()
                loop.call_soon_threadsafe(handle, message)
        except RuntimeError:
            return  # the loop has ended
        except EOFError:
            logger.info("the client closed the stream")
        except OSError as error:
            logger.info("the client's stream broke: %s", error)
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._on_lost)

    def _receive(self, message: object) -> None:
        if isinstance(message, MalformedMessage):
            logger.warning("skipped %s", message.reason)
            self.protocol.respond_error(None, PARSE_ERROR, message.reason)
        else:
            self.protocol.receive(message)

    def _end(self, status: int) -> None:
        if not self._ended.done():
            self._ended.set_result(status)

    def _on_lost(self) -> None:
        """End because the client is gone: an error, unless it sent `shutdown` before."""
        self._end(0 if self.protocol.shut_down else 1)

    def _watch_parent(self, pid: int, loop: asyncio.AbstractEventLoop) -> None:
        waiting = threading.Event()
        while alive(pid):
            waiting.wait(PARENT_SECONDS)
        logger.warning("the client, process %d, has ended", pid)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._on_lost)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what pygls could not handle. The client gets the error response already; a message would repeat it."""
        if not isinstance(error, JsonRpcException):
            logger.error("%s", error)

    # -- options ----------------------------------------------------------------------------------

    def _report(self, given: ParsedOptions) -> None:
        for problem in given.problems:
            self.protocol.notify_client("window/showMessage", {"type": 2, "message": problem})
        for unknown in given.unknown:
            logger.warning("%s", unknown)

    def _apply(self, raw: object) -> None:
        given = read(raw, self._folders.options)
        before = {folder.problem for folder in self._folders.folders}
        self._report(given)
        self._folders.reconfigure(given.options)
        self._report_folders(before)
        self._status_changed()

    def _report_folders(self, known: Collection[str] = ()) -> None:
        for problem in dict.fromkeys(folder.problem for folder in self._folders.folders):
            if problem and problem not in known:
                self.protocol.show_message(2, problem)

    async def _pull_configuration(self) -> None:
        items = {"items": [{"section": "codesearch"}]}
        try:
            answer = await self.protocol.ask_client("workspace/configuration", items, CONFIGURATION_SECONDS)
        except JsonRpcException as error:
            logger.info("no configuration from the client: %s", error)
            return
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            self._apply(answer[0])

    async def _on_configuration(self, params: Any) -> None:
        settings = params.settings
        if isinstance(settings, dict) and settings:
            self._apply(settings)
        elif lookup(self.client, "workspace.configuration"):
            await self._pull_configuration()

    # -- life -------------------------------------------------------------------------------------

    def _on_initialize(self, _params: Any) -> None:
        raise JsonRpcInvalidRequest("the server is initialized already")

    async def _on_initialized(self, _params: Any) -> None:
        self._report_folders()
        if lookup(self.client, "workspace.configuration"):
            await self._pull_configuration()
        if lookup(self.client, "workspace.didChangeConfiguration.dynamicRegistration"):
            await self._register("workspace/didChangeConfiguration", {"section": "codesearch"})
        self._folders.start()

    async def _register(self, method: str, options: dict[str, Any]) -> None:
        registrations = [{"id": f"codesearch:{method}", "method": method, "registerOptions": options}]
        try:
            await self.protocol.ask_client(
                "client/registerCapability", {"registrations": registrations}, CONFIGURATION_SECONDS
            )
        except JsonRpcException as error:
            logger.info("the client does not register %s: %s", method, error)

    def _watch_through_client(self) -> None:
        """Ask the client to report changed files: the file system of a folder does not report them to this server."""
        dynamic = lookup(self.client, "workspace.didChangeWatchedFiles.dynamicRegistration")
        if dynamic and self._folders.options.watch and not self._watching:
            self._watching = True
            watchers = {"watchers": [{"globPattern": "**/*"}]}
            self._registration = asyncio.ensure_future(self._register("workspace/didChangeWatchedFiles", watchers))

    def _on_shutdown(self, _params: Any) -> None:
        self.protocol.shut_down = True
        for folder in self._folders.folders:
            if folder.engine is not None:
                self._folders.submit(folder.engine.cancel)

    def _on_exit(self, _params: Any) -> None:
        self._end(0 if self.protocol.shut_down else 1)

    def _on_set_trace(self, _params: Any) -> None:
        """Do nothing: the server sends no `$/logTrace`."""

    # -- documents and folders --------------------------------------------------------------------

    def _on_open(self, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        self._folders.open(document.uri, str(document.language_id), document.version, document.text)

    def _on_change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        self._folders.buffers.change(document.uri, document.version, params.content_changes)

    def _on_save(self, params: types.DidSaveTextDocumentParams) -> None:
        self._folders.buffers.save(params.text_document.uri)

    def _on_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._folders.buffers.close(params.text_document.uri)

    def _on_watched(self, params: types.DidChangeWatchedFilesParams) -> None:
        changed: dict[Folder, list[str]] = {}
        for event in params.changes:
            if uris.to_path(event.uri) is None:
                continue
            for folder, inner in self._folders.homes(event.uri):
                if folder.engine is not None and not any(own in f"/{inner}/" for own in OWN_FOLDERS):
                    changed.setdefault(folder, []).append(inner)
        for folder, paths in changed.items():
            if folder.engine is not None and not folder.note:
                folder.engine.changed(paths)

    def _on_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        known = {folder.problem for folder in self._folders.folders}
        for gone in params.event.removed:
            if (folder := self._folders.remove_folder(gone.uri)) is not None:
                self._indexing.forget(folder)
        for added in params.event.added:
            self._folders.add_folder(added.uri, added.name)
        self._report_folders(known)
        self._status_changed()

    # -- indexing ---------------------------------------------------------------------------------

    def _on_state(self, folder: Folder, state: State) -> None:
        if folder not in self._folders.folders:
            return
        self._indexing.on_state(folder, state)
        if state.problem and state.updating is None:
            logger.error("%s: %s", folder.uri, state.problem)
        if state.watching == "polling":
            self._watch_through_client()
        due = time.monotonic() - folder.counted_at > COUNT_SECONDS
        if folder.counts_are_old or (due and (state.fresh or state.updating is not None)):
            folder.counted_at = time.monotonic()
            self._folders.submit(lambda: self._count(folder))
        if not folder.counts_are_old:  # otherwise after counting: "ready" comes with the right numbers
            self._status_changed()

    def _count(self, folder: Folder) -> None:
        loop = self._ended.get_loop()
        try:
            folder.count()
        except CodesearchError as error:
            logger.warning("%s cannot be counted: %s", folder.uri, readable(error))
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._status_changed)

    def _on_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        self._indexing.cancel(params.token)
        self._status_changed()

    def _status_changed(self) -> None:
        if self._folders.options.status_notifications and not self._status_due:
            self._status_due = True
            asyncio.get_running_loop().call_later(STATUS_SECONDS, self._send_status)

    def _send_status(self) -> None:
        self._status_due = False
        folders = [folder_status(folder) for folder in self._folders.folders]
        self.protocol.notify_client("codesearch/statusChanged", {"folders": folders})


def roots(params: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (URI, name) of the folders of `initialize`: workspaceFolders, or else rootUri, or else rootPath."""
    folders = params.get("workspaceFolders")
    if isinstance(folders, list) and folders:
        named = [one for one in folders if isinstance(one, dict)]
        return [(one["uri"], str(one.get("name") or "")) for one in named if _is_text(one.get("uri"))]
    uri, path = params.get("rootUri"), params.get("rootPath")
    if isinstance(uri, str) and uri:
        return [(uri, "")]
    if isinstance(path, str) and path:
        return [(uris.from_path(os.path.abspath(path)), "")]  # noqa: PTH100 -- links stay as named
    return []


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
