"""A workspace folder: its index and the unsaved buffers in it, queried together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch import Filter, Line, Pattern, Query, Ranking, RerankBudget, Settings
from codesearch.core.cancellation import is_cancelled
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.types import Symbol
from codesearch.exact.answers import about, kept
from codesearch.service import unsaved
from codesearch_lsp.engine import Engine, State

if TYPE_CHECKING:
    from codesearch import Index
    from codesearch.service.unsaved import Record

T = TypeVar("T")

LONGEST_MESSAGE = 500
"""Characters of an error that a notification shows."""
TYPED_TEXTS = 8
"""Texts that the reranker embeds for one query that is being typed, besides those it has embedded before: 25 ms."""


def readable(error: CodesearchError) -> str:
    """Return an error's message for a notification: without lists of valid names."""
    text = error.brief if isinstance(error, UsageError) else str(error)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol that was found."""

    folder: Folder
    symbol: Symbol
    score: float
    unsaved: bool
    lines: tuple[Line, ...] = ()
    """The lines that match what must be there exactly."""


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
        self.unfinished = False
        """The last query found an index whose first run has not finished."""
        self._buffers = unsaved.UnsavedBuffers(is_cancelled)
        if root is not None:
            try:
                self.engine = Engine(Path(root), settings)
            except CodesearchError as error:
                self.problem = readable(error)
                self.missing = isinstance(error, NotFoundError)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.engine.settings if self.engine is not None else Settings()

    def too_broad(self) -> bool:
        """Return whether the root is too large to index unasked: the home folder or the root of a disk."""
        if self.root is None or self.engine is None or self.engine.index_path.exists():
            return False
        here = Path(self.root)
        return here == here.parent or here == Path(os.path.expanduser("~"))  # noqa: PTH111 -- raises without a home

    def is_away(self) -> bool:
        """Return whether the root does not exist, for example because its disk was removed."""
        return self.root is not None and not os.path.isdir(self.root)  # noqa: PTH112 -- never raises

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
        return self._buffers.paths

    def put(self, record: Record, text: bytes = b"") -> None:
        """Search a buffer in place of its file; its symbols were read from `text`."""
        self._buffers.put(record, text)

    def drop(self, path: str) -> None:
        """Search a file again instead of its buffer."""
        self._buffers.drop(path)

    def close(self) -> None:
        """Close the index and forget the buffers."""
        if self.engine is not None:
            self.engine.close()
        self._buffers.close()

    def leaves_out(self, path: str) -> bool:
        """Return whether the index leaves out a file that is on disk: it is ignored or excluded."""
        return self.engine is not None and self.engine.read(lambda index: unsaved.leaves_out(index, path))

    def query(
        self,
        query: Query,
        limit: int,
        on_first: Callable[[list[Found]], None] | None = None,
        *,
        typed: bool = False,
        pattern: Pattern | None = None,
    ) -> list[Found]:
        """Return the best hits, best first. `on_first` receives the fast ranking if the reranker has work to do.

        `typed` limits that work, for a query that is being typed. If there is a `pattern`, a line of each hit matches.
        """
        if pattern is not None:
            return self._holding(query, limit, pattern)
        budget = RerankBudget(TYPED_TEXTS if typed else None, keep_query=False, should_stop=is_cancelled)
        told = None if on_first is None else lambda fast: on_first(self._found(fast, limit))
        generation = self.engine.generation if self.engine is not None else None
        ranking = self._read(
            lambda index: self._buffers.rank(index, query, limit, generation=generation, on_first=told, budget=budget)
        )
        self.unfinished = not ranking.complete
        self.shortfall = ranking.problem
        self.embedded += ranking.embedded
        return self._found(ranking, limit)

    def _holding(self, query: Query, limit: int, pattern: Pattern) -> list[Found]:
        """Return the best hits with a line that matches."""
        lines = self._read(lambda index: self._buffers.matching(index, query, pattern))
        if not lines.paths:
            return []
        asked = about(query, lines.paths)
        budget = RerankBudget(keep_query=False, should_stop=is_cancelled)
        ranking = self._read(lambda index: self._buffers.rank(index, asked, limit, budget=budget))
        self.unfinished, self.shortfall = not ranking.complete, ranking.problem
        self.embedded += ranking.embedded
        found = kept(lines, ranking, limit)
        return [
            Found(self, hit.symbol, hit.score, hit.symbol.path in self.unsaved, found.matches[hit.rank])
            for hit in found.answer
        ]

    def matching(self, pattern: Pattern, where: Filter) -> tuple[list[Found], str]:
        """Return (symbols with the lines that match, by path and line; what is not searched, or "")."""
        groups, problem = self._read(lambda index: self._buffers.grouped(index, where, pattern))
        return [Found(self, one.symbol, 0.0, one.symbol.path in self.unsaved, one.lines) for one in groups], problem

    def _found(self, ranking: Ranking, limit: int) -> list[Found]:
        return [
            Found(self, item.candidate.symbol, item.score, item.candidate.unsaved) for item in ranking.ranked[:limit]
        ]

    def listing(self, limit: int) -> list[Found]:
        """Return some symbols, for a client that asks for all."""
        where = Filter(not_kinds=("module",))
        symbols = self._read(lambda index: self._buffers.listing(index, where, limit))
        return [Found(self, symbol, 0.0, False) for symbol in symbols]

    def at(self, path: str, line: int) -> tuple[bytes | None, Found] | None:
        """Return (vector, symbol) of the innermost symbol around a line (from 1)."""
        found = self._read(lambda index: self._buffers.at(index, path, line))
        return None if found is None else (found[0], Found(self, found[1], 1.0, found[2]))

    def nearest(self, vector: bytes, but: Found, limit: int, where: Filter) -> list[Found]:
        """Return the symbols most similar to a vector, best first."""
        exclude = but.symbol if but.folder is self else None
        near = self._read(lambda index: self._buffers.nearest(index, vector, exclude, limit, where))
        return [Found(self, symbol, score, in_buffer) for symbol, score, in_buffer in near]

    def count(self) -> None:
        """Count files and symbols."""
        if self.engine is None:
            return
        generation = self.engine.generation
        self.counted_at = time.monotonic()
        self.counts = self.engine.read(unsaved.counts)
        if self.engine.settings.second_stage:
            self.embedded = self.engine.read(lambda index: index.coverage()[0])
        self.counted = generation

    @property
    def counts_are_old(self) -> bool:
        """Whether the index has changed since it was counted, and is not changing now."""
        return self.engine is not None and self.state().fresh and self.counted != self.engine.generation

    def _read(self, work: Callable[[Index | None], T]) -> T:
        return work(None) if self.engine is None else self.engine.read(work)
