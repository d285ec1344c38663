"""The data to fit a ranking on: the candidates of every mined query, and the transformer's cosines of the best ones."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import codesearch
from codesearch import embed
from codesearch.core.types import Symbol
from codesearch.embed.cross import CrossEncoder
from codesearch.rerank.job import Job, Source
from codesearch.rerank.reranker import Reranker
from codesearch.search import Query, parse, query_vector
from codesearch.search.candidates import Candidate, gather
from codesearch.search.features import NAMES, Features, compute, with_comparison, with_reranking
from codesearch.search.open_store import with_phrases
from codesearch.search.rank import CROSS_CANDIDATES, RERANKED_CANDIDATES, rank, refine
from codesearch.settings import load
from codesearch.store import Store

Array = npt.NDArray[np.float32]

SHOWN_TO_THE_TRANSFORMER = {
    "docs": 30, "web": 150, "keywords": 12, "question": 15, "half": 12, "error": 10, "commit": 20, "architecture": 12,
    "topic": 10, "symbol": 10,
}  # fmt: skip
"""Queries per kind and repository whose candidates are embedded; embedding all would take hours."""
AT_ONCE = 512
"""Texts of similar length that are embedded between two writes."""
COLLECTED = "candidates.pickle"
SHOWN_TO_THE_CROSS_ENCODER = {
    "docs": 8, "web": 60, "keywords": 5, "question": 6, "half": 5, "error": 6, "commit": 8, "architecture": 5,
    "topic": 4, "symbol": 4,
}  # fmt: skip
"""Queries per kind and repository whose first hits the cross-encoder compares."""
READ = "read.pickle"

_values = attrgetter(*NAMES)


@dataclass(frozen=True, slots=True)
class Case:
    """A query's candidates."""

    repository: str
    kind: str
    named: bool
    features: Array
    """(candidates, NAMES)."""
    right: npt.NDArray[np.int64]
    """Per candidate, the index of the answer that it is; -1 if it is none."""
    files: npt.NDArray[np.int64]
    contents: npt.NDArray[np.int64]
    answers: int
    by_file: bool


@dataclass(slots=True)
class Asked:
    """A mined query and its candidates."""

    row: dict[str, Any]
    query: Query
    candidates: list[Candidate]
    deep: bool = False
    cosines: dict[int, float] | None = None
    """The transformer's cosines of the best candidates; None if they were not reranked."""


class Hits(NamedTuple):
    """A mined query with the first hits of the ranking with the transformer, as the cross-encoder reads them."""

    row: dict[str, Any]
    candidates: list[Candidate]
    features: list[Features]
    logits: list[float | None]
    """The cross-encoder's log-odds of each hit; None if its text could not be read."""


def compared(suite: Path, again: bool = False) -> list[Case]:
    """Return queries with the first hits of the ranking as it is in the package, read by the cross-encoder.

    Results are kept as those of `cases`.
    """
    found = []
    for folder in sorted(path.parent for path in suite.glob("*/queries.jsonl")):
        for hits in _kept(folder / READ, _first_hits, again):
            if any(logit is not None for logit in hits.logits):
                said = with_comparison(hits.features, hits.logits)
                found.append(_case(folder.name, hits.row, hits.candidates, said))
    return found


def _first_hits(folder: Path) -> Iterator[Hits]:
    encoder = CrossEncoder()
    for tree in ("src", "bare"):
        some = list(collect(folder, SHOWN_TO_THE_CROSS_ENCODER, (tree,), all_queries=False))
        store = _store(folder, tree)
        reranker = _reranker(folder, tree)
        for asked in some:
            ranked = rank(asked.query, asked.candidates, compute(asked.query, asked.candidates))
            first = refine(asked.query, ranked, asked.cosines or {})[:CROSS_CANDIDATES]
            symbols = {item.candidate.id: item.candidate.symbol for item in first}
            with store.snapshot():
                sources = Job(reranker, asked.query.text, reranker.model_id).sources(store, symbols)
            texts = dict(reranker.texts(sources.values()))
            scores = encoder.scores(asked.query.text, list(texts.values()))
            assert scores is not None, "without a time box there are scores"
            said = dict(zip(texts, scores, strict=True))
            logits = [said.get(sources[id].content) if id in sources else None for id in symbols]
            yield Hits(asked.row, [item.candidate for item in first], [item.features for item in first], logits)


def cases(suite: Path, again: bool = False) -> tuple[list[Case], list[Case]]:
    """Return all queries with all candidates, and the reranked queries with their best candidates.

    Results are kept beside each repository's trees; `again` computes them again.
    """
    fast, deep = [], []
    for folder in sorted(path.parent for path in suite.glob("*/queries.jsonl")):
        for asked in _kept(folder / COLLECTED, collect, again):
            features = compute(asked.query, asked.candidates)
            fast.append(_case(folder.name, asked.row, asked.candidates, features, named=bool(asked.query.name)))
            if asked.cosines:
                known = [
                    (one, of) for one, of in zip(asked.candidates, features, strict=True) if one.id in asked.cosines
                ]
                said = with_reranking([of for _, of in known], [asked.cosines[one.id] for one, _ in known])
                deep.append(_case(folder.name, asked.row, [one for one, _ in known], said))
    return fast, deep


