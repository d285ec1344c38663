"""The server: one client from `initialize` to `exit`. Thin: `requests` answers, `workspace` holds what is open."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codesearch._version import __version__
from codesearch.core.errors import CodesearchError
from codesearch_lsp import uris
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.engine import State
from codesearch_lsp.features import Features
from codesearch_lsp.folders import Folder
from codesearch_lsp.options import Read, read
from codesearch_lsp.progress import Bar
from codesearch_lsp.protocol import PARSE_ERROR, Protocol, converter
from codesearch_lsp.requests import Requests, folder_status
from codesearch_lsp.stream import Damage, MessageReader, MessageWriter
from codesearch_lsp.workspace import Workspace

logger = logging.getLogger(__name__)

WAITING_MESSAGES = 2000
"""Messages read ahead of those handled; then the client has to wait."""
PARENT_SECONDS = 2.0
"""How often it is looked whether the client still lives."""
STATUS_SECONDS = 0.25
CONFIGURATION_SECONDS = 2.0
"""How long indexing waits for a client that is asked for its settings."""
OWN_FOLDERS = ("/.codesearch/", "/.git/", "/.hg/", "/.svn/")
"""Changes in these are no changes of source; in the first, they are our own."""


class Server(LanguageServer):
    """Everything that one client sees."""

    protocol: Protocol

    def __init__(self, params: dict[str, Any], given: Read, encoding: str, writer: MessageWriter) -> None:
        """Take over after `initialize` was answered: its parameters, the options read from them, and the encoding."""
        super().__init__("codesearch", __version__, protocol_cls=Protocol, converter_factory=converter)
        self.client: object = params.get("capabilities")
        self._params = params
        self._given = given
        self._encoding = encoding
        self._writer = writer
        self.protocol.set_writer(writer)
        self.workspace_: Workspace
        self._requests = Requests(self)
        self._bars: dict[Folder, Bar] = {}
        self._tokens: dict[Folder, str | int | None] = {}
        self._status_due = False
        self._ended: asyncio.Future[int]
        self._register()

    def _register(self) -> None:
        requests, own = self._requests, Features(self)
        features: dict[str, Any] = {
            types.INITIALIZED: self._on_initialized,
            types.SHUTDOWN: self._on_shutdown,
            types.EXIT: self.end,
            types.TEXT_DOCUMENT_DID_OPEN: self._on_open,
            types.TEXT_DOCUMENT_DID_CHANGE: self._on_change,
            types.TEXT_DOCUMENT_DID_SAVE: self._on_save,
            types.TEXT_DOCUMENT_DID_CLOSE: self._on_close,
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES: self._on_watched,
            types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: self._on_folders,
            types.WORKSPACE_DID_CHANGE_CONFIGURATION: self._on_configuration,
            types.WINDOW_WORK_DONE_PROGRESS_CANCEL: self._on_progress_cancel,
            types.WORKSPACE_SYMBOL: own.workspace_symbol,
            types.WORKSPACE_SYMBOL_RESOLVE: own.resolve_symbol,
            types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: own.document_symbol,
            types.TEXT_DOCUMENT_CODE_ACTION: own.code_action,
            types.TEXT_DOCUMENT_CODE_LENS: own.code_lens,
            types.CODE_LENS_RESOLVE: own.resolve_lens,
            "codesearch/query": requests.query,
            "codesearch/similar": requests.similar,
            "codesearch/status": requests.status,
            "codesearch/reindex": requests.reindex,
            "codesearch/opened": requests.opened,
        }
        commands: dict[str, Any] = {
            "codesearch.server.query": requests.query_command,
            "codesearch.server.similar": requests.similar_command,
            "codesearch.server.status": requests.status,
            "codesearch.server.reindex": requests.reindex,
            "codesearch.server.pickSimilar": requests.pick_similar,
        }
        self.protocol.fm.features.update(features)
        self.protocol.fm.commands.update(commands)

    # -- the loop ---------------------------------------------------------------------------------

    def run(self, reader: MessageReader, leaving: Callable[[int], object]) -> int:
        """Serve until the client leaves, tell `leaving` the exit status, clean up, return it."""
        return asyncio.run(self._run(reader, leaving))

    async def _run(self, reader: MessageReader, leaving: Callable[[int], object]) -> int:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self.workspace_ = Workspace(self._given.options, self._encoding, self._on_state)
        self._report(self._given)
        for uri, name in roots(self._params):
            self.workspace_.add_folder(uri, name)
        threading.Thread(target=self._read, args=(reader, loop), name="reader", daemon=True).start()
        parent = self._params.get("processId")
        if isinstance(parent, int) and not isinstance(parent, bool) and parent > 0:
            threading.Thread(target=self._watch_parent, args=(parent, loop), name="parent", daemon=True).start()
        try:
            status = await self._ended
            leaving(status)
            return status
        finally:
            await loop.run_in_executor(None, self.workspace_.shutdown)

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
            loop.call_soon_threadsafe(self.lost)

    def _receive(self, message: object) -> None:
        if isinstance(message, Damage):
            logger.warning("skipped %s", message.reason)
            self.protocol.respond_error(None, PARSE_ERROR, message.reason)
        else:
            self.protocol.receive(message)

    def end(self, status: int) -> None:
        """End the server with an exit status."""
        if not self._ended.done():
            self._ended.set_result(status)

    def lost(self) -> None:
        """End because the client is gone: an error, unless it said so before."""
        self.end(0 if self.protocol._shutdown else 1)

    def _watch_parent(self, pid: int, loop: asyncio.AbstractEventLoop) -> None:
        waiting = threading.Event()
        while alive(pid):
            waiting.wait(PARENT_SECONDS)
        logger.warning("the client, process %d, is gone", pid)
        try:
            loop.call_soon_threadsafe(self.lost)
        except RuntimeError:
            return  # the loop has ended

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what pygls could not send or handle; a message box would only repeat it."""
        if not isinstance(error, JsonRpcException):
            logger.error("%s", error)

    # -- options ----------------------------------------------------------------------------------

    def _report(self, read_options: Read) -> None:
        for problem in read_options.problems:
            self.protocol.say("window/showMessage", {"type": 2, "message": problem})
        for unknown in read_options.unknown:
            logger.warning("%s", unknown)

    def _apply(self, raw: object) -> None:
        found = read(raw, self.workspace_.options)
        self._report(found)
        self.workspace_.reconfigure(found.options)
        self._report_folders()

    def _report_folders(self) -> None:
        for folder in self.workspace_.folders:
            if folder.problem:
                self.protocol.say("window/showMessage", {"type": 2, "message": f"codesearch: {folder.problem}"})

    async def _pull_configuration(self) -> None:
        try:
            answer = await asyncio.wait_for(
                self.protocol.ask("workspace/configuration", {"items": [{"section": "codesearch"}]}),
                CONFIGURATION_SECONDS,
            )
        except (JsonRpcException, asyncio.TimeoutError) as error:
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

    async def _on_initialized(self, _params: Any) -> None:
        self._report_folders()
        if lookup(self.client, "workspace.configuration"):
            await self._pull_configuration()
        await self._register_with_client()
        self.workspace_.start()

    async def _register_with_client(self) -> None:
        wanted: list[dict[str, Any]] = []
        if lookup(self.client, "workspace.didChangeConfiguration.dynamicRegistration"):
            wanted.append({"method": "workspace/didChangeConfiguration", "registerOptions": {"section": "codesearch"}})
        if self.client_watches():
            watchers = {"watchers": [{"globPattern": "**/*"}]}
            wanted.append({"method": "workspace/didChangeWatchedFiles", "registerOptions": watchers})
        if not wanted:
            return
        registrations = [{"id": f"codesearch-{number}", **one} for number, one in enumerate(wanted)]
        try:
            await asyncio.wait_for(
                self.protocol.ask("client/registerCapability", {"registrations": registrations}), CONFIGURATION_SECONDS
            )
        except (JsonRpcException, asyncio.TimeoutError) as error:
            logger.info("the client registers nothing: %s", error)

    def client_watches(self) -> bool:
        """Return whether the client tells of changed files."""
        dynamic = lookup(self.client, "workspace.didChangeWatchedFiles.dynamicRegistration")
        return self.workspace_.options.watch and bool(dynamic)

    def _on_shutdown(self, _params: Any) -> None:
        for folder in self.workspace_.folders:
            if folder.engine is not None:
                self.workspace_.submit(folder.engine.cancel)

    # -- documents and folders --------------------------------------------------------------------

    def _on_open(self, params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        self.workspace_.open(document.uri, str(document.language_id), document.version, document.text)

    def _on_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self.workspace_.change(params.text_document.uri, params.text_document.version, list(params.content_changes))

    def _on_save(self, params: types.DidSaveTextDocumentParams) -> None:
        self.workspace_.save(params.text_document.uri)

    def _on_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self.workspace_.close(params.text_document.uri)

    def _on_watched(self, params: types.DidChangeWatchedFilesParams) -> None:
        changed: dict[Folder, list[str]] = {}
        for event in params.changes:
            path = uris.to_path(event.uri)
            folder, inner = self.workspace_.place(event.uri)
            if path is None or folder.engine is None or any(own in f"/{inner}/" for own in OWN_FOLDERS):
                continue
            changed.setdefault(folder, []).append(inner)
        for folder, paths in changed.items():
            if folder.engine is not None and not folder.note:
                folder.engine.changed(paths)

    def _on_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        for gone in params.event.removed:
            folder = self.workspace_.remove_folder(gone.uri)
            if folder is not None and folder in self._bars:
                self._bars.pop(folder).end("closed")
        for added in params.event.added:
            self.workspace_.add_folder(added.uri, added.name)
        self._report_folders()
        self._status_changed()

    # -- indexing ---------------------------------------------------------------------------------

    def reindex(self, folder: Folder, *, rebuild: bool, token: str | int | None) -> None:
        """Bring a folder's index up to date because somebody asks for it."""
        assert folder.engine is not None
        self._tokens[folder] = token
        folder.note = ""
        engine = folder.engine

        def begin() -> None:
            engine.start()
            try:
                engine.rebuild() if rebuild else engine.refresh()
            except CodesearchError as error:
                self.protocol.say("window/showMessage", {"type": 2, "message": f"codesearch: {error}"})

        self.workspace_.submit(begin)

    def _on_state(self, folder: Folder, state: State) -> None:
        if folder not in self.workspace_.folders:
            return
        bar = self._bars.get(folder)
        if state.updating is not None and not folder.note:
            token = self._tokens.get(folder)
            if bar is None and (token is not None or lookup(self.client, "window.workDoneProgress")):
                bar = self._bars[folder] = Bar(self.protocol, f"Indexing {folder.name}", token)
            if bar is not None:
                bar.report(state.updating)
        elif state.fresh or state.problem or (folder.engine is not None and folder.engine.cancelled):
            self._tokens.pop(folder, None)
            if bar is not None:
                del self._bars[folder]
                bar.end(state.problem)
            if state.problem:
                logger.error("%s: %s", folder.uri, state.problem)
            self.workspace_.submit(lambda: self._counted(folder))
        self._status_changed()

    def _counted(self, folder: Folder) -> None:
        loop = self._ended.get_loop()
        folder.count()
        try:
            loop.call_soon_threadsafe(self._status_changed)
        except RuntimeError:
            return  # the loop has ended

    def _on_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        for folder, bar in self._bars.items():
            if bar.token == params.token and folder.engine is not None:
                folder.note = "indexing was cancelled; reindex to go on"
                self.workspace_.submit(folder.engine.cancel)

    def _status_changed(self) -> None:
        if self.workspace_.options.status_notifications and not self._status_due:
            self._status_due = True
            asyncio.get_running_loop().call_later(STATUS_SECONDS, self._tell_status)

    def _tell_status(self) -> None:
        self._status_due = False
        folders = [folder_status(folder) for folder in self.workspace_.folders]
        self.protocol.say("codesearch/statusChanged", {"folders": folders})


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


def alive(pid: int) -> bool:
    """Return whether a process exists."""
    if os.name == "nt":
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
        handle = kernel.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
        if not handle:
            return False
        gone = kernel.WaitForSingleObject(handle, 0) == 0
        kernel.CloseHandle(handle)
        return not gone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
