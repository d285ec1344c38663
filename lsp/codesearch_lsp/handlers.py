"""What the handlers have in common: a thread to work in, and symbols as the protocol describes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from codesearch.core.errors import UsageError
from codesearch_lsp import answers
from codesearch_lsp.cancellation import Cancellation
from codesearch_lsp.folders import Folder, Found
from codesearch_lsp.parameters import Ask
from codesearch_lsp.session import Session

T = TypeVar("T")


class Handlers:
    """Answers from the folders of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._workspace = session.workspace

    async def _in_thread(self, work: Callable[[], T], pool: Executor | None = None) -> T:
        """Run work that a cancellation of the request ends, in a thread of those for queries or of another pool."""
        cancellation = Cancellation()

        def answer() -> T:
            with cancellation.working():
                return work()

        try:
            return await asyncio.get_running_loop().run_in_executor(pool or self._workspace.queries, answer)
        finally:
            cancellation.cancel()  # has an effect only if the request was cancelled

    def _folders(self, ask: Ask) -> list[Folder]:
        if ask.root is None:
            return self._workspace.all_folders()
        folder = self._workspace.folder_named(ask.root)
        if folder is None:
            raise UsageError(f"{ask.root} is not an open workspace folder")
        return [folder]

    def _hits(self, found: list[Found], snippet: int, weak: float = 0.0) -> list[dict[str, Any]]:
        sources: dict[tuple[Folder, str], bytes | None] = {}

        def source(one: Found) -> bytes | None:
            key = place_of(one)
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
            unsaved=self._is_unsaved(one),
            encoding=self._workspace.encoding,
            source=source,
            lines=snippet,
            weak=weak,
            matches=one.lines,
        )

    def _is_unsaved(self, one: Found) -> bool:
        """Return whether a symbol is in a buffer that differs from its file; in no folder, all buffers answer."""
        document = self._workspace.buffers.at(*place_of(one))
        return one.unsaved and (document is None or document.differs)

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
    """Return the folder and the path of a symbol."""
    return one.folder, one.symbol.path


def merged(found: list[Found]) -> list[Found]:
    """Return the symbols of several folders as one list; one that is in two folders, which may be nested, once."""
    ordered = sorted(found, key=lambda one: -one.score)
    seen: set[tuple[str, int, int, str]] = set()
    kept = []
    for one in ordered:
        key = (
            f"{one.folder.real_root}/{one.symbol.path}",
            one.symbol.start_byte,
            one.symbol.end_byte,
            one.symbol.qualname,
        )
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept
