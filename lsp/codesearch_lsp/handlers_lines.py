"""Handlers of the requests about lines: which match a regular expression, and which cells of notebooks they are in."""

from __future__ import annotations

from typing import Any

from codesearch import Pattern
from codesearch_lsp import answers, parameters
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.handlers import Handlers, merged
from codesearch_lsp.parameters import MAX_LIMIT, Ask
from codesearch_lsp.protocol import Handler
from codesearch_lsp.status import completeness


class LineHandlers(Handlers):
    """Answers codesearch/lines and codesearch/cells."""

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        return {"codesearch/lines": self.lines, "codesearch/cells": self.cells_of}

    async def lines(self, params: object = None) -> dict[str, Any]:
        """codesearch/lines: every line that a regular expression matches, by symbol."""
        raw = parameters.object_of(params)
        pattern = parameters.pattern(raw.get("exact"))
        ask = parameters.ask(raw, MAX_LIMIT)
        await self._workspace.buffers.settle()
        folders = self._folders(ask)
        return await self._in_thread(lambda: self._lines(folders, pattern, ask))

    def _lines(self, folders: list[Folder], pattern: Pattern, ask: Ask) -> dict[str, Any]:
        found: list[Found] = []
        problems: list[str] = []
        for folder in folders:
            some, problem = folder.matching(pattern, ask.where)
            found += some
            problems += [problem] if problem else []
        found = merged(found)
        state = completeness(folders)
        return {
            "hits": self._hits(found[: ask.limit], ask.snippet),
            "lines": sum(len(one.lines) for one in found),
            "symbols": len(found),
            "complete": state["complete"],
            "message": state["message"] or "; ".join(problems),
        }

    async def cells_of(self, params: object = None) -> dict[str, Any]:
        """codesearch/cells: which cells lines of notebooks' files are in."""
        places = parameters.places(parameters.object_of(params))
        return {"cells": await self._in_thread(lambda: [self._cell(uri, line) for uri, line in places])}

    def _cell(self, uri: str, line: int) -> dict[str, int] | None:
        folder, path = self._workspace.place(uri)
        return answers.cell_at(path, self._workspace.source(folder, path), line + 1)
