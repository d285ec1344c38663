"""From a query to a ranking: gather candidates, compute features, rank, rerank. All queries run through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.core.types import ENCLOSING, MINOR, Answer, Hit, Symbol, encloses
from codesearch.rerank.job import UNLIMITED, Evidence, Job, Logits, PendingWrites, RerankBudget, Similarities, Source
from codesearch.search import minor, qualified, tuned
from codesearch.search.candidates import Candidate, gather, gather_minor
from codesearch.search.features import compute
from codesearch.search.query import Query
from codesearch.search.rank import Ranked, by_file, compare, rank, refine, to_compare
from codesearch.search.ranking import COMPARED, Weighting
from codesearch.store import filter_sql

if TYPE_CHECKING:
    from codesearch.store import Store
    from codesearch.store.reader import Reader

log = Log("codesearch.search")


class Buffers(Protocol):
    """Unsaved buffers: candidates that are not in the index. Their ids are negative."""

    @property
    def paths(self) -> frozenset[str]:
        """The files whose saved version must not answer."""

    def candidates(self, store: Store | None, query: Query, vector: bytes) -> list[Candidate]:
        """Return the candidates in buffers; `store` tells how frequent words are in the index."""

    def sources(self, ids: Iterable[int]) -> dict[int, Source]:
        """Return where the reranker finds the texts of some candidates."""

    def nearest(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[Symbol, float]]:
        """Return (symbol, cosine) of the symbols in buffers that are nearest to a static vector."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranking for a query."""

    ranked: list[Ranked]
    """Every candidate that is shown, best first; copies and folded symbols are inside."""
    problem: str = ""
    """As `Answer.problem`."""
    embedded: int = 0
    """Texts that the reranker embedded for this question."""
    writes: tuple[PendingWrites, ...] = ()
    """What the caller has to flush, if the budget says `write_later`."""
    complete: bool = True
    """As `Answer.complete`."""

    @property
    def refined(self) -> bool:
        """Whether the reranker took part."""
        return any(item.refined for item in self.ranked)

    def answer(self, limit: int | None = None) -> Answer:
        """Return the first `limit` candidates as an answer; None for all."""
        hits = tuple(
            Hit(
                rank,
                item.score,
                item.candidate.symbol,
                tuple(f"{copy.symbol.path}:{copy.symbol.start_line}" for copy in item.copies),
                tuple(folded.symbol for folded in item.folded),
            )
            for rank, item in enumerate(self.ranked[:limit], 1)
        )
        return Answer(hits, self.problem, complete=self.complete, refined=self.refined)


def search(
    store: Store | None,
    query: Query,
    vector: bytes,
    limit: int,
    *,
    job: Job | None = None,
    buffers: Buffers | None = None,
    on_first: Callable[[Ranking], None] | None = None,
    budget: RerankBudget = UNLIMITED,
) -> Ranking:
    """Return every candidate for a query, best first; the first `limit` are the answer.

    `vector` is the query's int8 embedding by the static model. `job` is its reranking (`Reranker.begin`), bounded by
    `budget`; None for the fast ranking only. `on_first` is called with the fast ranking if the reranker has to run its
    model. Without `store`, only `buffers` answer, and nothing is reranked.
    """
    start = time.perf_counter()
    evidence: Evidence | None = None
    with store.snapshot() if store is not None else nullcontext():
        found = _gathered(store, query, vector, limit, buffers)
        ranked = _ranked(query, found)
        # Whether a folder has any file is asked only if nothing was found in it: it may take a look at every path.
        where = replace(query.where, under=()) if found else query.where
        note = _joined(_note(query, ranked), filter_note(store, where, buffers))
        if job is not None and not job.problem:
            evidence = _looked(store, job, ranked, buffers)
    log.debug("ranked %d candidates in %.1f ms", len(found), 1000 * (time.perf_counter() - start))
    if store is None or job is None or evidence is None:
        return Ranking(_shown(query, ranked), _joined(note, job.problem if job is not None else ""))
    if on_first is not None and evidence.incomplete:
        on_first(Ranking(_shown(query, ranked)))
    tuning, ignored = tuned.active(store.path, job.model_id)
    adapter = None if tuning is None or tuning.adapter is None else tuning.adapter.moved
    result = job.similarities(store, evidence, budget, adapter)
    log.debug("reranked: %d texts embedded; %.1f ms so far", result.embedded, 1000 * (time.perf_counter() - start))
    main = _main(query, ranked, result, tuned.weighting_of(tuning))
    said = _read(store, job, main, buffers, budget)
    log.debug("read by the cross-encoder: %d; %.1f ms so far", len(said.logits), 1000 * (time.perf_counter() - start))
    main = compare(query, main, said.logits, tuned.weighting_of(tuning, COMPARED))
    refined = minor.refined(query, ranked, main, result.cosines)
    problem = _joined(note, result.problem, said.problem, ignored)
    writes = tuple(one for one in (result.writes, said.writes) if one is not None)
    return Ranking(_shown(query, refined), problem, result.embedded, writes)


def search_fast(store: Reader, query: Query, vector: bytes, limit: int) -> Ranking:
    """Return every candidate of any store for a query, without buffers and reranking; otherwise as `search`."""
    return rank_candidates(query, gather_all(store, query, vector, limit))


def gather_all(store: Reader, query: Query, vector: bytes, limit: int) -> list[Candidate]:
    """Return the candidates of any store for a query, minor ones among them."""
    return gather(store, query, vector, limit) + gather_minor(store, query, vector)


