"""Handlers of the protocol's own requests: symbols of the workspace and of a document, code actions, code lenses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lsprotocol import types

import codesearch
from codesearch.core.errors import UsageError
from codesearch.core.types import CALLABLES, Symbol
from codesearch_lsp import answers, parameters, repositories, uris
from codesearch_lsp.capabilities import SIMILAR_ACTION, lookup, resolves_symbols
from codesearch_lsp.folders import Found
from codesearch_lsp.handlers import Handlers, merged, place_of
from codesearch_lsp.protocol import Handler
from codesearch_lsp.repositories import Asked

LENS_LIMIT = 100
"""The highest number of near-duplicates that is counted."""


class StandardHandlers(Handlers):
    """Answers the standard requests."""

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        return {
            types.WORKSPACE_SYMBOL: self.workspace_symbol,
            types.WORKSPACE_SYMBOL_RESOLVE: self.resolve_symbol,
            types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: self.document_symbol,
            types.TEXT_DOCUMENT_CODE_ACTION: self.code_action,
            types.TEXT_DOCUMENT_CODE_LENS: self.code_lens,
            types.CODE_LENS_RESOLVE: self.resolve_lens,
        }

    async def workspace_symbol(self, params: Any) -> list[dict[str, Any]]:
        """workspace/symbol: by description as well as by name."""
        limit = self._workspace.options.limit
        text = params.query.strip()
        try:
            asked = repositories.asked(text)
            if asked is not None:
                return await self._in_thread(lambda: self._repository_symbols(asked, limit))
        except UsageError:
            return []  # as below
        await self._workspace.buffers.settle()
        folders = self._workspace.all_folders()
        if not text:
            found = await self._in_thread(lambda: [one for folder in folders for one in folder.listing(limit)])
        else:
            try:
                parsed = codesearch.parse(text)
            except UsageError:
                return []  # an incomplete filter, while it is being typed
            found = await self._in_thread(
                lambda: merged([one for folder in folders for one in folder.query(parsed, limit, typed=True)])
            )
        return await self._in_thread(lambda: self._workspace_symbols(found[:limit]))

    def _workspace_symbols(self, found: list[Found]) -> list[dict[str, Any]]:
        return [
            self._workspace_symbol(
                one.symbol,
                self._workspace.uri(*place_of(one)),
                one.folder.uri,
                lambda one=one: self._workspace.source(*place_of(one)),  # type: ignore[misc]
            )
            for one in found
        ]

    def _repository_symbols(self, asked: Asked, limit: int) -> list[dict[str, Any]]:
        symbols = []
        for one in self._session.repositories.query(asked, limit):
            uri, source = self._session.repositories.place(one)
            root = uris.from_path(str(one.repository.folder))
            item = self._workspace_symbol(one.hit.symbol, uri, root, lambda source=source: source)  # type: ignore[misc]
            symbols.append({**item, "containerName": f"{one.repository.name}: {item['containerName']}"})
        return symbols

    def _workspace_symbol(
        self, symbol: Symbol, uri: str, root: str, source: Callable[[], bytes | None]
    ) -> dict[str, Any]:
        """Return a symbol as workspace/symbol does; `source` returns the text of its file."""
        client = self._session.client
        known = lookup(client, "workspace.symbol.symbolKind.valueSet")
        item: dict[str, Any] = {
            "name": symbol.name,
            "kind": answers.symbol_kind(symbol.kind, known),
            "containerName": answers.container(symbol) or symbol.path,
        }
        if not resolves_symbols(client):
            place = answers.name_range(symbol, source(), self._workspace.encoding)
            return {**item, "location": {"uri": uri, "range": place}}
        data = {
            "root": root,
            "path": symbol.path,
            "name": symbol.name,
            "lines": [symbol.start_line, symbol.end_line],
            "bytes": [symbol.start_byte, symbol.end_byte],
        }
        return {**item, "location": {"uri": uri}, "data": data}

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
            raise UsageError("the symbol's `data` is not from workspace/symbol") from error
        folder, path = self._workspace.place(uri)
        source = await self._in_thread(lambda: self._workspace.source(folder, path))
        item["location"] = {"uri": uri, "range": answers.name_range(symbol, source, self._workspace.encoding)}
        return item

    async def document_symbol(self, params: Any) -> list[dict[str, Any]]:
        """textDocument/documentSymbol, for clients that set the option."""
        document = self._workspace.buffers.get(params.text_document.uri)
        if document is None:
            return []
        symbols = await self._in_thread(lambda: self._workspace.buffers.symbols_of(document))
        known = lookup(self._session.client, "textDocument.documentSymbol.symbolKind.valueSet")
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
        if lookup(self._session.client, "textDocument.codeAction.codeActionLiteralSupport"):
            return [{"title": command["title"], "kind": SIMILAR_ACTION, "command": command}]
        return [command]

    def _similar_command(self, title: str, uri: str, line: int) -> dict[str, Any]:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 0}}
        name = self._workspace.options.show_similar_command or "codesearch.server.pickSimilar"
        return {"title": title, "command": name, "arguments": [place]}

    async def code_lens(self, params: Any) -> list[dict[str, Any]]:
        """textDocument/codeLens: a lens for each function; near-duplicates are counted when it becomes visible."""
        document = self._workspace.buffers.get(params.text_document.uri)
        if document is None or not self._workspace.options.code_lens:
            return []
        symbols = await self._in_thread(lambda: self._workspace.buffers.symbols_of(document))
        data = document.data()
        return [
            {
                "range": answers.name_range(symbol, data, self._workspace.encoding),
                "data": {"uri": document.uri, "line": symbol.start_line - 1},
            }
            for symbol in symbols
            if symbol.kind in CALLABLES
        ]

    async def resolve_lens(self, params: Any) -> dict[str, Any]:
        """codeLens/resolve: count the near-duplicates."""
        data = params.data
        if not isinstance(data, dict) or not isinstance(data.get("uri"), str) or not isinstance(data.get("line"), int):
            raise UsageError("the code lens's `data` is not from textDocument/codeLens")
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


def _covers(kind: str) -> bool:
    return kind == "" or kind == SIMILAR_ACTION or SIMILAR_ACTION.startswith(kind + ".")
