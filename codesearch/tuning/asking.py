"""Asks questions once, and keeps what is needed to rank their candidates again under what was learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from codesearch import embed, search
from codesearch.core.errors import ModelError
from codesearch.core.types import Symbol
from codesearch.index import Index
from codesearch.quality.ask import answers
from codesearch.quality.metrics import DEPTH
from codesearch.quality.questions import Question
from codesearch.rerank.job import Job, RerankBudget, digest
from codesearch.rerank.reranker import Reranker
from codesearch.search import minor, tuned
from codesearch.search.features import Features
from codesearch.search.pipeline import Ranking
from codesearch.search.query import Query
from codesearch.search.rank import CROSS_CANDIDATES, RERANKED_CANDIDATES, Ranked, Weigher, by_file, compare, refine
from codesearch.search.ranking import COMPARED, RERANKED
from codesearch.store import Store
from codesearch.store.tunings import Tuning
from codesearch.tuning.learning import Example, values_of

_READ = 2 * CROSS_CANDIDATES
"""Candidates that the cross-encoder reads: what was learned may bring those after its usual number to the front."""
_KEPT = RERANKED_CANDIDATES + minor.WITHIN
"""Candidates of the fast ranking that are kept: none after them can come among the first ten."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its fast ranking, and the vectors of the reranker."""

    question: Question
    query: Query
    fast: tuple[Ranked, ...]
    vector: bytes
    vectors: dict[int, bytes]
    """By candidate."""
    answer: bytes | None
    """The vector of its first answer, if that is one symbol."""
    logits: Mapping[int, float]
    """What the cross-encoder says of the first candidates after the transformer; empty if it takes no part."""

    @property
    def file(self) -> str:
        """Where its first answer is: questions are divided by it."""
        return self.question.targets[0].path


def ask(
    index: Index, questions: Iterable[Question], in_time: Callable[[], bool], told: Callable[[int], None]
) -> list[Asked]:
    """Ask questions, as long as there is time; names and questions without candidates are left out.

    `told` is called with the number of questions asked. Raises whatever the model fails with.
    """
    store = index.required_reader()
    reranker = Reranker(index.root, index.path, index.settings)
    static = embed.load(embed.STATIC)
    found: list[Asked] = []
    for number, question in enumerate(questions, 1):
        if not in_time():
            break
        query = search.understood(store, search.parse(question.text))
        if not query.is_name:
            fast = search.search_fast(store, query, search.query_vector(static, query), DEPTH).ranked[:_KEPT]
            if fast and (asked := _asked(store, reranker, question, query, tuple(fast))) is not None:
                found.append(asked)
        told(number)
    return found


def _asked(
    store: Store, reranker: Reranker, question: Question, query: Query, fast: tuple[Ranked, ...]
) -> Asked | None:
    job = reranker.begin(store, query.text, is_name=False)
    if job is None:
        return None
    read = {item.candidate.id: item.candidate.symbol for item in minor.to_refine(fast)}
    target = _target(store, question)
    wanted = read if target is None else {**read, target[0]: target[1]}
    evidence = job.look(store, wanted)
    if reason := job.similarities(store, evidence).problem:
        raise ModelError(reason)
    stored = store.model_vectors(reranker.model_id)
    known = {one.symbol: one.vector for one in stored.of_symbols(wanted) if one.vector}
    vector = stored.of_query(digest(query.text))
    if vector is None:
        return None
    answer = known.get(target[0]) if target is not None else None
    made = Asked(question, query, fast, vector, {id: one for id, one in known.items() if id in read}, answer, {})
    return replace(made, logits=_read(store, job, made))


def _read(store: Store, job: Job, asked: Asked) -> Mapping[int, float]:
    """Return what the cross-encoder says of the first candidates, however long it takes. Raises ModelError."""
    best = {item.candidate.id: item.candidate.symbol for item in refined(store, asked)[:_READ] if item.refined}
    if job.cross is None or not best:
        return {}
    with store.snapshot():
        sources = job.sources(store, best)
    said = job.cross.logits(sources, RerankBudget(keep_query=False, cross_seconds=math.inf))
    if said.problem:
        raise ModelError(said.problem)
    return said.logits


def _target(store: Store, question: Question) -> tuple[int, Symbol] | None:
    first = question.targets[0]
    found = store.at(first.path, first.start) if first.exact and first.start is not None else None
    return found if found is not None and found[1].end_line == first.end else None


def refined(store: Store, asked: Asked, tuning: Tuning | None = None) -> list[Ranked]:
    """Return the candidates of a question that are not minor, after the transformer, under a tuning."""
    return _refined(asked, _cosines(store, asked, tuning), tuning)


def answered(store: Store, asked: Asked, tuning: Tuning | None = None) -> list[Ranked]:
    """Return the ranking of a question as `search.search` makes it under a tuning, with the cross-encoder."""
    cosines = _cosines(store, asked, tuning)
    main = compare(asked.query, _refined(asked, cosines, tuning), asked.logits, tuned.weighting_of(tuning, COMPARED))
    ranked = minor.refined(asked.query, asked.fast, main, cosines)
    return by_file(ranked) if asked.query.by_file else ranked


def _cosines(store: Store, asked: Asked, tuning: Tuning | None) -> Mapping[int, float]:
    vector = asked.vector if tuning is None or tuning.adapter is None else tuning.adapter.moved(asked.vector)
    return store.cosines(vector, asked.vectors)


def _refined(asked: Asked, cosines: Mapping[int, float], tuning: Tuning | None) -> list[Ranked]:
    main = [item for item in asked.fast if not minor.is_minor(item)]
    return refine(asked.query, main, cosines, tuned.weighting_of(tuning))


def reciprocal(asked: Asked, ranked: Sequence[Ranked]) -> float:
    """Return the reciprocal rank of the first right answer; 0 if it is not among the first ten."""
    hits = Ranking(list(ranked[:DEPTH])).answer().hits
    right = (hit.rank for hit in hits if any(answers(target, hit) for target in asked.question.targets))
    return 1 / next(right, float("inf"))


def example(store: Store, asked: Asked) -> Example | None:
    """Return what can be learned from a question; None if too few candidates were compared."""
    ranked = [item for item in refined(store, asked) if item.refined]
    if len(ranked) < 2:
        return None
    features: list[Features] = [item.features for item in ranked]
    hits = Ranking(ranked).answer().hits
    right = [any(answers(target, hit) for target in asked.question.targets) for hit in hits]
    import numpy as np

    sums = np.array(Weigher(RERANKED, features[0]).totals(features))
    return Example(values_of(features), sums, np.array(right, bool), asked.vector, asked.answer, asked.file)
