"""Handlers of the call hierarchy and of references, from those of the index, for clients that ask for them.

The index is that of the files on disk: calls in unsaved text are not seen before it is saved. What is only likely is
marked so in the detail of an item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from codesearch import Edge, Index, callees, callers
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import Symbol
from codesearch_lsp import answers
from codesearch_lsp.capabilities import lookup
from codesearch_lsp.folders import Folder
from codesearch_lsp.handlers import Handlers
from codesearch_lsp.positions import split_lines, word_at
from codesearch_lsp.protocol import Handler

MARK = "codesearch"
"""Names the source of an item beside those of other language servers."""
MOST_NAMED = 1000
"""Symbols of one name among which that of an item is looked for."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the symbol of an item is."""

    folder: Folder
    path: str
    start: int
    """Its first byte when the item was made."""
    qualname: str


class CallHandlers(Handlers):
    """Answers the requests of the call hierarchy."""

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        return {
            types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY: self.prepare,
            types.CALL_HIERARCHY_INCOMING_CALLS: self.incoming,
            types.CALL_HIERARCHY_OUTGOING_CALLS: self.outgoing,
            types.TEXT_DOCUMENT_REFERENCES: self.references,
        }

    async def prepare(self, params: Any) -> list[dict[str, Any]] | None:
        """textDocument/prepareCallHierarchy: the function or type around a position."""
        if not self._workspace.options.call_hierarchy:
            return None
        folder, path = self._workspace.place(params.text_document.uri)
        line = params.position.line + 1

        def find() -> list[dict[str, Any]] | None:
            found = folder.at(path, line)
            if found is None or found[1].symbol.kind == "module":
                return None
            return [self._item(folder, found[1].symbol)]

        return await self._in_thread(find)

    async def incoming(self, params: Any) -> list[dict[str, Any]]:
        """callHierarchy/incomingCalls: what calls an item."""

        def answer() -> list[dict[str, Any]]:
            folder, edges = self._edges(params.item, callers)
            return [
                {
                    "from": self._item(folder, edge.symbol, edge),
                    "fromRanges": self._ranges(folder, edge.symbol.path, edge.lines, str(params.item.name)),
                }
                for edge in edges
            ]

        return await self._in_thread(answer)

    async def outgoing(self, params: Any) -> list[dict[str, Any]]:
        """callHierarchy/outgoingCalls: what an item calls."""

        def answer() -> list[dict[str, Any]]:
            folder, edges = self._edges(params.item, callees)
            path = self._place(params.item).path
            return [
                {
                    "to": self._item(folder, edge.symbol, edge),
                    "fromRanges": self._ranges(folder, path, edge.lines, edge.symbol.name),
                }
                for edge in edges
            ]

        return await self._in_thread(answer)

    async def references(self, params: Any) -> list[dict[str, Any]] | None:
        """textDocument/references: the declaration and the resolved calls of the symbol named at a position."""
        if not self._workspace.options.references:
            return None
        uri, position = params.text_document.uri, params.position
        folder, path = self._workspace.place(uri)

        def answer() -> list[dict[str, Any]]:
            lines = split_lines((self._workspace.source(folder, path) or b"").decode("utf-8", "replace"))
            line = lines[position.line] if position.line < len(lines) else ""
            word = word_at(line, position.character, self._workspace.encoding)
            around = folder.at(path, position.line + 1) if word else None
            if around is None or folder.engine is None:
                return []
            try:
                target, edges = folder.engine.read(lambda index: _mentions(index, around[1].symbol, word))
            except NotFoundError:  # there is no index yet, or the file is not in it
                return []
            if target is None:
                return []
            found = [(target.path, [self._selection(folder, target)])] if params.context.include_declaration else []
            found += [(one.symbol.path, self._ranges(folder, one.symbol.path, one.lines, word)) for one in edges]
            return [
                {"uri": self._workspace.uri(folder, file), "range": place} for file, places in found for place in places
            ]

        return await self._in_thread(answer)

    def _selection(self, folder: Folder, symbol: Symbol) -> dict[str, Any]:
        source = self._workspace.source(folder, symbol.path)
        return answers.name_range(symbol, source, self._workspace.encoding)

    def _place(self, item: Any) -> _Place:
        data = item.data
        try:
            start, qualname = int(data["start"]), str(data["qualname"])
        except (TypeError, KeyError, ValueError) as error:
            raise UsageError("the item's `data` is not from textDocument/prepareCallHierarchy") from error
        folder, path = self._workspace.place(item.uri)
        return _Place(folder, path, start, qualname)

    def _edges(self, item: Any, ask: Callable[[Index, Symbol], list[Edge]]) -> tuple[Folder, list[Edge]]:
        place = self._place(item)
        folder = place.folder
        if folder.engine is None:
            return folder, []

        def read(index: Index) -> list[Edge]:
            named = index.symbols_named(str(item.name), limit=MOST_NAMED)
            same = [one for one in named if (one.path, one.qualname) == (place.path, place.qualname)]
            if not same:
                return []
            # Unsaved text above it may have moved it.
            return ask(index, min(same, key=lambda one: abs(one.start_byte - place.start)))

        try:
            return folder, folder.engine.read(read)
        except NotFoundError:  # there is no index yet, or the file is not in it
            return folder, []

    def _item(self, folder: Folder, symbol: Symbol, edge: Edge | None = None) -> dict[str, Any]:
        known = lookup(self._session.client, "workspace.symbol.symbolKind.valueSet")
        sure = "" if edge is None or edge.confidence == "exact" else f" ({edge.confidence})"
        whole = answers.line_range(symbol)
        source = self._workspace.source(folder, symbol.path)
        cell = answers.cell_at(symbol.path, source, symbol.start_line) or {}
        place = f" · cell {cell['cell']}:{cell['cellLine']}" if cell else ""
        return {
            "name": symbol.name,
            "kind": answers.symbol_kind(symbol.kind, known),
            "detail": f"{answers.container(symbol) or symbol.path}{place} · {MARK}{sure}",
            "uri": self._workspace.uri(folder, symbol.path),
            "range": whole,
            "selectionRange": self._selection(folder, symbol),
            "data": {"start": symbol.start_byte, "qualname": symbol.qualname, **cell},
        }

    def _ranges(self, folder: Folder, path: str, lines: tuple[int, ...], name: str) -> list[dict[str, Any]]:
        """Return the ranges of a name in some lines, or of the beginning of a line that has another name for it."""
        return answers.name_ranges(self._workspace.source(folder, path), lines, name, self._workspace.encoding)


def _mentions(index: Index, around: Symbol, word: str) -> tuple[Symbol | None, list[Edge]]:
    """Return the symbol that a word means in the source of another one or is the name of, and what calls it."""
    target: Symbol | None = around
    if around.name != word:
        target = next((one.symbol for one in callees(index, around) if one.symbol.name == word), None)
    return target, [] if target is None else callers(index, target)
