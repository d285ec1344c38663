"""Handlers of the requests that look at a whole folder: the clones of a function, and the map with a symbol selected.

They run one at a time, in a thread of their own, so that queries are answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import cancellation
from codesearch.core.cancellation import is_cancelled
from codesearch.core.errors import CodesearchError, IndexBusyError, NotFoundError, UnwritableError, UsageError
from codesearch.core.log import Log
from codesearch.core.replacing import replace_text
from codesearch_lsp import parameters, uris
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.handlers import Handlers, place_of
from codesearch_lsp.parameters import Ask
from codesearch_lsp.protocol import Handler
from codesearch_lsp.status import completeness

if TYPE_CHECKING:
    from codesearch import Index, Symbol
    from codesearch.atlas.clones import How
    from codesearch.atlas.map import Map

log = Log("codesearch_lsp")

MAP_ENDING = ".map.html"
"""Ends the name of the page, which is written beside the index."""


class SurveyHandlers(Handlers):
    """Answers codesearch/clones and codesearch/map, and their commands."""

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        return {"codesearch/clones": self.clones, "codesearch/map": self.map}

    def commands(self) -> dict[str, Handler]:
        """Return the handlers by command."""
        return {"codesearch.server.clones": self.clones_command, "codesearch.server.map": self.map_command}

    # -- codesearch/clones ------------------------------------------------------------------------

    async def clones(self, params: object = None) -> dict[str, Any]:
        """codesearch/clones."""
        raw = parameters.object_of(params)
        uri, line = parameters.place(raw)
        ask = parameters.ask(raw, self._workspace.options.limit)
        await self._workspace.buffers.settle()
        folders = self._folders(ask)
        return await self._in_thread(lambda: self._clones(folders, uri, line, ask), self._workspace.surveys)

    async def clones_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.clones."""
        found: dict[str, Any] = await self.clones(parameters.similar_arguments(arguments))
        return found

    def _clones(self, folders: Sequence[Folder], uri: str, line: int, ask: Ask) -> dict[str, Any]:
        from codesearch.atlas.clone_search import is_compared
        from codesearch.atlas.clones import ORDER

        state = completeness([*folders])
        folder, path = self._workspace.place(uri)
        found = folder.at(path, line + 1)
        if found is None or not is_compared(found[1].symbol):
            why = state["message"] or f"{path}:{line + 1}: no function or type is indexed here"
            return {"of": None, "hits": [], "complete": state["complete"], "message": why}
        of = found[1]
        answer = {
            "of": self._hit(of, 0, ask.snippet, lambda: self._workspace.source(*place_of(of))),
            "hits": [],
            **state,
        }
        data = self._workspace.source(folder, path)
        if data is None:
            return {**answer, "message": f"{path} cannot be read"}
        source = data[of.symbol.start_byte : of.symbol.end_byte]
        try:
            near = [one for folder in folders for one in _in_folder(folder, of, source, ask)]
        except UsageError as error:  # too short
            return {**answer, "message": str(error)}
        cancellation.check()
        near.sort(key=lambda one: (ORDER.index(one[1]), -one[0].score))
        hits = self._hits([one for one, _ in near[: ask.limit]], ask.snippet)
        for hit, (_, how) in zip(hits, near, strict=False):
            hit["how"] = how
        return {**answer, "hits": hits}

    # -- codesearch/map ---------------------------------------------------------------------------

    async def map(self, params: object = None) -> dict[str, Any]:
        """codesearch/map."""
        raw = parameters.object_of(params)
        place = parameters.place(raw) if raw.get("textDocument") is not None else None
        root = parameters.text(raw, "root", optional=True)
        folder = self._folder_of(root, place)
        await self._workspace.buffers.settle()
        return await self._in_thread(lambda: self._map(folder, place), self._workspace.surveys)

    async def map_command(self, *arguments: Any) -> dict[str, Any]:
        """codesearch.server.map: for clients that cannot show a page of their own, in the browser."""
        found: dict[str, Any] = await self.map(parameters.similar_arguments(arguments))
        await self._session.protocol.ask_client("window/showDocument", {"uri": found["uri"], "external": True})
        return found

    def _folder_of(self, root: str | None, place: tuple[str, int] | None) -> Folder:
        folders = [one for one in self._workspace.folders if one.engine is not None]
        if root is not None:
            folder = self._workspace.folder_named(root)
            if folder is None:
                raise UsageError(f"{root} is not an open workspace folder")
            return folder
        if place is not None:
            folder = self._workspace.place(place[0])[0]
            if folder.engine is None:
                raise UsageError("the file is in no folder that is indexed, so there is no map of it")
            return folder
        if len(folders) != 1:
            raise UsageError(f"{len(folders)} folders are open: name the one to draw with `root`")
        return folders[0]

    def _map(self, folder: Folder, place: tuple[str, int] | None) -> dict[str, Any]:
        from codesearch.atlas import page

        if folder.engine is None:
            raise UsageError(f"{folder.name} has no map: {folder.problem}")
        state = completeness([folder])
        of = None
        if place is not None and self._workspace.place(place[0])[0] is folder:
            of = folder.at(self._workspace.place(place[0])[1], place[1] + 1)
        with folder.engine.opened() as index:
            drawn = _drawn(index)
        at = None if of is None else _place_on(drawn, of[1].symbol)
        file = folder.engine.index_path.with_name(folder.engine.index_path.stem + MAP_ENDING)
        _write(file, page.page(drawn, selected=at))
        selected = None
        if of is not None and at is not None:
            one = of[1]
            selected = self._hit(one, 0, 0, lambda: self._workspace.source(*place_of(one)))
        missing = of is not None and at is None and of[1].symbol.kind != "module"
        return {
            "uri": uris.from_path(str(file)),
            "root": folder.uri,
            "of": selected,
            "symbols": len(drawn.rows),
            "clusters": len(drawn.clustering.clusters),
            "complete": state["complete"],
            "message": state["message"]
            or (f"{of[1].symbol.qualname} is not on the map: it is not saved, or too small" if of and missing else ""),
        }


