"""Unsaved buffers: an index in memory of the files that differ from disk, searched together with the index.

The saved version of such a file does not answer. The symbols of buffers are scored with the word statistics of the
index, because those of a few open files would be meaningless.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from codesearch import embed
from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.rerank.job import Source, siblings_of
from codesearch.search.candidates import ALL_FIELDS, NAME_FIELDS, Candidate, gather_minor, named, with_terms
from codesearch.search.phrases import PhraseReader
from codesearch.search.query import Query
from codesearch.store import FileRecord, Store, exact
from codesearch.store.match import Match, Words

_MAX_SYMBOLS = 2000
"""Maximum number of candidates from buffers for one query."""
_MAX_FREQUENCIES = 4096
"""Maximum number of words whose frequency in the index is cached."""
_MIN_IDF = 1e-6
"""The weight that FTS5 gives to a word in more than half of all texts."""


class Counts(Protocol):
    """How many texts an index has that are not minor, or those that match: `Store` is one."""

    def count(self, match: Match | None = None) -> int:
        """Return the number of texts."""


@dataclass(frozen=True, eq=False)  # without slots: the overlay keeps weak references to its views
class BufferView:
    """The buffers of an overlay, as one query sees them: those in `paths`, even if they are dropped meanwhile."""

    overlay: Overlay
    paths: frozenset[str]
    generation: object

    def candidates(self, store: Counts | None, query: Query, vector: bytes) -> list[Candidate]:
        """Return the candidates among the buffers' symbols."""
        return self.overlay.candidates(store, query, vector, self)

    def sources(self, ids: Iterable[int]) -> dict[int, Source]:
        """Return where the reranker finds the texts of some candidates."""
        return self.overlay.sources(ids)

    def nearest(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[Symbol, float]]:
        """Return (symbol, cosine) of the buffers' symbols that are nearest to a static vector."""
        return [found for found in self.overlay.nearest(vector, limit, where) if found[0].path in self.paths]


