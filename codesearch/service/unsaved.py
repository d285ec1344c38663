"""The unsaved buffers of one tree, searched together with its index: what a language server needs besides `Service`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.filter import Filter
from codesearch.embed import STATIC, Embedder, load
from codesearch.rerank.job import UNLIMITED, RerankBudget
from codesearch.search import Query, Ranking, nearest, query_vector, resolved, search
from codesearch.search.overlay import Overlay
from codesearch.settings import Settings
from codesearch.store.location import FILE, FOLDER
from codesearch.store.roots import enclosing_root, holds_everything

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.exact.groups import LineGroup, Lines
    from codesearch.exact.pattern import Pattern
    from codesearch.exact.tree import Tree
    from codesearch.index import Index
    from codesearch.store import FileRecord, Store

    Record = FileRecord
    """What a `BufferReader` makes of a buffer."""


@lru_cache(maxsize=1)
def _embedder() -> Embedder:
    return load(STATIC)


class UnsavedBuffers:
    """The buffers that answer in place of their files. Thread-safe.

    Methods that take an `index` answer from both; with None, from the buffers alone.
    """

    def __init__(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """`should_stop` is called in the thread of a query; if it returns True, the query ends with an exception."""
        self._should_stop = should_stop
        self._overlay: Overlay | None = None
        self._closed = False
        self._lock = threading.Lock()

    @property
    def paths(self) -> frozenset[str]:
        """The files whose saved version does not answer."""
        overlay = self._overlay
        return overlay.paths if overlay is not None else frozenset()

    def put(self, record: Record, text: bytes = b"") -> None:
        """Let a buffer answer in place of its file; `text` is what its symbols were read from."""
        with self._lock:
            if not self._closed:
                self._opened().put(record, text)

    def drop(self, path: str) -> None:
        """Let a file answer again."""
        with self._lock:
            if self._overlay is not None and not self._closed:
                self._overlay.drop(path)

    def close(self) -> None:
        """Forget the buffers; later ones are ignored. A query that is running still sees those it began with."""
        with self._lock:
            self._closed = True
            self._overlay = None

    def _opened(self) -> Overlay:
        if self._overlay is None:
            self._overlay = Overlay()
        return self._overlay

    @contextmanager
    def _reading(self, index: Index | None) -> Iterator[Store | None]:
        store = index.reader() if index is not None else None
        if store is None:
            yield None
            return
        with store.stopped_if(self._should_stop):
            yield store

    # -- asking ---------------------------------------------------------------------------------------

    def rank(
        self,
        index: Index | None,
        query: Query,
        limit: int,
        *,
        generation: object = None,
        on_first: Callable[[Ranking], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> Ranking:
        """Rank the candidates for a query as `Index.rank` does, those of the buffers among them.

        `generation` changes whenever the content of the index does.
        """
        overlay = self._overlay
        buffers = overlay.view(generation) if overlay is not None else None
        if index is None:
            return search(None, query, query_vector(_embedder(), query), limit, buffers=buffers)
        with self._reading(index):
            return index.rank(
                query, limit=limit, buffers=buffers, may_be_missing=True, on_first=on_first, budget=budget
            )

    def matching(self, index: Index | None, query: Query, pattern: Pattern) -> Lines:
        """Return the lines that a pattern matches where a question may be answered: in files, or buffers of theirs.

        Raises UsageError if the pattern cannot be understood, or takes too long.
        """
        from codesearch.exact import groups

        with self._searched(index, query.where) as (tree, where):
            return groups.Lines([groups.found(tree, pattern, where, should_stop=self._should_stop)])

    def grouped(self, index: Index | None, where: Filter, pattern: Pattern) -> tuple[list[LineGroup], str]:
        """Return (every line that a pattern matches, by symbol, in files, or buffers of theirs; what is not searched).

        Raises as `matching`.
        """
        from codesearch.exact import groups

        with self._searched(index, where) as (tree, where):
            found = list(groups.grouped(tree, groups.found(tree, pattern, where, should_stop=self._should_stop), where))
            return found, "" if tree.store is None else tree.not_searched()

    @contextmanager
    def _searched(self, index: Index | None, where: Filter) -> Iterator[tuple[Tree, Filter]]:
        """Yield what is searched for exact text, and a filter as its index understands it."""
        from codesearch.exact.tree import Tree

        settings = index.settings if index is not None else Settings()
        root = index.root if index is not None else Path()
        with self._reading(index) as store:
            where = where if index is None else resolved(where, index.root, index.path)
            yield Tree(root, store, settings.file_options(), settings.parse_timeout, self._overlay), where

    def listing(self, index: Index | None, where: Filter, limit: int) -> list[Symbol]:
        """Return some symbols of the index, by path and line."""
        with self._reading(index) as store:
            return list(store.listing(where, limit)) if store is not None else []

    def at(self, index: Index | None, path: str, line: int) -> tuple[bytes | None, Symbol, bool] | None:
        """Return (vector, symbol, whether from a buffer) of the innermost symbol around a line (from 1)."""
        overlay = self._overlay
        if overlay is not None and path in overlay.paths:
            mine = overlay.at(path, line)
            return None if mine is None else (*mine, True)
        with self._reading(index) as store:
            found = store.at(path, line) if store is not None else None
            return None if store is None or found is None else (store.vector_of(found[0]), found[1], False)

    def nearest(
        self, index: Index | None, vector: bytes, exclude: Symbol | None, limit: int, where: Filter
    ) -> list[tuple[Symbol, float, bool]]:
        """Return (symbol, similarity 0..1, whether from a buffer) of the nearest to a vector, without `exclude`."""
        with self._lock:
            overlay = self._opened()
        with self._reading(index) as store:
            asked = where if index is None else resolved(where, index.root, index.path)
            near = nearest(store, vector, exclude, limit, asked, buffers=overlay.view())
        return [(one.symbol, one.score, one.unsaved) for one in near]


def counts(index: Index) -> tuple[int, int]:
    """Return the numbers of (files, symbols) in an index."""
    store = index.reader()
    if store is None:
        return 0, 0
    found = store.counts()
    return found["files"], found["symbols"]


def leaves_out(index: Index, path: str) -> bool:
    """Return whether an index leaves out a file that is on disk: it is ignored or excluded."""
    store = index.reader()
    if (store is not None and store.file(path) is not None) or not (index.root / path).exists():
        return False
    from codesearch.files import discover_only

    found = discover_only(index.root, [path], index.settings.file_options())
    return found is not None and path not in [one.path for one in found.files]


def text_of(path: str, settings: Settings) -> bytes | None:
    """Return the text of a file as it is extracted: UTF-8, with lines that end in LF or CRLF. None if it is no text."""
    from codesearch.files import decode
    from codesearch.files.reading import read_plain

    try:
        decoded = decode(read_plain(path, settings.max_file_size + 1))
    except (OSError, ValueError):
        return None
    return None if isinstance(decoded, str) else decoded[0]


def repository_of(file: Path) -> Path | None:
    """Return the repository or the indexed folder around a file, unless it holds everything (`/`, the user's home)."""
    try:
        root = enclosing_root(file.parent)
        known = (root / FOLDER / FILE).exists() or (root / ".git").exists()
    except OSError:
        return None
    return root if known and not holds_everything(root) else None