def _kept(file: Path, make: Callable[[Path], Iterable[Any]], again: bool) -> Any:
    """Return what is kept in a file; made of its folder and kept if there is no such file, or `again`."""
    if again or not file.exists():
        file.write_bytes(pickle.dumps(list(make(file.parent))))
        print(f"{file.name}: made for {file.parent.name}", flush=True)
    return pickle.loads(file.read_bytes())


def collect(
    folder: Path,
    most: Mapping[str, int] = SHOWN_TO_THE_TRANSFORMER,
    trees: Sequence[str] = ("src", "bare"),
    *,
    all_queries: bool = True,
) -> Iterator[Asked]:
    """Yield a repository's queries with their candidates; the transformer sees `most` per kind.

    Without `all_queries`, only the queries that the transformer sees.
    """
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    model = embed.load(embed.STATIC)
    shown: Counter[str] = Counter()
    for tree in trees:
        with codesearch.open_index(folder / tree, db=str((folder / f"{tree}.db").absolute())) as index:
            index.update()
        store = _store(folder, tree)
        found = []
        for row in rows:
            if row["tree"] != tree:
                continue
            try:
                query = parse(row["query"])
            except codesearch.CodesearchError:
                continue
            deep = not query.name and shown[row["kind"]] < most.get(row["kind"], 0)
            if not (deep or all_queries):
                continue
            with store.snapshot():
                candidates = gather(store, query, query_vector(model, query))
            if candidates:
                shown[row["kind"]] += deep
                found.append(Asked(row, query, candidates, deep))
        _show(folder, tree, store, [asked for asked in found if asked.deep])
        yield from found


def _show(folder: Path, tree: str, store: Store, some: Sequence[Asked]) -> None:
    """Compute the transformer's cosines. Each text is embedded once, in batches of similar length (half the time).

    The vectors are kept in the index for the next run.
    """
    reranker = _reranker(folder, tree)
    seen = []
    missing: dict[bytes, Source] = {}
    for asked in some:
        ranked = rank(asked.query, asked.candidates, compute(asked.query, asked.candidates))
        best = {one.candidate.id: one.candidate.symbol for one in ranked[:RERANKED_CANDIDATES]}
        job = Job(reranker, asked.query.text, reranker.model_id)
        with store.snapshot():
            evidence = job.look(store, best)
        seen.append((asked, evidence))
        missing |= {source.content: source for source in evidence.missing.values()}
    texts = sorted(reranker.texts(missing.values()), key=lambda item: len(item[1]))
    vectors: dict[bytes, bytes] = {}
    for start in range(0, len(texts), AT_ONCE):
        made = reranker.embed(dict(texts[start : start + AT_ONCE]))
        reranker.keep(made, {}, timeout=60)
        vectors |= made
    for asked, evidence in seen:
        new = {id: vectors[one.content] for id, one in evidence.missing.items() if one.content in vectors}
        asked.cosines = store.cosines(reranker.embedder.quantised_query(asked.query.text), {**evidence.vectors, **new})


def _store(folder: Path, tree: str) -> Store:
    return with_phrases(Store(folder / f"{tree}.db"), folder / tree)


def _reranker(folder: Path, tree: str) -> Reranker:
    settings = load(folder / tree, {"model": embed.TRANSFORMER, "embed": "lazy", "cache": False})
    return Reranker(folder / tree, folder / f"{tree}.db", settings)


def _case(
    repository: str,
    row: Mapping[str, Any],
    candidates: Sequence[Candidate],
    features: Sequence[Features],
    *,
    named: bool = False,
) -> Case:
    answers = row["answers"]
    numbers: dict[str, int] = {}
    symbols = [candidate.symbol for candidate in candidates]
    return Case(
        repository,
        row["kind"],
        named,
        np.array([_values(one) for one in features], dtype=np.float32),
        np.array([_answer_of(symbol, answers) for symbol in symbols]),
        np.array([numbers.setdefault(symbol.path, len(numbers)) for symbol in symbols]),
        np.array([candidate.content or -1 - at for at, candidate in enumerate(candidates)]),
        len(answers),
        "start" not in answers[0],
    )


def _answer_of(symbol: Symbol, answers: Sequence[Any]) -> int:
    """Return the index of the answer that a symbol is; -1 if it is none."""
    return next((at for at, answer in enumerate(answers) if _is(symbol, answer)), -1)


def _is(symbol: Symbol, answer: Any) -> bool:
    if symbol.path != answer["path"]:
        return False
    if "start" not in answer:
        return True
    return symbol.kind != "module" and symbol.start_line <= answer["start"] <= symbol.end_line
