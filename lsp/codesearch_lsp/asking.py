"""What all questions have in common: a thread to work in, errors in words, hits as the protocol wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch_lsp import answers
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.parameters import Ask
from codesearch_lsp.stopping import Stop

if TYPE_CHECKING:
    from codesearch_lsp.server import Server
    from codesearch_lsp.workspace import Workspace

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]


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


class Asking:
    """Asks the folders of a workspace."""

    def __init__(self, server: Server) -> None:
        self._server = server

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

    def _folders(self, ask: Ask) -> list[Folder]:
        if ask.root is None:
            return self._workspace.all_folders()
        folder = self._workspace.folder_named(ask.root)
        if folder is None:
            raise UsageError(f"{ask.root} is not an open workspace folder")
        return [folder]

    def _hits(self, found: list[Found], snippet: int, weak: float = 0.0) -> list[dict[str, Any]]:
        sources: dict[tuple[int, str], bytes | None] = {}

        def source(one: Found) -> bytes | None:
            key = (id(one.folder), one.symbol.path)
            if key not in sources:
                sources[key] = self._workspace.source(*place_of(one))
            return sources[key]

        return [
            self._hit(one, rank, snippet, lambda one=one: source(one), weak)  # type: ignore[misc]
            for rank, one in enumerate(found, 1)
        ]

    def _hit(
        self, one: Found, rank: int, snippet: int, source: Callable[[], bytes | None], weak: float = 0.0
    ) -> dict[str, Any]:
        return answers.hit(
            one.symbol,
            rank=rank,
            score=one.score,
            uri=self._workspace.uri(*place_of(one)),
            root=one.folder.uri,
            unsaved=one.unsaved,
            encoding=self._workspace.encoding,
            source=source,
            lines=snippet,
            weak=weak,
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
            elif folder.shortfall:
                messages.append(f"{folder.name}: {folder.shortfall}")
            complete = complete and (state.fresh or bool(folder.note and folder.answers))
        return {"complete": complete, "message": "; ".join(messages)}

    def _near(self, folders: list[Folder], vector: bytes, of: Found, ask: Ask) -> list[Found]:
        near = [one for folder in folders for one in folder.nearest(vector, of, ask.limit, ask.where)]
        here = (self._workspace.uri(*place_of(of)), of.symbol.start_line, of.symbol.end_line)
        near = [
            one
            for one in merged(near)
            if (self._workspace.uri(*place_of(one)), one.symbol.start_line, one.symbol.end_line) != here
        ]
        return near[: ask.limit]


def place_of(one: Found) -> tuple[Folder, str]:
    """Return where an answer is: its folder, and the path there."""
    return one.folder, one.symbol.path


def merged(found: list[Found]) -> list[Found]:
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
