"""codesearch's own requests, and the protocol's that are answered the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codesearch import __version__, search
from codesearch.errors import CodesearchError, NotFoundError, UsageError
from codesearch.types import CALLABLES, Symbol
from codesearch_lsp import answers, parameters
from codesearch_lsp.capabilities import SIMILAR_ACTION, lookup, resolves_symbols
from codesearch_lsp.documents import identity
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.parameters import Ask
from codesearch_lsp.protocol import SERVER_CANCELLED
from codesearch_lsp.stopping import Stop

if TYPE_CHECKING:
    from codesearch_lsp.server import Server
    from codesearch_lsp.workspace import Workspace

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]

PICKED = 8
"""Similar functions that a person is asked about one by one."""
LENS_LIMIT = 100
"""Near-duplicates are counted up to this many."""


class Superseded(JsonRpcException):
    """A newer query of the same session took this one's place."""

    CODE = SERVER_CANCELLED
    MESSAGE = "a newer query took its place"


def explained(handler: Handler) -> Handler:
    """Turn codesearch's errors into the protocol's, with their message for people."""

    @wraps(handler)
    async def run(*arguments: Any) -> Any:
        try:
            return await handler(*arguments)
        except (UsageError, NotFoundError) as error:
            raise JsonRpcInvalidParams(str(error)) from error
        except CodesearchError as error:
            raise JsonRpcException(str(error)) from error

    return run


