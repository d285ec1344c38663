"""codesearch's own requests, and the commands that stand for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codesearch import search
from codesearch._version import __version__
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.quality import feedback
from codesearch.search.rank import WEAK
from codesearch_lsp import parameters
from codesearch_lsp.asking import Asking, explained, merged, place_of
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.parameters import Ask
from codesearch_lsp.protocol import SERVER_CANCELLED

if TYPE_CHECKING:
    from codesearch_lsp.server import Server

logger = logging.getLogger(__name__)

PICKED = 8
"""Similar functions that a person is asked about one by one."""


class Superseded(JsonRpcException):
    """A newer query of the same session took this one's place."""

    CODE = SERVER_CANCELLED
    MESSAGE = "a newer query took its place"


class Requests(Asking):
    """Answers codesearch/query, similar, status and reindex."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._sessions: dict[str, asyncio.Task[Any]] = {}
        self._superseded: set[asyncio.Task[Any]] = set()

    # -- codesearch/query -------------------------------------------------------------------------

    @explained
    async def query(self, params: object = None) -> dict[str, Any]:
        """codesearch/query."""
        raw = parameters.object_of(params)
        text = str(parameters.text(raw, "text"))
        ask = parameters.ask(raw, self._workspace.options.limit)
        session = parameters.text(raw, "session", optional=True) or ""
        parsed = search.parse(text, ask.where)
        task = asyncio.current_task()
        assert task is not None
        older = self._sessions.get(session)
        if older is not None and not older.done():
            self._superseded.add(older)
            older.add_done_callback(self._superseded.discard)
            older.cancel()
        self._sessions[session] = task
        try:
            await self._workspace.settle()
            folders = self._folders(ask)
            on_first = self._instantly(raw.get("partialResultToken"), text, folders, ask)
            found = await self._in_thread(lambda: self._best(folders, parsed, ask, on_first))
        except asyncio.CancelledError:
            if task in self._superseded:
                raise Superseded from None
            raise
        finally:
            if self._sessions.get(session) is task:
                del self._sessions[session]
        return {"query": text, "hits": found, **self._completeness(folders)}

    def _instantly(
        self, token: object, text: str, folders: list[Folder], ask: Ask
    ) -> Callable[[list[Found]], None] | None:
        """Return what sends the fast ranking, from any thread; None if the client has not asked for it."""
        if not isinstance(token, (str, int)) or isinstance(token, bool):
            return None
        loop, protocol = asyncio.get_running_loop(), self._server.protocol

        def tell(found: list[Found]) -> None:
            hits = self._hits(merged(found)[: ask.limit], ask.snippet, WEAK)
            value = {"query": text, "hits": hits, **self._completeness(folders), "stage": "instant"}
            loop.call_soon_threadsafe(protocol.say, "$/progress", {"token": token, "value": value})

        return tell

    async def query_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.query."""
        found: dict[str, Any] = await self.query(_readable(parameters.query_arguments, arguments))
        return found

    def _best(
        self,
        folders: list[Folder],
        parsed: search.Query,
        ask: Ask,
        on_first: Callable[[list[Found]], None] | None,
    ) -> list[dict[str, Any]]:
        found: list[Found] = []
        for folder in folders:
            before = list(found)
            told = None if on_first is None else lambda fast, before=before: on_first(before + fast)
            found += folder.query(parsed, ask.limit, told)
        return self._hits(merged(found)[: ask.limit], ask.snippet, WEAK)

    # -- codesearch/opened ------------------------------------------------------------------------

    async def opened(self, params: object = None) -> None:
        """codesearch/opened: an answer was opened; recorded only where the setting `feedback` is on."""
        try:
            query, uri, line, rank = parameters.opened(parameters.object_of(params))
        except UsageError as error:
            logger.info("codesearch/opened: %s", error)
            return
        folder, path = self._workspace.place(uri)
        if folder.engine is None or not folder.engine.settings.feedback or not query.strip():
            return
        index = folder.engine.index_path

        def keep() -> None:
            if (found := folder.at(path, line + 1)) is not None:
                feedback.record(index, query, found[1].symbol, rank)

        try:
            await self._in_thread(keep)
        except (CodesearchError, OSError) as error:
            logger.warning("what was opened cannot be recorded: %s", error)

    # -- codesearch/similar -----------------------------------------------------------------------

    @explained
    async def similar(self, params: object = None) -> dict[str, Any]:
        """codesearch/similar."""
        raw = parameters.object_of(params)
        uri, line = parameters.place(raw)
        ask = parameters.ask(raw, self._workspace.options.limit)
        await self._workspace.settle()
        folders = self._folders(ask)
        return await self._in_thread(lambda: self._similar(folders, uri, line, ask))

    async def similar_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.similar."""
        found: dict[str, Any] = await self.similar(_readable(parameters.similar_arguments, arguments))
        return found

    def _similar(self, folders: list[Folder], uri: str, line: int, ask: Ask) -> dict[str, Any]:
        state = self._completeness(folders)
        folder, path = self._workspace.place(uri)
        found = folder.at(path, line + 1)
        vector, of = found or (None, None)
        if vector is None or of is None:
            why = state["message"] or f"{path}:{line + 1}: there is no symbol that codesearch knows"
            return {"of": None, "hits": [], "complete": state["complete"], "message": why}
        near = self._near(folders, vector, of, ask)
        return {
            "of": self._hit(of, 0, ask.snippet, lambda: self._workspace.source(*place_of(of))),
            "hits": self._hits(near, ask.snippet),
            **state,
        }

    async def pick_similar(self, *arguments: Any) -> None:
        """codesearch.server.pickSimilar: for clients that cannot show a list."""
        found = await self.similar(
            {**_readable(parameters.similar_arguments, arguments), "limit": PICKED, "snippet": 0, "filter": None}
        )
        protocol = self._server.protocol
        if not found["hits"]:
            message = found["message"] or "nothing similar"
            protocol.say("window/showMessage", {"type": 3, "message": f"codesearch: {message}"})
            return
        titles = {f"{hit['qualname']}  {hit['path']}:{hit['range']['start']['line'] + 1}": hit for hit in found["hits"]}
        of = found["of"]["qualname"]
        picked = await protocol.ask(
            "window/showMessageRequest",
            {"type": 3, "message": f"Similar to {of}", "actions": [{"title": title} for title in titles]},
        )
        hit = titles.get(picked.get("title", "")) if isinstance(picked, dict) else None
        if hit is not None and lookup(self._server.client, "window.showDocument.support"):
            await protocol.ask(
                "window/showDocument", {"uri": hit["uri"], "takeFocus": True, "selection": hit["selectionRange"]}
            )

    # -- codesearch/status, codesearch/reindex ----------------------------------------------------

    @explained
    async def status(self, params: object = None) -> dict[str, Any]:
        """codesearch/status."""
        raw = parameters.object_of(params)
        root = parameters.text(raw, "root", optional=True)
        workspace = self._workspace
        folders = workspace.folders if root is None else [workspace.folder_named(root)]
        return {
            "version": __version__,
            "folders": [folder_status(folder) for folder in folders if folder is not None],
            "unsaved": workspace.unsaved(),
            "positionEncoding": workspace.encoding,
        }

    @explained
    async def reindex(self, params: object = None) -> dict[str, Any]:
        """codesearch/reindex."""
        raw = parameters.object_of(params)
        root = parameters.text(raw, "root", optional=True)
        rebuild = parameters.flag(raw, "rebuild")
        folder = self._workspace.folder_named(root) if root is not None else None
        if root is not None and folder is None:
            raise UsageError(f"{root} is not an open workspace folder")
        token = raw.get("workDoneToken")
        started = []
        for one in [folder] if folder is not None else self._workspace.folders:
            if one.engine is not None:
                self._server.reindex(one, rebuild=rebuild, token=token if isinstance(token, (str, int)) else None)
                started.append(one.uri)
        return {"started": started}


def folder_status(folder: Folder) -> dict[str, Any]:
    """Return a folder of codesearch/status."""
    state = folder.state()
    if folder.problem:
        name = "failed"
    elif folder.note or (folder.engine is not None and folder.engine.cancelled):
        name = "stopped"
    elif state.updating is not None:
        name = "indexing"
    elif state.problem:
        name = "failed"
    else:
        name = "ready" if state.fresh else "starting"
    found: dict[str, Any] = {
        "uri": folder.uri,
        "name": folder.name,
        "state": name,
        "files": folder.counts[0],
        "symbols": folder.counts[1],
        "embedded": folder.embedded,
        "index": str(folder.engine.index_path) if folder.engine is not None else "",
        "message": folder.problem or state.problem or folder.note,
    }
    if state.updating is not None:
        found["progress"] = {"files": state.updating.files, "filesTotal": state.updating.files_total}
    if state.embedding is not None:
        found["embedded"] = state.embedding.done
    return found


def _readable(read: Callable[[Any], dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
    try:
        return read(arguments)
    except UsageError as error:
        raise JsonRpcInvalidParams(str(error)) from error
