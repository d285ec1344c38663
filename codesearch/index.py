"""The index of one tree, as programs use it: open, update, query."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codesearch import embed, search
from codesearch.core.dirs import expand_home
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.filter import Filter
from codesearch.core.names import signs_of
from codesearch.core.tokens import name_key
from codesearch.core.types import Answer, Hit, Symbol
from codesearch.indexing.plan import Plan, is_complete, is_current, plan
from codesearch.indexing.request import LOCK_TIMEOUT, Progress, Report, UpdateRequest
from codesearch.rerank.job import UNLIMITED, Job, RerankBudget
from codesearch.rerank.reranker import Reranker
from codesearch.search import source
from codesearch.search.open_store import OpenStore
from codesearch.settings import Settings, load_layers, merge, problems
from codesearch.store import Store, location

if TYPE_CHECKING:
    from codesearch.rerank.backfill import BackfillProgress, BackfillReport
    from codesearch.search.explain import Why
    from codesearch.status import Status

PLAN_SECONDS = 2.0
"""A comparison of tree and index that waits longer than this for the lock is made again."""


class Index:
    """The index of one tree. Open it with `open_index`, and close it or use it as a context manager.

    Not thread-safe: open one per thread. Any number of processes may read while one writes.
    """

    def __init__(self, root: Path, settings: Settings, warnings: tuple[str, ...] = ()) -> None:
        self.root = root
        """The folder, absolute."""
        self.settings = settings
        """The settings in force."""
        self.warnings = warnings
        """Problems of files whose settings are not used, such as a `pyproject.toml` in the middle of a merge."""
        self._location = location.locate(root, settings.db)
        self._store = OpenStore(root, self.path)
        self._prefetched: Job | None = None

    @property
    def path(self) -> Path:
        """The index file."""
        return self._location.path

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the place of the index."""
        return (self._location.note,) if self._location.note else ()

    @property
    def reranker_id(self) -> str:
        """The id of the reranker's model; "" if the settings switch it off. Raises as `check_model`."""
        return self._reranker.model_id if self._reranker.enabled else ""

    @cached_property
    def _embedder(self) -> embed.Embedder:
        """The static model, opened once: opening it costs more than embedding a query."""
        return embed.load(embed.STATIC)

    @cached_property
    def _reranker(self) -> Reranker:
        return Reranker(self.root, self.path, self.settings)

    # -- open and close ---------------------------------------------------------------------------

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def flush(self) -> str:
        """Write the vectors that `RerankBudget.write_later` put off; return why the user's cache fails, or ""."""
        return self._store.flush()

    def close(self) -> None:
        """Close the index file. The next call of a method opens it again."""
        self._store.close()

    def reader(self) -> Store | None:
        """Return the open store, or None if there is no index that this version can read. It is not a stable API."""
        if (store := self._store.get()) is None:
            return None
        meta = store.meta()
        return store if "rules" in meta and meta.get("model") == self._embedder.model_id else None

    def required_reader(self) -> Store:
        """Return the same. Raises NotFoundError if there is none."""
        if (store := self.reader()) is None:
            raise NotFoundError(f"{self.root}: not indexed yet; run `codesearch index {self.root}` (or Index.update())")
        return store

    # -- update -----------------------------------------------------------------------------------

    def update(
        self,
        *,
        rebuild: bool = False,
        lock_timeout: float = LOCK_TIMEOUT,
        on_progress: Callable[[Progress], None] | None = None,
        on_wait: Callable[[str], None] | None = None,
        paths: Iterable[str] | None = None,
        should_stop: Callable[[], bool] | None = None,
        words: Iterable[str] = (),
    ) -> Report:
        """Bring the index up to date with the tree; costs next to nothing if nothing has changed.

        `rebuild` starts from nothing. `on_progress` is called after each batch, `on_wait` with a message if another
        process is writing; the update waits up to `lock_timeout` seconds for it, then raises IndexBusyError.

        `paths` (files or folders below the root, with `/`) limit it to what may have changed there. `should_stop` is
        called before each batch; if it returns True, the update ends early, and the next one continues with the
        `Report.left` files; of many changed files it reads those first that hold the `words` of the question that waits
        for it, and else those that changed last. Interrupting it loses nothing.
        Raises UnwritableError if the index cannot be written, StoreError if it cannot be used.
        """
        return self.apply(
            UpdateRequest(
                rebuild=rebuild,
                lock_timeout=lock_timeout,
                paths=None if paths is None else tuple(paths),
                on_progress=on_progress,
                on_wait=on_wait,
                should_stop=should_stop,
                words=tuple(words),
            )
        )

    def apply(self, request: UpdateRequest) -> Report:
        """Do what `update` does. A request can also lend worker processes that are already running."""
        todo: Plan | None = None
        made: tuple[float, tuple[int, ...]] = (0.0, ())
        if not request.rebuild and request.paths is None and (store := self._store.get()) is not None:
            made = time.monotonic(), self.version()
            todo = plan(self.root, store, self.settings)
            if todo.empty and is_complete(store):
                return Report(unchanged=todo.unchanged, notes=(*self.notes, *todo.left_out.notes))
        if todo is None:
            self.close()

        def planned() -> Plan | None:
            """Return the plan if it is still valid: it is recent, and no other process has written since."""
            valid = todo is not None and time.monotonic() - made[0] < PLAN_SECONDS and made[1] == self.version()
            return todo if valid else None

        from codesearch.indexing import update  # a query of an unchanged tree does not need it

        report = update.update(self.root, self.path, self.settings, request, planned)
        self.close()
        return replace(report, notes=(*self.notes, *report.notes))

    def embed_all(
        self,
        *,
        on_progress: Callable[[BackfillProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> BackfillReport:
        """Embed every symbol for the reranker, so that no query has to; return when it is done.

        `on_progress` is called every few seconds, `should_stop` every few texts; if it returns True, the run ends
        early. An update in another process does not wait for it. Interrupting it loses at most the last seconds.
        Raises UsageError if the settings switch the reranker off, ModelError if its model cannot be used.
        """
        from codesearch.rerank.backfill import backfill

        if not self._reranker.enabled:
            raise UsageError("the reranker is off, so there is nothing to embed: see the settings model and embed")
        store = self.required_reader()
        return backfill(self._reranker, store, self.path, on_progress=on_progress, should_stop=should_stop)

    def remove(self) -> bool:
        """Delete the index file; return whether there was one. Raises IndexBusyError if a process is writing it."""
        self.close()
        existed = self.path.exists()
        with location.writer_lock(self.path, timeout=0.0):
            location.remove(self.path)
        return existed

    # -- query ------------------------------------------------------------------------------------

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
        Raises UsageError for a query that cannot be understood, NotFoundError if there is no index, or no such model.
        """
        limit = self._limit(limit)
        told = None if on_first is None else lambda fast: on_first(fast.answer(limit))
        return self.rank(search.parse(text, where), limit=limit, on_first=told, budget=budget).answer(limit)

    def prefetch(self, text: str | search.Query, *, where: Filter | None = None) -> None:
        """Prefetch for an upcoming query: start to embed it in the background. Does nothing if there is no index.

        Raises as `query`.
        """
        if (store := self.reader()) is not None:
            query = search.understood(store, search.parse(text, where))
            self._prefetched = self._reranker.begin(store, query.text, is_name=query.is_name)

    def rank(
        self,
        query: search.Query,
        *,
        limit: int | None = None,
        buffers: search.Buffers | None = None,
        may_be_missing: bool = False,
        on_first: Callable[[search.Ranking], None] | None = None,
        budget: RerankBudget = UNLIMITED,
    ) -> search.Ranking:
        """Return every candidate for a parsed query, with the reasons for its rank; the first `limit` are the answer.

        `buffers` are searched together with the index. If it `may_be_missing` (an update may be rebuilding it), they
        answer alone, and the ranking is not complete. Otherwise this works as `query`.
        """
        limit = self._limit(limit)
        store = self.reader() if may_be_missing else self.required_reader()
        complete = store is not None and is_complete(store)
        begun, self._prefetched = self._prefetched, None
        where = search.resolved(query.where, self.root, self.path)
        query = search.understood(store, replace(query, where=where, tree=name_key(self.root.name)))
        asked = partial(self._reranker.begin, is_name=query.is_name, prefetched=begun, rerank=budget.rerank)
        job = asked(store, query.text, typed=budget.limit is not None) if store else None
        vector = search.query_vector(self._embedder, query)
        told = None if on_first is None else lambda fast: on_first(replace(fast, complete=complete))
        found = search.search(store, query, vector, limit, job=job, buffers=buffers, on_first=told, budget=budget)
        self._store.pending += found.writes
        return replace(found, complete=complete)

    def why(self, text: str, path: str, line: int, where: Filter | None = None) -> Why:
        """Return why the symbol at a line (from 1) of a file has its rank for a query.

        `path` is relative to the root. Raises UsageError if the query cannot be understood, NotFoundError if there is
        no index or the file has no such line.
        """
        from codesearch.search import explain

        tree = explain.Tree(self.root, self.settings.file_options(), self.settings.limit)
        query = search.parse(text, where)
        query = replace(query, where=search.resolved(query.where, self.root, self.path))
        path = search.real_path(path, self.root) or path
        return explain.why(self.required_reader(), tree, query, path, line, lambda: self.rank(query))

    def similar(self, path: str, line: int, *, limit: int | None = None, where: Filter | None = None) -> Answer:
        """Return the symbols most similar to the one at a line (from 1) of a file, best first.

        `path` is relative to the root. Raises NotFoundError if there is no index, or no symbol there.
        """
        store = self.required_reader()
        found = self._at(store, path, line)
        vector = store.vector_of(found[0])
        return self._near(store, vector, found[1], limit, where) if vector is not None else Answer()

    def similar_to(
        self, code: str, language: str = "", *, limit: int | None = None, where: Filter | None = None
    ) -> Answer:
        """Return the symbols most similar to a piece of code that is in no file; otherwise as `similar`.

        `language` is its language; "" guesses. Of several definitions in it, the largest is compared.
        """
        from codesearch.search import pasted

        store = self.required_reader()
        return self._near(store, pasted.vector_of(store, self._embedder, code, language), None, limit, where)

    def _near(
        self, store: Store, vector: bytes, exclude: Symbol | None, limit: int | None, where: Filter | None
    ) -> Answer:
        where = None if where is None else search.resolved(where, self.root, self.path)
        near = search.nearest(store, vector, exclude, self._limit(limit), where)
        hits = tuple(Hit(rank, one.score, one.symbol) for rank, one in enumerate(near, 1))
        return Answer(hits, search.filter_note(store, where), complete=is_complete(store))

    def _limit(self, limit: int | None) -> int:
        wanted = self.settings.limit if limit is None else limit
        if wanted < 1:
            raise UsageError(f"the limit must be at least 1, not {wanted}")
        return wanted

    # -- symbols and their source -----------------------------------------------------------------

    def symbols(self, where: Filter | None = None, *, limit: int = -1) -> Iterator[Symbol]:
        """Yield the symbols that pass a filter, by path and line; `limit` -1 means all. Raises NotFoundError."""
        return self.required_reader().listing(search.resolved(where or Filter(), self.root, self.path), limit)

    def filter_note(self, where: Filter) -> str:
        """Return what to say about path filters that no indexed file passes; "" if there are none."""
        return search.filter_note(self.reader(), search.resolved(where, self.root, self.path))

    def symbol_at(self, path: str, line: int) -> Symbol:
        """Return the innermost symbol around a line (from 1) of a file, relative to the root. Raises NotFoundError."""
        return self._at(self.required_reader(), path, line)[1]

    def symbols_named(self, name: str, *, limit: int = 50) -> list[Symbol]:
        """Return the symbols with a name, best first, in any case style; `Engine.Run` also names the container.

        Raises NotFoundError if there is no index.
        """
        query = search.parse(name)
        limit = self._limit(limit)
        found = search.search(self.required_reader(), query, search.query_vector(self._embedder, query), limit)
        symbols = [item.candidate.symbol for item in found.ranked[:limit]]
        named = [symbol for symbol in symbols if search.is_named(symbol, query)]
        # `save` also finds `save!`, unless there is a `save`.
        return [symbol for symbol in named if signs_of(symbol.name) == query.signs] or named

    def source(
        self, symbol: Symbol, *, context: int = 0, head: int | None = None, whole: bool = False
    ) -> tuple[int, list[str]]:
        """Return (number of the first line, lines) of a symbol, with `context` lines around it.

        The file is read as it is now: if it has changed, other lines may be there; if it is gone, there are none.
        `head` limits the number of lines of the symbol; without `whole`, 400 is the maximum.
        """
        options = self.settings.file_options()
        return source.lines_of(self.root, options, symbol, context=context, head=head, whole=whole)

    def is_changed(self, path: str) -> bool:
        """Return whether a file differs from what was indexed, so that its symbols may be at other lines now."""
        return source.is_changed(self.root, self.settings.file_options(), self.required_reader(), path)

    def _at(self, store: Store, path: str, line: int) -> tuple[int, Symbol]:
        found = store.at(path, line)
        if found is None and (real := search.real_path(path, self.root)) is not None:
            found = store.at(real, line)
        if found is None:
            raise NotFoundError(source.why_missing(self.root, self.settings.file_options(), store, path, line))
        return found

    # -- state ------------------------------------------------------------------------------------

    def status(self) -> Status:
        """Return what the index holds, compared with the tree at this moment."""
        from codesearch import status

        return status.status(self.root, self.path, self.settings, self._store.get(), self._reranker, self.notes)

    def check_model(self) -> None:
        """Raise NotFoundError if the settings name a model that does not exist."""
        if self.settings.second_stage:
            try:
                embed.load(self.settings.second_stage)
            except NotFoundError:
                raise
            except CodesearchError:
                return  # report a damaged model only when it is needed

    def coverage(self) -> tuple[int, int]:
        """Return (symbols that the reranker has a vector of, symbols); (0, 0) without an index."""
        from codesearch import status

        return status.coverage(self._store.get(), self._reranker)

    @property
    def complete(self) -> bool:
        """Whether there is an index, and the first pass over the tree was finished."""
        store = self.reader()
        return store is not None and is_complete(store)

    @property
    def current(self) -> bool:
        """Whether there is an index made by the rules in force. It may lack what has changed since."""
        store = self._store.get()
        return store is not None and is_current(store, self.settings)

    def paths(self) -> list[str]:
        """Return the paths of the indexed files, in no particular order; none if there is no index."""
        store = self._store.get()
        return [] if store is None else store.paths()

    def version(self) -> tuple[int, ...]:
        """Return a token that changes whenever another process has modified the index; () if there is none."""
        return self._store.version()


def open_index(path: str | os.PathLike[str] = ".", **settings: Any) -> Index:
    """Open the index of the tree at `path`. Nothing is read or written until a method is called.

    `settings` override files and environment; docs/configuration.md lists their names:
    `open_index("src", limit=20, exclude=["gen/**"])`. Raises NotFoundError if there is no such folder, UsageError for
    a setting that cannot be understood.

    >>> with codesearch.open_index("path/to/repo") as index:
    ...     index.update()
    ...     for hit in index.query("where are failed uploads retried"):
    ...         print(hit.symbol.path, hit.symbol.start_line, hit.symbol.qualname)
    """
    root = expand_home(os.fspath(path))
    try:
        exists = root.exists()
    except (OSError, ValueError) as error:  # a name that is too long, a folder that may not be entered
        raise NotFoundError(f"{root}: cannot be opened: {getattr(error, 'strerror', '') or error}") from error
    if not exists:
        raise NotFoundError(f"{root}: no such folder")
    if not root.is_dir():
        raise NotFoundError(f"{root}: is a file; name the folder to search (and `path:{root.name}` in the query)")
    root = Path(os.path.abspath(root))  # noqa: PTH100 -- resolve() would follow links out of the tree as named
    layers = load_layers(root, settings)
    return Index(root, merge(layers), problems(layers))