class Requests:
    """Answers questions about a workspace."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sessions: dict[str, asyncio.Task[Any]] = {}
        self._superseded: set[asyncio.Task[Any]] = set()

    @property
    def _workspace(self) -> Workspace:
        return self._server.workspace_

    async def _in_thread(self, work: Callable[[], T]) -> T:
        stop = Stop()

        def answer() -> T:
            with stop.answering():
                return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._workspace.queries, answer)
        finally:
            stop.stop()  # matters where the request was cancelled

    # -- codesearch/query -------------------------------------------------------------------------

    @explained
    async def query(self, params: object = None) -> dict[str, Any]:
        """codesearch/query."""
        raw = parameters.object_of(params)
        text = str(parameters.text(raw, "text"))
        ask = parameters.ask(raw, self._workspace.options.limit)
        session = parameters.text(raw, "session", optional=True) or ""
        parsed = search.parse(text, ask.only)
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
            found = await self._in_thread(lambda: self._best(folders, parsed, ask))
        except asyncio.CancelledError:
            if task in self._superseded:
                raise Superseded from None
            raise
        finally:
            if self._sessions.get(session) is task:
                del self._sessions[session]
        result = {"query": text, "hits": found, **self._completeness(folders)}
        token = raw.get("partialResultToken")
        if isinstance(token, (str, int)):
            self._server.protocol.say("$/progress", {"token": token, "value": {**result, "stage": "instant"}})
        return result

    async def query_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.query."""
        found: dict[str, Any] = await self.query(_readable(parameters.query_arguments, arguments))
        return found

    def _folders(self, ask: Ask) -> list[Folder]:
        if ask.root is None:
            return self._workspace.all_folders()
        folder = self._workspace.folder_named(ask.root)
        if folder is None:
            raise UsageError(f"{ask.root} is not an open workspace folder")
        return [folder]

    def _best(self, folders: list[Folder], parsed: search.Query, ask: Ask) -> list[dict[str, Any]]:
        found = [one for folder in folders for one in folder.query(parsed, ask.limit)]
        return self._hits(_merged(found)[: ask.limit], ask.snippet)

    def _hits(self, found: list[Found], snippet: int) -> list[dict[str, Any]]:
        sources: dict[tuple[int, str], bytes | None] = {}

        def source(one: Found) -> bytes | None:
            key = (id(one.folder), one.symbol.path)
            if key not in sources:
                sources[key] = self._workspace.source(*_place(one))
            return sources[key]

        return [self._hit(one, rank, snippet, lambda one=one: source(one)) for rank, one in enumerate(found, 1)]  # type: ignore[misc]

    def _hit(self, one: Found, rank: int, snippet: int, source: Callable[[], bytes | None]) -> dict[str, Any]:
        return answers.hit(
            one.symbol,
            rank=rank,
            score=one.score,
            uri=self._workspace.uri(*_place(one)),
            root=one.folder.uri,
            unsaved=one.unsaved,
            encoding=self._workspace.encoding,
            source=source,
            lines=snippet,
        )

    def _completeness(self, folders: list[Folder]) -> dict[str, Any]:
        messages = []
        complete = True
        for folder in folders:
            state = folder.state()
            if state.updating is not None and not state.fresh:
                done = state.updating
                messages.append(f"{folder.name}: indexing, {done.files:,} of {done.files_total:,} files")
            elif folder.problem or state.problem:
                messages.append(f"{folder.name}: {folder.problem or state.problem}")
            elif folder.note:
                messages.append(folder.note)
            complete = complete and (state.fresh or bool(folder.note and folder.answers))
        return {"complete": complete, "message": "; ".join(messages)}

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
            "of": self._hit(of, 0, ask.snippet, lambda: self._workspace.source(*_place(of))),
            "hits": self._hits(near, ask.snippet),
            **state,
        }

    def _near(self, folders: list[Folder], vector: bytes, of: Found, ask: Ask) -> list[Found]:
        near = [
            one
            for folder in folders
            if folder.model == of.folder.model
            for one in folder.nearest(vector, of, ask.limit, ask.only)
        ]
        here = (self._workspace.uri(*_place(of)), of.symbol.start_line, of.symbol.end_line)
        near = [
            one
            for one in _merged(near)
            if (self._workspace.uri(*_place(one)), one.symbol.start_line, one.symbol.end_line) != here
        ]
        return near[: ask.limit]

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

    # -- the protocol's own -----------------------------------------------------------------------

    @explained
    async def workspace_symbol(self, params: Any) -> list[dict[str, Any]]:
        """workspace/symbol: in plain words as well as by name."""
        limit = self._workspace.options.limit
        text = params.query.strip()
        await self._workspace.settle()
        folders = self._workspace.all_folders()
        if not text:
            found = await self._in_thread(lambda: [one for folder in folders for one in folder.listing(limit)])
        else:
            try:
                parsed = search.parse(text)
            except UsageError:
                return []  # half a filter, while it is typed
            found = await self._in_thread(
                lambda: _merged([one for folder in folders for one in folder.query(parsed, limit)])
            )
        return await self._in_thread(lambda: self._workspace_symbols(found[:limit]))

    def _workspace_symbols(self, found: list[Found]) -> list[dict[str, Any]]:
        client = self._server.client
        lazily = resolves_symbols(client)
        known = lookup(client, "workspace.symbol.symbolKind.valueSet")
        symbols = []
        for one in found:
            symbol = one.symbol
            uri = self._workspace.uri(*_place(one))
            item: dict[str, Any] = {
                "name": symbol.name,
                "kind": answers.symbol_kind(symbol.kind, known),
                "containerName": answers.container(symbol) or symbol.path,
            }
            if lazily:
                item["location"] = {"uri": uri}
                item["data"] = {
                    "root": one.folder.uri,
                    "path": symbol.path,
                    "name": symbol.name,
                    "lines": [symbol.start_line, symbol.end_line],
                    "bytes": [symbol.start_byte, symbol.end_byte],
                }
            else:
                source = self._workspace.source(*_place(one))
                item["location"] = {"uri": uri, "range": answers.name_range(symbol, source, self._workspace.encoding)}
            symbols.append(item)
        return symbols

    @explained
    async def resolve_symbol(self, params: Any) -> dict[str, Any]:
        """workspaceSymbol/resolve: the range of the name."""
        data = params.data
        item = {"name": params.name, "kind": int(params.kind), "containerName": params.container_name, "data": data}
        uri = params.location.uri
        try:
            start_line, end_line = map(int, data["lines"])
            start_byte, end_byte = map(int, data["bytes"])
            symbol = Symbol(
                "function", str(data["name"]), "", "", "", start_line, end_line, start_byte, end_byte, "", ""
            )
        except (TypeError, KeyError, ValueError) as error:
            raise UsageError("the symbol's `data` is not what workspace/symbol gave") from error
        folder, path = self._workspace.place(uri)
        source = await self._in_thread(lambda: self._workspace.source(folder, path))
        item["location"] = {"uri": uri, "range": answers.name_range(symbol, source, self._workspace.encoding)}
        return item

    @explained
    async def document_symbol(self, params: Any) -> list[dict[str, Any]]:
        """textDocument/documentSymbol, for clients that ask for it in the options."""
        document = self._workspace.documents.get(identity(params.text_document.uri))
        if document is None:
            return []
        symbols = await self._in_thread(lambda: self._workspace.symbols_of(document))
        known = lookup(self._server.client, "textDocument.documentSymbol.symbolKind.valueSet")
        data = document.data()
        lines = data.count(b"\n") + 1
        out: list[dict[str, Any]] = []
        stack: list[tuple[int, list[dict[str, Any]]]] = [(len(data) + 1, out)]
        for symbol in sorted(symbols, key=lambda one: (one.start_byte, -one.end_byte)):
            if symbol.kind == "module" and symbol.start_byte == 0 and symbol.end_byte >= len(data):
                continue
            while len(stack) > 1 and symbol.start_byte >= stack[-1][0]:
                stack.pop()
            whole = answers.line_range(symbol)
            whole["end"] = min(whole["end"], {"line": lines, "character": 0}, key=lambda end: end["line"])
            item: dict[str, Any] = {
                "name": symbol.name or symbol.qualname or "?",
                "detail": symbol.signature,
                "kind": answers.symbol_kind(symbol.kind, known),
                "range": whole,
                "selectionRange": answers.name_range(symbol, data, self._workspace.encoding),
                "children": [],
            }
            stack[-1][1].append(item)
            stack.append((symbol.end_byte, item["children"]))
        return out

    @explained
    async def code_action(self, params: Any) -> list[dict[str, Any]]:
        """textDocument/codeAction: "Find similar functions"."""
        only = params.context.only
        if not self._workspace.options.code_action or (only and not any(_covers(str(kind)) for kind in only)):
            return []
        uri, line = params.text_document.uri, params.range.start.line
        folder, path = self._workspace.place(uri)
        found = await self._in_thread(lambda: folder.at(path, line + 1))
        if found is None or found[1].symbol.kind == "module":
            return []
        command = self._similar_command("Find similar functions", uri, line)
        if lookup(self._server.client, "textDocument.codeAction.codeActionLiteralSupport"):
            return [{"title": command["title"], "kind": SIMILAR_ACTION, "command": command}]
        return [command]

    def _similar_command(self, title: str, uri: str, line: int) -> dict[str, Any]:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 0}}
        name = self._workspace.options.show_similar_command or "codesearch.server.pickSimilar"
        return {"title": title, "command": name, "arguments": [place]}

    @explained
    async def code_lens(self, params: Any) -> list[dict[str, Any]]:
        """textDocument/codeLens: a place for every function; the counting waits until it is seen."""
        document = self._workspace.documents.get(identity(params.text_document.uri))
        if document is None or not self._workspace.options.code_lens:
            return []
        symbols = await self._in_thread(lambda: self._workspace.symbols_of(document))
        data = document.data()
        return [
            {
                "range": answers.name_range(symbol, data, self._workspace.encoding),
                "data": {"uri": document.uri, "line": symbol.start_line - 1},
            }
            for symbol in symbols
            if symbol.kind in CALLABLES
        ]

    @explained
    async def resolve_lens(self, params: Any) -> dict[str, Any]:
        """codeLens/resolve: count the near-duplicates."""
        data = params.data
        if not isinstance(data, dict) or not isinstance(data.get("uri"), str) or not isinstance(data.get("line"), int):
            raise UsageError("the code lens' `data` is not what textDocument/codeLens gave")
        uri, line = data["uri"], data["line"]
        least = self._workspace.options.code_lens_similarity

        def count() -> int:
            folders = self._workspace.all_folders()
            folder, path = self._workspace.place(uri)
            found = folder.at(path, line + 1)
            if found is None or found[0] is None:
                return 0
            ask = parameters.ask({}, LENS_LIMIT)
            return sum(one.score >= least for one in self._near(folders, found[0], found[1], ask))

        number = await self._in_thread(count)
        title = "no near-duplicates" if not number else f"{number} near-duplicate" + "s" * (number > 1)
        start, end = params.range.start, params.range.end
        return {
            "range": {
                "start": {"line": start.line, "character": start.character},
                "end": {"line": end.line, "character": end.character},
            },
            "command": self._similar_command(title, uri, line),
            "data": data,
        }


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
        "index": str(folder.engine.index_path) if folder.engine is not None else "",
        "message": folder.problem or state.problem or folder.note,
    }
    if state.updating is not None:
        found["progress"] = {"files": state.updating.files, "filesTotal": state.updating.files_total}
    return found


def _readable(read: Callable[[Any], dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
    try:
        return read(arguments)
    except UsageError as error:
        raise JsonRpcInvalidParams(str(error)) from error


def _place(one: Found) -> tuple[Folder, str]:
    return one.folder, one.symbol.path


def _merged(found: list[Found]) -> list[Found]:
    """Return the answers of several folders as one list; a symbol in two of them (one inside the other) once."""
    ordered = sorted(found, key=lambda one: -one.score)
    seen: set[tuple[str, int, int, str]] = set()
    kept = []
    for one in ordered:
        key = (f"{one.folder.root}/{one.symbol.path}", one.symbol.start_byte, one.symbol.end_byte, one.symbol.qualname)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def _covers(kind: str) -> bool:
    return kind == "" or kind == SIMILAR_ACTION or SIMILAR_ACTION.startswith(kind + ".")
