"""Handlers of codesearch's own requests, and of the commands that mean the same."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

import codesearch
from codesearch._version import __version__
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.quality import feedback
from codesearch.search.rank import WEAK
from codesearch_lsp import parameters, repositories
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.handlers import Handlers, merged, place_of
from codesearch_lsp.parameters import Ask
from codesearch_lsp.protocol import SERVER_CANCELLED, Handler
from codesearch_lsp.session import Session
from codesearch_lsp.status import completeness, folder_status

logger = logging.getLogger(__name__)

PICKED = 8
"""Similar functions that the user can choose from."""


class Superseded(JsonRpcException):
    """A newer query of the same session replaced this one."""

    CODE = SERVER_CANCELLED
    MESSAGE = "superseded by a newer query of the session"


class OwnHandlers(Handlers):
    """Answers codesearch/query, similar, status, reindex and opened, and their commands."""

    def __init__(self, session: Session, commands: Mapping[str, Handler]) -> None:
        """`commands` are those of other handlers."""
        super().__init__(session)
        self._commands: dict[str, Handler] = {
            **commands,
            "codesearch.server.query": self.query_command,
            "codesearch.server.similar": self.similar_command,
            "codesearch.server.status": self.status,
            "codesearch.server.reindex": self.reindex,
            "codesearch.server.pickSimilar": self.pick_similar,
        }
        self._repositories = session.repositories
        self._sessions: dict[str, asyncio.Task[Any]] = {}
        self._superseded: set[asyncio.Task[Any]] = set()

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        return {
            "codesearch/query": self.query,
            "codesearch/similar": self.similar,
            "codesearch/status": self.status,
            "codesearch/reindex": self.reindex,
            "codesearch/opened": self.opened,
            types.WORKSPACE_EXECUTE_COMMAND: self.execute_command,
        }

    async def execute_command(self, params: types.ExecuteCommandParams) -> Any:
        """workspace/executeCommand."""
        handler = self._commands.get(params.command)
        if handler is None:
            raise UsageError(f"unknown command {params.command!r}")
        arguments = params.arguments or []
        try:
            inspect.signature(handler).bind(*arguments)
        except TypeError:
            raise UsageError(f"{params.command}: {len(arguments)} arguments are too many") from None
        result = handler(*arguments)
        return await result if inspect.isawaitable(result) else result

    # -- codesearch/query -------------------------------------------------------------------------

    async def query(self, params: object = None) -> dict[str, Any]:
        """codesearch/query."""
        raw = parameters.object_of(params)
        text = str(parameters.text(raw, "text"))
        ask = parameters.ask(raw, self._workspace.options.limit)
        session = parameters.text(raw, "session", optional=True) or ""
        asked = repositories.asked(text, parameters.names(raw, "repositories"))
        if asked is not None and ask.root is not None:
            raise UsageError("`root` is a workspace folder, and repositories are chosen by name: leave one of them out")
        parsed = codesearch.parse(text if asked is None else asked.text, ask.where)
        pattern = parameters.exact(raw)
        if asked is not None and pattern is not None:
            raise UsageError("`exact` searches workspace folders: leave out the repositories")
        task = asyncio.current_task()
        assert task is not None
        older = self._sessions.get(session)
        if older is not None and not older.done():
            self._superseded.add(older)
            older.add_done_callback(self._superseded.discard)
            older.cancel()
        self._sessions[session] = task
        try:
            if asked is not None:
                return await self._in_thread(lambda: self._repositories.answer(text, asked, ask, WEAK))
            await self._workspace.buffers.settle()
            folders = self._folders(ask)
            on_first = self._instantly(raw.get("partialResultToken"), text, folders, ask)
            found = await self._in_thread(lambda: self._best(folders, parsed, ask, on_first, pattern))
        except asyncio.CancelledError:
            if task in self._superseded:
                raise Superseded from None
            raise
        finally:
            if self._sessions.get(session) is task:
                del self._sessions[session]
        return {"query": text, "hits": found, **completeness(folders)}

    def _instantly(
        self, token: object, text: str, folders: list[Folder], ask: Ask
    ) -> Callable[[list[Found]], None] | None:
        """Return a function that sends the fast ranking, from any thread; None if the client did not ask for it."""
        if not isinstance(token, (str, int)) or isinstance(token, bool):
            return None
        loop, protocol = asyncio.get_running_loop(), self._session.protocol

        def tell(found: list[Found]) -> None:
            hits = self._hits(merged(found)[: ask.limit], ask.snippet, WEAK)
            value = {"query": text, "hits": hits, **completeness(folders), "stage": "instant"}
            loop.call_soon_threadsafe(protocol.notify_client, "$/progress", {"token": token, "value": value})

        return tell

    async def query_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.query."""
        found: dict[str, Any] = await self.query(parameters.query_arguments(arguments))
        return found

    def _best(
        self,
        folders: list[Folder],
        parsed: codesearch.Query,
        ask: Ask,
        on_first: Callable[[list[Found]], None] | None,
        pattern: codesearch.Pattern | None = None,
    ) -> list[dict[str, Any]]:
        found: list[Found] = []
        for folder in folders:
            before = list(found)
            told = None if on_first is None else lambda fast, before=before: on_first(before + fast)
            found += folder.query(parsed, ask.limit, told, pattern=pattern)
        return self._hits(merged(found)[: ask.limit], ask.snippet, WEAK)

    # -- codesearch/opened ------------------------------------------------------------------------

    async def opened(self, params: object = None) -> None:
        """codesearch/opened: the user opened a hit. Recorded only if the setting `feedback` is on."""
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
            logger.warning("an opened hit cannot be recorded: %s", error)

    # -- codesearch/similar -----------------------------------------------------------------------

    async def similar(self, params: object = None) -> dict[str, Any]:
        """codesearch/similar."""
        raw = parameters.object_of(params)
        uri, line = parameters.place(raw)
        ask = parameters.ask(raw, self._workspace.options.limit)
        await self._workspace.buffers.settle()
        folders = self._folders(ask)
        return await self._in_thread(lambda: self._similar(folders, uri, line, ask))

    async def similar_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.similar."""
        found: dict[str, Any] = await self.similar(parameters.similar_arguments(arguments))
        return found

    def _similar(self, folders: list[Folder], uri: str, line: int, ask: Ask) -> dict[str, Any]:
        state = completeness(folders)
        folder, path = self._workspace.place(uri)
        found = folder.at(path, line + 1)
        vector, of = found or (None, None)
        if vector is None or of is None:
            why = state["message"] or f"{path}:{line + 1}: no symbol is indexed here"
            return {"of": None, "hits": [], "complete": state["complete"], "message": why}
        near = self._near(folders, vector, of, ask)
        return {
            "of": self._hit(of, 0, ask.snippet, lambda: self._workspace.source(*place_of(of))),
            "hits": self._hits(near, ask.snippet),
            **state,
        }

    async def pick_similar(self, *arguments: Any) -> None:
        """codesearch.server.pickSimilar: for clients that cannot show a list of their own."""
        params = {**parameters.similar_arguments(arguments), "limit": PICKED, "snippet": 0, "filter": None}
        found = await self.similar(params)
        protocol = self._session.protocol
        if not found["hits"]:
            protocol.show_message(3, found["message"] or "nothing similar was found")
            return
        titles = {_title(hit): hit for hit in found["hits"]}
        question = f"Similar to {found['of']['qualname']}"
        if not lookup(self._session.client, "window.showDocument.support"):
            protocol.show_message(3, "\n".join([f"{question}:", *titles]))
            return
        actions = [{"title": title} for title in titles]
        try:
            picked = await protocol.ask_client(
                "window/showMessageRequest", {"type": 3, "message": question, "actions": actions}
            )
        except JsonRpcException as error:
            logger.info("the client cannot show a choice: %s", error)
            protocol.show_message(3, "\n".join([f"{question}:", *titles]))
            return
        hit = titles.get(str(picked.get("title", ""))) if isinstance(picked, dict) else None
        if hit is not None:
            await self._show_document(hit)

    async def _show_document(self, hit: dict[str, Any]) -> None:
        protocol = self._session.protocol
        place = {"uri": hit["uri"], "takeFocus": True, "selection": hit["selectionRange"]}
        try:
            answer = await protocol.ask_client("window/showDocument", place)
        except JsonRpcException as error:
            logger.info("the client cannot show a document: %s", error)
            answer = None
        if not isinstance(answer, dict) or not answer.get("success"):
            protocol.show_message(3, f"the editor cannot open {hit['path']}:{hit['range']['start']['line'] + 1}")

    # -- codesearch/status, codesearch/reindex ----------------------------------------------------

    async def status(self, params: object = None) -> dict[str, Any]:
        """codesearch/status."""
        raw = parameters.object_of(params)
        root = parameters.text(raw, "root", optional=True)
        workspace = self._workspace
        named = workspace.folders if root is None else [workspace.folder_named(root)]
        folders = [folder for folder in named if folder is not None]
        if any(folder.counts_are_old for folder in folders):
            await self._in_thread(lambda: _count(folders))
        return {
            "version": __version__,
            "folders": [folder_status(folder) for folder in folders],
            "unsaved": workspace.buffers.unsaved(),
            "positionEncoding": workspace.encoding,
        }

    def reindex(self, params: object = None) -> dict[str, Any]:
        """codesearch/reindex. Not a coroutine: a cancellation right after it must find its token."""
        raw = parameters.object_of(params)
        root = parameters.text(raw, "root", optional=True)
        rebuild = parameters.flag(raw, "rebuild")
        folder = self._workspace.folder_named(root) if root is not None else None
        if root is not None and folder is None:
            raise UsageError(f"{root} is not an open workspace folder")
        token = raw.get("workDoneToken")
        token = token if isinstance(token, (str, int)) and not isinstance(token, bool) else None
        started = []
        for one in [folder] if folder is not None else [*self._workspace.folders]:
            if one.problem:
                one = self._workspace.replace(one)
            if one.engine is not None and not one.is_away():
                self._session.reindex(one, rebuild, token)
                started.append(one.uri)
                continue
            problem = f"{one.name} cannot be indexed: {one.problem or f'{one.root} is not there'}"
            if root is not None:
                raise UsageError(problem)
            self._session.protocol.show_message(2, problem)
        return {"started": started}


def _title(hit: dict[str, Any]) -> str:
    line = hit["range"]["start"]["line"] + 1
    return f"{hit['qualname']}  {hit['path']}:{line}  {round(100 * hit['score'])} %"


def _count(folders: list[Folder]) -> None:
    for folder in folders:
        if folder.counts_are_old:
            with suppress(CodesearchError):  # the folder's state says so
                folder.count()
