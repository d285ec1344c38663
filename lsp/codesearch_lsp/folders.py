"""A workspace folder: its index and the unsaved buffers in it, queried together."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.core.types import Symbol
from codesearch.embed import STATIC, Embedder, load
from codesearch.files import discover_only
from codesearch.rerank.job import RerankBudget
from codesearch.search import Filter, Query, Ranking, search
from codesearch.search.overlay import Overlay
from codesearch.store import FileRecord, Store
from codesearch_lsp.cancellation import cancellable, is_cancelled
from codesearch_lsp.engine import Engine, State

if TYPE_CHECKING:
    from codesearch.index import Index

T = TypeVar("T")

TYPED_TEXTS = 8
"""Texts that the reranker embeds for one query that is being typed, besides those it has embedded before: 25 ms."""


_LONG = re.compile(r"( instead of '[^']*')|([.;]? Known( settings)?: .*)", re.DOTALL)


def readable(error: CodesearchError) -> str:
    """Return an error's message as a notification shows it: without what it repeats and the list of valid names."""
    return _LONG.sub("", str(error).removeprefix("option: ")).rstrip(".;")


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """Return the static model, kept warm."""
    return load(STATIC)


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol that was found."""

    folder: Folder
    symbol: Symbol
    score: float
    unsaved: bool


class Folder:
    """One root, or (without `root`) the files that are in none. Methods block: call them from a thread."""

    def __init__(self, uri: str, name: str, root: str | None, settings: Mapping[str, Any] | None = None) -> None:
        """Open the folder's index. If that fails, `problem` says why, and the folder answers from buffers alone."""
        self.uri = uri
        self.name = name
        self.root = root
        self.real_root = None if root is None else os.path.realpath(root)
        """The root with all links resolved: two folders with the same one are the same."""
        self.problem = ""
        """Why the folder has no index, or why the client's latest settings for it are not in force."""
        self.missing = False
        """The root does not exist; it may come back."""
        self.note = ""
        """Why the folder is not being indexed though nothing is wrong."""
        self.engine: Engine | None = None
        self.implicit = False
        """It was opened for a file, not by the client."""
        self.counts: tuple[int, int] = (0, 0)
        """(files, symbols) when they were last counted."""
        self.counted: tuple[int, int] | None = None
        """The generation of the index that was counted."""
        self.counted_at = 0.0
        """When, on the monotonic clock."""
        self.embedded = 0
        """Symbols that the reranker had embedded then, and those it has embedded since."""
        self.shortfall = ""
        """Why the last query was answered without the reranker, or ""."""
        self._overlay: Overlay | None = None
        self._closed = False
        self._making = threading.Lock()
        if root is not None:
            try:
                self.engine = Engine(Path(root), settings)
            except CodesearchError as error:
                self.problem = readable(error)
                self.missing = isinstance(error, NotFoundError)

    @property
    def file_options(self) -> Any:
        """The settings that decide which files are indexed."""
        from codesearch.files import FileOptions

        return self.engine.settings.file_options() if self.engine is not None else FileOptions()

    def too_broad(self) -> bool:
        """Return whether the root is too large to index unasked: the home folder or the root of a disk."""
        if self.root is None or self.engine is None or self.engine.index_path.exists():
            return False
        here = Path(self.root)
        return here == here.parent or here == Path(os.path.expanduser("~"))  # noqa: PTH111 -- raises without a home

    def state(self) -> State:
        """Return the state of the index."""
        return self.engine.status() if self.engine is not None else State(fresh=not self.problem, problem=self.problem)

    @property
    def answers(self) -> bool:
        """Whether there is an index to query, however old."""
        return self.engine is not None and (self.state().ready or self.engine.index_path.exists())

    @property
    def unsaved(self) -> frozenset[str]:
        """The paths of the buffers that answer in place of their files."""
        return self._overlay.paths if self._overlay is not None else frozenset()

    def put(self, record: FileRecord, text: bytes = b"") -> None:
        """Let a buffer answer in place of its file; `text` is what its symbols were read from."""
        with self._making:
            if not self._closed:
                self._opened_overlay().put(record, text)

    def drop(self, path: str) -> None:
        """Let a file answer again."""
        with self._making:
            if self._overlay is not None and not self._closed:
                self._overlay.drop(path)

    def _opened_overlay(self) -> Overlay:
        if self._overlay is None:
            self._overlay = Overlay()
        return self._overlay

    def close(self) -> None:
        """Close the index and forget the buffers."""
        if self.engine is not None:
            self.engine.close()
        with self._making:
            self._closed = True
            if self._overlay is not None:
                self._overlay.close()

    def leaves_out(self, path: str) -> bool:
        """Return whether the index leaves out a file that is on disk: it is ignored or excluded."""
        if self.engine is None:
            return False

        def look(index: Index) -> bool:
            store = index.reader()
            if store is not None and store.file(path) is not None:
                return False
            if not (index.root / path).exists():
                return False
            found = discover_only(index.root, [path], index.settings.file_options())
            return found is not None and path not in [one.path for one in found.files]

        return self.engine.read(look)

    def query(
        self,
        query: Query,
        limit: int,
        on_first: Callable[[list[Found]], None] | None = None,
        *,
        typed: bool = False,
    ) -> list[Found]:
        """Return the best hits, best first. `on_first` receives the fast ranking if the reranker has work to do.

        `typed` limits that work, for a query that is being typed.
        """
        budget = RerankBudget(TYPED_TEXTS if typed else None, keep_query=False, should_stop=is_cancelled)
        overlay = self._overlay
        buffers = (
            overlay.view(self.engine.generation if self.engine is not None else None) if overlay is not None else None
        )
        if self.engine is None:
            ranking = search(None, query, embedder().quantised_query(query.text), limit, buffers=buffers)
            return self._found(ranking, limit)
        told = None if on_first is None else lambda fast: on_first(self._found(fast, limit))

        def ask(index: Index) -> list[Found]:
            store = index.reader()
            if store is None and buffers is None:
                return []
            with cancellable(store):
                ranking = index.rank(query, limit=limit, buffers=buffers, on_first=told, budget=budget)
            self.shortfall = ranking.problem
            self.embedded += ranking.embedded
            return self._found(ranking, limit)

        return self.engine.read(ask)

    def _found(self, ranking: Ranking, limit: int) -> list[Found]:
        return [
            Found(self, item.candidate.symbol, item.score, item.candidate.unsaved) for item in ranking.ranked[:limit]
        ]

    def listing(self, limit: int) -> list[Found]:
        """Return some symbols, for a client that asks for all."""

        def first(store: Store | None) -> list[Found]:
            if store is None:
                return []
            return [Found(self, symbol, 0.0, False) for symbol in store.listing(Filter(not_kinds=("module",)), limit)]

        return self._with_store(first)

    def at(self, path: str, line: int) -> tuple[bytes | None, Found] | None:
        """Return (vector, symbol) of the innermost symbol around a line (from 1)."""
        overlay = self._overlay
        if overlay is not None and path in overlay.paths:
            mine = overlay.at(path, line)
            return None if mine is None else (mine[0], Found(self, mine[1], 1.0, True))

        def look(store: Store | None) -> tuple[bytes | None, Found] | None:
            found = store.at(path, line) if store is not None else None
            if store is None or found is None:
                return None
            return store.vector_of(found[0]), Found(self, found[1], 1.0, False)

        return self._with_store(look)

    def nearest(self, vector: bytes, but: Found, limit: int, where: Filter) -> list[Found]:
        """Return the symbols most similar to a vector, best first."""
        own = but.folder is self
        with self._making:
            overlay = self._opened_overlay()

        def look(store: Store | None) -> list[Found]:
            found = overlay.nearest(store, vector, but.symbol if own else None, limit, where)
            return [Found(self, symbol, score, unsaved) for symbol, score, unsaved in found]

        return self._with_store(look)

    def count(self) -> None:
        """Count files and symbols."""
        generation = self.engine.generation if self.engine is not None else None
        self.counted_at = time.monotonic()

        def look(store: Store | None) -> tuple[int, int]:
            if store is None:
                return 0, 0
            counts = store.counts()
            return counts["files"], counts["symbols"]

        self.counts = self._with_store(look)
        if self.engine is not None and self.engine.settings.second_stage:
            self.embedded = self.engine.read(lambda index: index.coverage()[0])
        self.counted = generation

    @property
    def counts_are_old(self) -> bool:
        """Whether the index has changed since it was counted, and is not changing now."""
        return self.engine is not None and self.state().fresh and self.counted != self.engine.generation

    def _with_store(self, work: Callable[[Store | None], T]) -> T:
        if self.engine is None:
            return work(None)

        def look(index: Index) -> T:
            store = index.reader()
            with cancellable(store):
                return work(store)

        return self.engine.read(look)
