"""The index of one tree, as programs use it: open, update, ask."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codesearch import embed, search
from codesearch.core.dirs import expand_home
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.core.types import Answer, Hit, Skipped, Symbol
from codesearch.indexing import update
from codesearch.indexing.plan import Plan, is_complete, is_current, plan
from codesearch.indexing.update import Progress, Report
from codesearch.indexing.worker import Task
from codesearch.rerank.job import UNLIMITED, Job, PendingWrites, RerankBudget
from codesearch.rerank.reranker import Reranker
from codesearch.settings import Settings, load
from codesearch.store import NeedsMigrationError, Store, location

if TYPE_CHECKING:
    from codesearch.indexing.update import PoolFactory
    from codesearch.rerank.backfill import BackfillProgress, BackfillReport
    from codesearch.search.explain import Why

PLAN_LASTS = 2.0
"""Seconds that a comparison of tree and index may wait for the lock; later it is made again."""
SNIPPET_LINES = 400
"""A snippet never has more lines than this, whatever context is asked for."""


@dataclass(frozen=True, slots=True)
class Status:
    """What an index holds, compared with its tree at this moment."""

    root: Path
    index: Path
    exists: bool
    model: str
    files: int
    symbols: int
    vectors: int
    lines: int
    source_bytes: int
    index_bytes: int
    languages: tuple[tuple[str, int, int], ...]
    """(language, files, symbols), most symbols first."""
    skipped: tuple[Skipped, ...]
    """Source files that are not searchable, and folders that could not be read."""
    other_files: tuple[tuple[str, int], ...]
    """(extension, files) of files in no language codesearch knows, most first."""
    changed: int
    """Files that differ from what the index knows, or are new."""
    deleted: int
    notes: tuple[str, ...]
    second_stage: str = ""
    """The model that looks at the best of the fast ranking, by the settings; "" for none."""
    embedded: int = 0
    """Symbols that it has a vector of."""
    cache: Path | None = None
    """Where its vectors are shared with the user's other indexes; None if they are not."""
    cache_bytes: int = 0
    cache_limit: int = 0

    @property
    def fresh(self) -> bool:
        """Whether the index is what the tree is."""
        return self.exists and not self.changed and not self.deleted