def rank_candidates(
    query: Query,
    found: list[Candidate],
    reranked: Callable[[Mapping[int, Symbol]], Similarities] | None = None,
) -> Ranking:
    """Return candidates, wherever they are from, best first.

    `reranked` gets the best of them, by id, and says how near each is to the query by the transformer; None for the
    fast ranking. The cross-encoder takes no part.
    """
    ranked = _ranked(query, found)
    if reranked is None:
        return Ranking(_shown(query, ranked), _note(query, ranked))
    result = reranked({item.candidate.id: item.candidate.symbol for item in minor.to_refine(ranked)})
    main = _main(query, ranked, result, tuned.weighting_of(None))
    writes = () if result.writes is None else (result.writes,)
    shown = _shown(query, minor.refined(query, ranked, main, result.cosines))
    return Ranking(shown, _joined(query.note, result.problem), result.embedded, writes)


def _note(query: Query, ranked: list[Ranked]) -> str:
    """Return what to say about a query, and about a qualified name that is nowhere."""
    return _joined(query.note, qualified.missing(query, [item.candidate.symbol for item in ranked]))


def _main(query: Query, ranked: list[Ranked], result: Similarities, weighting: Weighting) -> list[Ranked]:
    """Return the hits that are not minor after the transformer has compared the best ones with the query."""
    return refine(query, [item for item in ranked if not minor.is_minor(item)], result.cosines, weighting)


def _read(store: Store, job: Job, main: list[Ranked], buffers: Buffers | None, budget: RerankBudget) -> Logits:
    """Return how well the first hits answer the query by the cross-encoder; nothing if it takes no part."""
    best = {item.candidate.id: item.candidate.symbol for item in to_compare(main)}
    if job.cross is None or not best:
        return Logits({})
    with store.snapshot():
        sources = job.sources(store, {id: symbol for id, symbol in best.items() if id > 0})
    if buffers is not None:
        sources |= buffers.sources([id for id in best if id < 0])
    return job.cross.logits(sources, budget)


def _shown(query: Query, ranked: list[Ranked]) -> list[Ranked]:
    """Return a ranking in the order in which it is shown."""
    return by_file(ranked) if query.by_file and not query.is_name else ranked


def understood(store: Reader | None, query: Query) -> Query:
    """Return the query with the language it names as part of its text, if the index has no code in that language."""
    if store is None or not query.languages or any(True for _ in store.listing(Filter(languages=query.languages), 1)):
        return query
    return query.literal


def _gathered(store: Store | None, query: Query, vector: bytes, limit: int, buffers: Buffers | None) -> list[Candidate]:
    found = gather_all(store, query, vector, limit) if store is not None else []
    if buffers is None:
        return found
    found = [one for one in found if one.symbol.path not in buffers.paths]
    return found + buffers.candidates(store, query, vector)


def _ranked(query: Query, found: list[Candidate]) -> list[Ranked]:
    main = [one for one in found if one.symbol.kind not in MINOR]
    ranked = rank(query, main, compute(query, main))
    return minor.beside(query, ranked, [one for one in found if one.symbol.kind in MINOR])


def _looked(store: Store | None, job: Job, ranked: list[Ranked], buffers: Buffers | None) -> Evidence:
    best = {item.candidate.id: item.candidate.symbol for item in minor.to_refine(ranked)}
    if buffers is None:
        return job.look(store, best)
    saved = {id: symbol for id, symbol in best.items() if id > 0}
    return job.look(store, saved, buffers.sources(best.keys() - saved.keys()))


class Near(NamedTuple):
    """A symbol and its similarity to another."""

    symbol: Symbol
    score: float
    """0..1, as `Hit.score`."""
    unsaved: bool = False
    """Whether it is from a buffer."""


def nearest(
    store: Store | None,
    vector: bytes,
    exclude: Symbol | None,
    limit: int,
    where: Filter | None = None,
    *,
    buffers: Buffers | None = None,
) -> list[Near]:
    """Return the symbols most similar to a static vector, without `exclude` and what contains it, best first."""
    unsaved = buffers.paths if buffers is not None else frozenset()
    found: list[Near] = []
    if store is not None:
        with store.snapshot():
            # Some more for `exclude` and what contains it, and for the saved versions of buffers.
            near = store.vector_candidates(vector, limit + ENCLOSING + 4 * len(unsaved), where)
            symbols = store.symbols(id for id, _ in near)
        found += [Near(symbols[id].symbol, score) for id, score in near if symbols[id].symbol.path not in unsaved]
    if buffers is not None:
        found += [
            Near(symbol, score, unsaved=True) for symbol, score in buffers.nearest(vector, limit + ENCLOSING, where)
        ]
    left = [
        near._replace(score=max(0.0, min(1.0, near.score)))
        for near in found
        if exclude is None or not encloses(near.symbol, exclude)
    ]
    left.sort(key=lambda near: (-near.score, near.symbol.path, near.symbol.start_line))
    return left[:limit]


def filter_note(store: Store | None, where: Filter | None, buffers: Buffers | None = None) -> str:
    """Return what to say about a filter: paths that no file has, concepts made of code that is gone; "" if nothing."""
    if store is None or where is None or not (where.under or where.paths or where.not_paths or where.axes):
        return ""
    if where.axes:
        from codesearch.search import concepts

        return _joined(filter_note(store, replace(where, axes=()), buffers), *concepts.notes(store, where))
    missing = filter_sql.unmatched(store.connection, where)
    if buffers is not None:
        missing = tuple(
            one
            for one in missing
            if not any(filter_sql.path_matches(path, one.partition(":")[2]) for path in buffers.paths)
        )
    return f"no indexed file matches {', '.join(f'`{one}`' for one in missing)}" if missing else ""


def _joined(*parts: str) -> str:
    """Return what to say about an answer: how the query was understood, and why the reranker did not help."""
    return "; ".join(part for part in parts if part)