class Overlay:
    """The symbols of buffers, by path. Thread-safe: a lock guards its one connection."""

    def __init__(self, model: str = embed.STATIC) -> None:
        self._lock = threading.Lock()
        self._store = Store(Path(":memory:"), writable=True)
        self._texts: dict[str, bytes] = {}
        self._store.count_phrases_by(PhraseReader.of_buffers(self._store, self._texts).counts)
        embedder = embed.load(model)
        self._store.use_model(embedder.model_id, embedder.dims)
        self._paths: frozenset[str] = frozenset()
        self._dropped: set[str] = set()
        """Buffers that answer no longer, but may be in the view of a query that is running."""
        self._views: weakref.WeakSet[BufferView] = weakref.WeakSet()
        self._frequencies: OrderedDict[Match | None, int] = OrderedDict()
        self._generation: object = None

    @property
    def paths(self) -> frozenset[str]:
        """The files whose saved version does not answer."""
        return self._paths

    def put(self, record: FileRecord, text: bytes = b"") -> None:
        """Let a buffer answer in place of its file. The reranker reads the symbols from `text`."""
        with self._lock:
            self._store.replace([record])
            self._texts[record.path] = text
            self._paths |= {record.path}
            self._dropped.discard(record.path)

    def drop(self, path: str) -> None:
        """Let a file answer for itself again."""
        if path not in self._paths:
            return
        with self._lock:
            self._paths -= {path}
            self._dropped.add(path)
            self._forget_dropped()

    def _forget_dropped(self) -> None:
        """Remove the dropped buffers that no running query sees any more."""
        gone = self._dropped.difference(*(view.paths for view in self._views))
        self._store.remove(gone)
        for path in gone:
            self._texts.pop(path, None)
        self._dropped -= gone

    def at(self, path: str, line: int) -> tuple[bytes | None, Symbol] | None:
        """Return (vector, symbol) of the innermost symbol around a line (from 1) of a buffer."""
        with self._lock:
            found = self._store.at(path, line)
            return (self._store.vector_of(found[0]), found[1]) if found is not None else None

    def symbols(self, path: str) -> list[Symbol]:
        """Return the symbols of a buffer in the order of their lines."""
        with self._lock:
            return [symbol for symbol in self._store.listing() if symbol.path == path]

    def texts(self) -> dict[str, bytes]:
        """Return what the buffers hold, by path."""
        with self._lock:
            return {path: text for path, text in self._texts.items() if path in self._paths}

    def passing(self, path: str, where: Filter | None) -> list[tuple[Symbol, bool]]:
        """Return the symbols of a buffer without details, and whether each passes a filter."""
        with self._lock:
            return exact.symbols(self._store, path, where)

    def view(self, generation: object = None) -> BufferView | None:
        """Return what `codesearch.search.search` takes as `buffers`; None if there are no buffers.

        `generation` says which state of the index is searched; word frequencies are remembered while it is the same.
        """
        with self._lock:
            if self._dropped:
                self._forget_dropped()
            if not self._paths:
                return None
            view = BufferView(self, self._paths, generation)
            self._views.add(view)
            return view

    def sources(self, ids: Iterable[int]) -> dict[int, Source]:
        """Return where the texts of some candidates come from, by their (negative) ids."""
        with self._lock:
            found = self._store.model_vectors("").of_symbols(-id for id in ids)
            symbols = self._store.symbols(item.symbol for item in found)
            files: dict[str, Sequence[Symbol]] = {}
            sources = {}
            for item in found:
                symbol = symbols[item.symbol].symbol
                siblings = siblings_of(self._store, item.symbol, symbol, files)
                sources[-item.symbol] = Source(item.content, symbol, siblings, buffer=self._texts.get(symbol.path, b""))
            return sources

    def nearest(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[Symbol, float]]:
        """Return (symbol, cosine) of the symbols that are nearest to a static vector."""
        with self._lock:
            near = self._store.vector_candidates(vector, limit, where)
            symbols = self._store.symbols(id for id, _ in near)
        return [(symbols[id].symbol, score) for id, score in near]

    def candidates(self, store: Counts | None, query: Query, vector: bytes, view: BufferView) -> list[Candidate]:
        """Return the candidates among the symbols of a view; `store` is the index, whose word frequencies count too."""
        if view.generation is None or view.generation != self._generation:
            self._frequencies.clear()
            self._generation = view.generation
        total = self._total(store)
        text: dict[int, float] = {}
        names: dict[int, float] = {}
        with self._lock:
            size = self._store.count()
            for term in query.terms:
                for only_names, weights, scores in ((False, ALL_FIELDS, text), (True, NAME_FIELDS, names)):
                    match = Match((Words((term,)),), only_names)
                    found = self._store.text_candidates(match, weights, size, query.where)
                    if not found:
                        continue
                    everywhere = self._frequency(store, match) if total else 0
                    here = len(self._store.text_candidates(match, weights, size)) if query.where else len(found)
                    factor = _idf(total + size, everywhere + here) / _idf(size, here)
                    for id, score in found:
                        scores[id] = scores.get(id, 0.0) + score * factor
            near = dict(self._store.vector_candidates(vector, _MAX_SYMBOLS, query.where)) if any(vector) else {}
            ids = {*text, *names, *near}
            ids.update(named(self._store, query, _MAX_SYMBOLS))
            best = sorted(ids, key=lambda id: -(text.get(id, 0.0) + near.get(id, 0.0)))[:_MAX_SYMBOLS]
            symbols = list(with_terms(self._store, query, self._store.symbols(best)))
            minor = gather_minor(self._store, query, vector)
        answers = [replace(one, id=-one.id, content=0) for one in minor] + [
            Candidate(
                -id,  # ids in the index count from 1
                symbol,
                frozenset(roles.split()),
                text.get(id, 0.0),
                names.get(id, 0.0),
                near.get(id, 0.0),
                0,
                terms,
                share,
            )
            for id, (symbol, roles, _), _, terms, share in symbols
        ]
        return [one for one in answers if one.symbol.path in view.paths]

    def _total(self, store: Counts | None) -> int:
        """Return the number of symbols in the index."""
        if store is None:
            return 0
        if None not in self._frequencies:
            self._frequencies[None] = store.count()
        return self._frequencies[None]

    def _frequency(self, store: Counts | None, match: Match) -> int:
        """Return the number of symbols in the index that match."""
        known = self._frequencies.get(match)
        if known is None:
            known = store.count(match) if store is not None else 0
            self._frequencies[match] = known
            if len(self._frequencies) > _MAX_FREQUENCIES:
                self._frequencies.popitem(last=False)
        return known


def _idf(texts: int, holding: int) -> float:
    """Return the weight of a word, as FTS5's bm25() computes it."""
    return max(math.log((texts - holding + 0.5) / (holding + 0.5)), _MIN_IDF)