class Index:
    """The index of one tree. Open it with `open_index`; close it, or use it as a context manager.

    Not thread-safe: open one for each thread. Any number of processes may read while one writes.
    """

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self._location = location.locate(root, settings.db)
        self._store: Store | None = None
        self._opened = (0, 0)
        self._prefetched: Job | None = None
        self._writes: list[PendingWrites] = []

    @property
    def path(self) -> Path:
        """The index file."""
        return self._location.path

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about where the index is kept."""
        return (self._location.note,) if self._location.note else ()

    @cached_property
    def _embedder(self) -> embed.Embedder:
        """The static model, opened once: opening it costs more than a query's vector."""
        return embed.load(embed.STATIC)

    @cached_property
    def reranker(self) -> Reranker:
        """The second stage, by the settings of this index."""
        return Reranker(self.root, self.path, self.settings)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def flush(self) -> str:
        """Write the vectors that `RerankBudget.write_later` put off; return why the user's cache fails, or ""."""
        writes, self._writes = self._writes, []
        problem = ""
        for pending in writes:
            problem = pending.flush() or problem
        return problem

    def close(self) -> None:
        """Close the index file. Asking again opens it again."""
        self.flush()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _existing(self) -> Store | None:
        """Return the store, or None if there is no index yet that can be read."""
        try:
            status = self.path.stat()
        except OSError:
            self.close()
            return None
        if self._store is not None and self._opened != (status.st_dev, status.st_ino):
            self.close()  # another process has rebuilt the index: ours would be the deleted one for ever
        if self._store is None:
            try:
                self._store = Store(self.path)
            except NeedsMigrationError:
                return None
            self._opened = (status.st_dev, status.st_ino)
        return self._store

    def reader(self) -> Store | None:
        """Return what the index can be read by; None while there is nothing to read."""
        store = self._existing()
        if store is None:
            return None
        meta = store.meta()
        return store if "rules" in meta and meta.get("model") == self._embedder.model_id else None

    def _reading(self) -> Store:
        store = self.reader()
        if store is None:
            raise NotFoundError(f"{self.root}: not indexed yet; run `codesearch index {self.root}` (or Index.update())")
        return store

    def update(
        self,
        *,
        rebuild: bool = False,
        lock_timeout: float = 600.0,
        on_progress: Callable[[Progress], None] | None = None,
        on_wait: Callable[[str], None] | None = None,
        paths: Iterable[str] | None = None,
        should_stop: Callable[[], bool] | None = None,
        pools: PoolFactory | None = None,
    ) -> Report:
        """Bring the index up to date with the tree; costs next to nothing when nothing changed.

        `rebuild` starts from nothing. `on_progress` is called after each batch, `on_wait` with a message if another
        process is writing; it waits up to `lock_timeout` seconds, then raises IndexBusyError. Interrupting it loses
        nothing.

        `paths` (files or folders below the root, with `/`) restrict it to what may have changed there. `should_stop` is
        asked before each batch; True ends the update early, and `Report.left` files wait for the next one.
        `pools` lends worker processes that run already (`indexing.pool.WarmPools`).
        Raises UnwritableError if the index cannot be written, StoreError if it cannot be used.
        """
        request = update.UpdateRequest(
            rebuild=rebuild,
            lock_timeout=lock_timeout,
            paths=None if paths is None else tuple(paths),
            on_progress=on_progress,
            on_wait=on_wait,
            should_stop=should_stop,
            pools=pools,
        )
        todo: Plan | None = None
        made: tuple[float, tuple[int, ...]] = (0.0, ())
        if not rebuild and paths is None and (store := self._existing()) is not None:
            made = time.monotonic(), self.version()
            todo = plan(self.root, store, self.settings)
            if todo.empty and is_complete(store):
                return Report(unchanged=todo.unchanged, notes=(*self.notes, *todo.discovery.notes))
        if todo is None:
            self.close()

        def planned() -> Plan | None:
            """Return the plan if it still holds: nobody else has written, and the tree was looked at just now."""
            holds = todo is not None and time.monotonic() - made[0] < PLAN_LASTS and made[1] == self.version()
            return todo if holds else None

        report = update.update(self.root, self.path, self.settings, request, planned)
        self.close()
        return replace(report, notes=(*self.notes, *report.notes))

    def embed_all(
        self,
        *,
        on_progress: Callable[[BackfillProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> BackfillReport:
        """Have the model of the second stage embed all that no query has needed yet; return when it is done.

        `progress` hears how far it is, `until` is asked every few texts, and ends it by saying True. An update in
        another process does not wait for it. Interrupting it loses no more than the last seconds.
        Raises UsageError if the settings want no second stage, ModelError if the model cannot be used.
        """
        from codesearch.rerank.backfill import backfill

        if not self.reranker.enabled:
            raise UsageError("there is no second stage to embed for: see the settings model and embed")
        return backfill(self.reranker, self._reading(), self.path, on_progress=on_progress, should_stop=should_stop)

    def prefetch(self, text: str | search.Query, *, where: Filter | None = None) -> None:
        """Prefetch for an upcoming query: start to embed it in the background. Does nothing if there is no index.

        Raises as `query`.
        """
        if (store := self.reader()) is not None:
            query = search.parse(text, where)
            self._prefetched = self.reranker.begin(store, query.text, is_name=bool(query.name))

    def query(
        self,
        text: str | search.Query,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        on_first: Callable[[Answer], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> Answer:
        """Return the symbols that answer `text`, best first; it may hold filters such as `lang:go -path:test`.

        `on_first` is called with the fast ranking if the reranker then has texts to embed; `budget` bounds that work.
        If the reranker fails, the answer is the fast ranking, and its `problem` says why.
        Raises UsageError for a query that cannot be understood, NotFoundError for a model that does not exist.
        """
        limit = self._limit(limit)
        complete = is_complete(self._reading())
        told = None if on_first is None else lambda fast: on_first(_answer(fast, limit, complete=complete))
        return _answer(
            self.rank(search.parse(text, where), limit=limit, on_first=told, budget=budget), limit, complete=complete
        )

    def rank(
        self,
        query: search.Query,
        *,
        limit: int | None = None,
        buffers: search.Buffers | None = None,
        on_first: Callable[[search.Ranking], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> search.Ranking:
        """Return every candidate for a parsed query, with the reasons of its rank; the first `limit` are the answer.

        `buffers` are searched together with the index; the rest is as for `query`. With buffers the index may be
        missing: then they alone answer.
        """
        store = self._reading() if buffers is None else self.reader()
        prefetched, self._prefetched = self._prefetched, None
        job = None
        if store is not None:
            job = self.reranker.begin(store, query.text, is_name=bool(query.name), prefetched=prefetched)
        vector = self._embedder.quantised_query(query.text)
        ranking = search.search(
            store, query, vector, self._limit(limit), job=job, buffers=buffers, on_first=on_first, budget=budget
        )
        if ranking.writes is not None:
            self._writes.append(ranking.writes)
        return ranking

    def ranked(
        self,
        text: str | search.Query,
        *,
        limit: int | None = None,
        where: Filter | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> tuple[Answer, list[search.Ranked]]:
        """Return every candidate, as an answer and with the reasons of its rank; the first `limit` answer `query`.

        Raises as `query`.
        """
        complete = is_complete(self._reading())
        found = self.rank(search.parse(text, where), limit=limit, budget=budget)
        return _answer(found, None, complete=complete), found.ranked

    def why(self, text: str, path: str, line: int, where: Filter | None = None) -> Why:
        """Return why the symbol at a line (from 1) of a file is where it is among the answers to a query.

        `path` is relative to the root. Raises UsageError if the query cannot be understood, NotFoundError if there is
        no index or the file has no such line.
        """
        from codesearch.search import explain

        tree = explain.Tree(self.root, self.settings.file_options(), self.settings.limit)
        query = search.parse(text, where)
        return explain.why(self._reading(), tree, query, path, line, lambda: self.ranked(query))

    def similar(self, path: str, line: int, *, limit: int | None = None, where: Filter | None = None) -> Answer:
        """Return the symbols most like the one at a line (from 1) of a file (relative to the root), best first."""
        store = self._reading()
        found = self._at(store, path, line)
        near = search.nearest(store, found[0], self._limit(limit), where)
        symbols = store.symbols(id for id, _ in near)
        hits = tuple(Hit(place, score, symbols[id][0]) for place, (id, score) in enumerate(near, 1))
        return Answer(hits, complete=is_complete(store))

    def _limit(self, limit: int | None) -> int:
        wanted = self.settings.limit if limit is None else limit
        if wanted < 1:
            raise UsageError(f"the limit must be at least 1, not {wanted}")
        return wanted

    def symbols(self, where: Filter | None = None, *, limit: int = -1) -> Iterator[Symbol]:
        """Yield the symbols that pass a filter, by path and line."""
        return self._reading().listing(where, limit)

    def symbol_at(self, path: str, line: int) -> Symbol:
        """Return the innermost symbol around a line (from 1) of a file. Raises NotFoundError."""
        return self._at(self._reading(), path, line)[1]

    def symbols_named(self, name: str, *, limit: int = 50) -> list[Symbol]:
        """Return the symbols of a name, in any case style; `Engine.Run` asks for the containers too, best first."""
        query = search.parse(name)
        limit = self._limit(limit)
        found = search.search(self._reading(), query, self._embedder.quantised_query(query.text), limit)
        symbols = [item.candidate.symbol for item in found.ranked[:limit]]
        return [symbol for symbol in symbols if _is_named(symbol, name)]

    def source(
        self, symbol: Symbol, *, context: int = 0, head: int | None = None, whole: bool = False
    ) -> tuple[int, list[str]]:
        """Return (first line's number, lines) of a symbol as the file is now, with `context` lines around it.

        `head` cuts it after that many lines; without `whole` it has at most SNIPPET_LINES. A file that is gone or has
        changed gives what is there now.
        """
        from codesearch.files import Source, read_source

        source = read_source(self.root, symbol.path, self.settings.file_options())
        if not isinstance(source, Source):
            return symbol.start_line, []
        lines = source.data.decode("utf-8", "replace").split("\n")
        first = max(1, symbol.start_line - context)
        last = min(len(lines), symbol.end_line + context)
        if head is not None:
            last = min(last, symbol.start_line + head - 1 + context)
        if not whole:
            last = min(last, first + SNIPPET_LINES - 1)
        return first, [line.rstrip("\r") for line in lines[first - 1 : last]]

    def _at(self, store: Store, path: str, line: int) -> tuple[int, Symbol]:
        found = store.at(path, line)
        if found is None:
            raise NotFoundError(self._why_not(store, path, line))
        return found

    def _why_not(self, store: Store, path: str, line: int) -> str:
        known = store.file(path)
        if known is not None and known[0] is not None:
            return f"{path}: left out of the index: {known[0]}" + (f" ({known[1]})" if known[1] else "")
        if known is not None:
            return f"{path}:{line}: the file has no such line"
        if not (self.root / path).exists():
            return f"{path}: no such file under {self.root}"
        return f"{path}: not in the index: it is ignored, excluded, or in no language codesearch knows"

    def _is_same(self, task: Task) -> bool:
        """Return whether a file that may have changed is what the index knows, or left out for the same reason."""
        from codesearch.files import Source, read_source

        store = self._existing()
        known = store.file(task.path) if store is not None else None
        if known is None:
            return False
        source = read_source(self.root, task.path, self.settings.file_options())
        if isinstance(source, Source):
            return source.hash == task.state.hash
        return source.reason == known[0]

    def status(self) -> Status:
        """Return what the index holds and whether it is what the tree is, true at this moment."""
        store = self._existing()
        todo = plan(self.root, store, self.settings)
        counts = store.counts() if store is not None else {}
        meta = store.meta() if store is not None else {}
        files = (self.path, Path(f"{self.path}-wal"))
        skipped = [] if store is None else [Skipped(*row) for row in store.skipped()]
        embedded = 0
        problem: tuple[str, ...] = ()
        try:
            embedded, _ = self.coverage()
        except CodesearchError as error:  # the model: it is not what this is about
            problem = (str(error),)
        cache, cache_bytes, cache_problem = self._shared_cache()
        return Status(
            root=self.root,
            index=self.path,
            exists="rules" in meta,
            model=meta.get("model", ""),
            files=counts.get("files", 0),
            symbols=counts.get("symbols", 0),
            vectors=counts.get("vectors", 0),
            lines=counts.get("lines", 0),
            source_bytes=counts.get("bytes", 0),
            index_bytes=sum(file.stat().st_size for file in files if file.exists()),
            languages=() if store is None else tuple(store.languages()),
            skipped=(*skipped, *todo.discovery.skipped),
            other_files=tuple(sorted(todo.discovery.unknown.items(), key=lambda item: (-item[1], item[0]))),
            changed=sum(not self._is_same(task) for task in todo.changed),
            deleted=len(todo.deleted),
            notes=(*self.notes, *todo.discovery.notes, *problem, *cache_problem),
            second_stage=self.settings.second_stage,
            embedded=embedded,
            cache=cache,
            cache_bytes=cache_bytes,
            cache_limit=self.settings.cache_size,
        )

    def _shared_cache(self) -> tuple[Path | None, int, tuple[str, ...]]:
        """Return (file, its bytes, what is wrong with it) of the user's cache, if the settings want it."""
        if not self.settings.cache or not self.settings.second_stage:
            return None, 0, ()
        from codesearch.rerank import shared_cache

        path = shared_cache.location()
        problem = shared_cache.problem(path)
        return path, 0 if path is None or problem else shared_cache.size(path), (problem,) if problem else ()

    def check_model(self) -> None:
        """Raise NotFoundError if the settings name a model that does not exist."""
        if self.settings.second_stage:
            try:
                embed.load(self.settings.second_stage)
            except NotFoundError:
                raise
            except CodesearchError:
                return  # a damaged one is told when it is needed

    def coverage(self) -> tuple[int, int]:
        """Return (symbols that the model of the second stage has a vector of, symbols); (0, 0) without an index."""
        store = self._existing()
        if store is None or not self.reranker.enabled:
            return 0, 0 if store is None else store.count()
        return store.model_vectors(self.reranker.model_id).coverage()

    @property
    def current(self) -> bool:
        """Whether there is an index made by the rules in force, though it may lack what has changed since."""
        store = self._existing()
        return store is not None and is_current(store, self.settings)

    def paths(self) -> list[str]:
        """Return the paths of the files the index knows, in no particular order; none before it is made."""
        store = self._existing()
        return [] if store is None else store.paths()

    def version(self) -> tuple[int, ...]:
        """Return what is another whenever anybody else has changed the index since this object opened it."""
        store = self._existing()
        return () if store is None else (*self._opened, store.version())

    def remove(self) -> bool:
        """Delete the index file; return whether there was one."""
        self.close()
        there = self.path.exists()
        with location.writer_lock(self.path, timeout=0.0):
            location.remove(self.path)
        return there


def _answer(ranking: search.Ranking, limit: int | None, *, complete: bool) -> Answer:
    hits = tuple(
        Hit(
            place,
            item.score,
            item.candidate.symbol,
            tuple(f"{copy.symbol.path}:{copy.symbol.start_line}" for copy in item.copies),
            tuple(one.symbol for one in item.folded),
        )
        for place, item in enumerate(ranking.ranked[:limit], 1)
    )
    return Answer(hits, ranking.problem, complete=complete, refined=ranking.refined)


def _is_named(symbol: Symbol, name: str) -> bool:
    from codesearch.core.tokens import name_key

    key = name_key(name)
    return (bool(key) and key in (name_key(symbol.name), name_key(symbol.qualname))) or (
        name_key(symbol.qualname).endswith(key) and key.endswith(name_key(symbol.name))
    )


def open_index(path: str | os.PathLike[str] = ".", **settings: Any) -> Index:
    """Open the index of the tree at `path`; nothing is read or written until it is asked for something.

    `settings` override those of files and environment, by the names in docs/configuration.md:
    `open_index("src", limit=20, exclude=["gen/**"])`. Raises NotFoundError if there is no such folder, UsageError for
    a setting that cannot be understood.

    >>> with codesearch.open_index("path/to/repo") as index:
    ...     index.update()
    ...     for hit in index.query("where are failed uploads retried"):
    ...         print(hit.symbol.path, hit.symbol.start_line, hit.symbol.qualname)
    """
    root = expand_home(os.fspath(path))
    if not root.exists():
        raise NotFoundError(f"{root}: no such folder")
    if not root.is_dir():
        raise NotFoundError(f"{root}: is a file; name the folder to search (and `path:{root.name}` in the query)")
    root = Path(os.path.abspath(root))  # noqa: PTH100 -- resolve() would follow links out of the tree as named
    return Index(root, load(root, settings))


def enclosing_root(start: Path) -> Path:
    """Return the root that a command run in `start` means: the nearest folder above with an index or a git tree."""
    for folder in (start, *start.parents):
        if (folder / location.FOLDER / location.FILE).exists() or (folder / ".git").exists():
            return folder
    return start
