"""The data to fit a ranking on: the candidates of every mined query, and the transformer's cosines of the best ones."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import codesearch
from codesearch import embed
from codesearch.core.types import Symbol
from codesearch.rerank.job import Job, Source
from codesearch.rerank.reranker import Reranker
from codesearch.search import Query, parse, query_vector
from codesearch.search.candidates import Candidate, gather
from codesearch.search.features import NAMES, Features, compute, with_reranking
from codesearch.search.rank import RERANKED_CANDIDATES, rank
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


def cases(suite: Path, again: bool = False) -> tuple[list[Case], list[Case]]:
    """Return all queries with all candidates, and the reranked queries with their best candidates.

    Results are kept beside each repository's trees; `again` computes them again.
    """
    fast, deep = [], []
    for folder in sorted(path.parent for path in suite.glob("*/queries.jsonl")):
        kept = folder / COLLECTED
        if again or not kept.exists():
            kept.write_bytes(pickle.dumps(list(collect(folder))))
            print("looked at", folder.name, flush=True)
        for asked in pickle.loads(kept.read_bytes()):
            features = compute(asked.query, asked.candidates)
            fast.append(_case(folder.name, asked, asked.candidates, features))
            if asked.cosines:
                known = [
                    (one, of) for one, of in zip(asked.candidates, features, strict=True) if one.id in asked.cosines
                ]
                said = with_reranking([of for _, of in known], [asked.cosines[one.id] for one, _ in known])
                deep.append(_case(folder.name, asked, [one for one, _ in known], said))
    return fast, deep


def collect(folder: Path) -> Iterator[Asked]:
    """Yield a repository's queries with their candidates."""
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    model = embed.load(embed.STATIC)
    shown: Counter[str] = Counter()
    for tree in ("src", "bare"):
        with codesearch.open_index(folder / tree, db=str((folder / f"{tree}.db").absolute())) as index:
            index.update()
        store = Store(folder / f"{tree}.db")
        found = []
        for row in rows:
            if row["tree"] != tree:
                continue
            try:
                query = parse(row["query"])
            except codesearch.CodesearchError:
                continue
            with store.snapshot():
                candidates = gather(store, query, query_vector(model, query))
            if candidates:
                asked = Asked(row, query, candidates)
                asked.deep = not query.name and shown[row["kind"]] < SHOWN_TO_THE_TRANSFORMER.get(row["kind"], 0)
                shown[row["kind"]] += asked.deep
                found.append(asked)
        _show(folder, tree, store, [asked for asked in found if asked.deep])
        yield from found


def _show(folder: Path, tree: str, store: Store, some: Sequence[Asked]) -> None:
    """Compute the transformer's cosines. Each text is embedded once, in batches of similar length (half the time).

    The vectors are kept in the index for the next run.
    """
    settings = load(folder / tree, {"model": embed.TRANSFORMER, "embed": "lazy", "cache": False})
    reranker = Reranker(folder / tree, folder / f"{tree}.db", settings)
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


def _case(repository: str, asked: Asked, candidates: Sequence[Candidate], features: Sequence[Features]) -> Case:
    answers = asked.row["answers"]
    numbers: dict[str, int] = {}
    symbols = [candidate.symbol for candidate in candidates]
    return Case(
        repository,
        asked.row["kind"],
        bool(asked.query.name),
        np.array([_values(one) for one in features], dtype=np.float32),
        np.array([next((at for at, answer in enumerate(answers) if _is(symbol, answer)), -1) for symbol in symbols]),
        np.array([numbers.setdefault(symbol.path, len(numbers)) for symbol in symbols]),
        np.array([candidate.content or -1 - at for at, candidate in enumerate(candidates)]),
        len(answers),
        "start" not in answers[0],
    )


def _is(symbol: Symbol, answer: Any) -> bool:
    if symbol.path != answer["path"]:
        return False
    if "start" not in answer:
        return True
    return symbol.kind != "module" and symbol.start_line <= answer["start"] <= symbol.end_line