def _in_folder(folder: Folder, of: Found, source: bytes, ask: Ask) -> list[tuple[Found, How]]:
    """Return the clones in one folder, each with how it differs. Raises UsageError for source that is too short."""
    from codesearch.atlas.clone_search import clones_of

    if folder.engine is None:
        return []
    but = of.symbol if folder is of.folder else None
    language = of.symbol.language

    def search(index: Index) -> list[tuple[Found, How]]:
        found = clones_of(index, source, language, but=but, where=ask.where or None, should_stop=is_cancelled)
        return [(Found(folder, one.symbol, one.similarity, False), one.how) for one in found]

    try:
        return folder.engine.read(search)
    except NotFoundError:  # there is no index yet
        return []


def _drawn(index: Index) -> Map:
    """Return the map: from the table of related code, or the fast one while another process writes the index."""
    from codesearch.atlas import map as atlas
    from codesearch.atlas import related

    try:
        related.refresh(index, on_progress=_stop_if_cancelled)
        how = "neighbours"
    except (IndexBusyError, UnwritableError) as error:
        log.info("the map is drawn without the table of related code: %s", error)
        how = "pca"
    return atlas.drawn(index, how=how, on_progress=_stop_if_cancelled)


def _stop_if_cancelled(_share: float) -> None:
    cancellation.check()


def _place_on(drawn: Map, symbol: Symbol) -> int | None:
    """Return the place on the map of a symbol, which unsaved text may have moved."""
    same = [
        (abs(row.start_line - symbol.start_line), at)
        for at, row in enumerate(drawn.rows)
        if (row.path, row.qualname, row.kind) == (symbol.path, symbol.qualname, symbol.kind)
    ]
    return min(same)[1] if same else None


def _write(file: Path, text: str) -> None:
    """Replace a file at once: another window may be reading it. Raises CodesearchError."""
    try:
        replace_text(file, text)
    except OSError as error:
        raise CodesearchError(f"{file}: the map cannot be written ({error.strerror or error})") from error
