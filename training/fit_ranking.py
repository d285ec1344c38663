"""Fit the ranking's weights on mined queries of many kinds, cross-validated by repository.

    python training/fit_ranking.py SUITE [--write]

SUITE is what benchmarks/mined.py wrote, from repositories that no benchmark measures and no model was trained on. Both
trees of each are indexed (`src.db`, `bare.db` beside them), the features of every query's candidates computed, and the
transformer shown the best of the fast ranking for some of the queries of each kind; all is kept beside the trees.

The loss is the negative log-likelihood that a right candidate comes first (softmax over a query's candidates), each
kind of query in each repository weighing as KINDS says. Printed: every kind under weights fitted without its
repository, beside the weights in force, with and without the transformer, and the calibration of the scores. `--write`
fits on all repositories and writes codesearch/search/weights.py.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import ranking_weights

import codesearch
from codesearch import embed
from codesearch.cascade import Cascade
from codesearch.search import parse
from codesearch.search.candidates import gather
from codesearch.search.features import NAMES, compute
from codesearch.search.rank import DEEP_CANDIDATES, MOST_SAME_FILE, SAME_FILE, rank, refine
from codesearch.search.weights import DEEP, FAST
from codesearch.settings import load
from codesearch.store import Store
from codesearch.types import Symbol

Array = npt.NDArray[np.float64]

KINDS = {
    "docs": 1.0, "keywords": 0.5, "question": 0.7, "name": 0.5, "half": 0.5, "error": 0.7, "commit": 1.2,
    "architecture": 0.8,
}  # fmt: skip
"""How much a kind of query weighs."""
SHOWN_TO_THE_TRANSFORMER = {
    "docs": 32, "keywords": 10, "question": 16, "half": 5, "error": 7, "commit": 26, "architecture": 12,
}  # fmt: skip
"""So many queries of a kind and repository: embedding all candidates would take hours."""
FIXED = {"name_match": 30.0, "is_generated": -2.6}
"""Weights that mined queries cannot tell: a name asked for must win; generated code is too rare in what was mined."""
FAST_FEATURES = tuple(name for name in NAMES if not name.startswith("deep"))
DEEP_FEATURES = NAMES
FOLDS = 4
STEPS = 150
RATE = 0.2
DECAY = 1e-3
COUNTED = 10


@dataclass(frozen=True, slots=True)
class Case:
    """A query's candidates."""

    repository: str
    kind: str
    named: bool
    features: Array
    """(candidates, NAMES)."""
    right: npt.NDArray[np.int64]
    """Which answer each candidate is, from 0; -1 for none."""
    files: npt.NDArray[np.int64]
    contents: npt.NDArray[np.int64]
    answers: int
    by_file: bool


def cases(folder: Path) -> tuple[list[Case], list[Case]]:
    """Return a repository's queries with all candidates, and those the transformer was shown with the best of them."""
    stores, cascades = {}, {}
    for tree in ("src", "bare"):
        with codesearch.open_index(folder / tree, db=str((folder / f"{tree}.db").absolute())) as index:
            index.update()
        stores[tree] = Store(folder / f"{tree}.db")
        settings = load(folder / tree, {"model": embed.TRANSFORMER, "embed": "lazy"})
        cascades[tree] = Cascade(folder / tree, folder / f"{tree}.db", settings)
    model = embed.load(embed.STATIC)
    found: tuple[list[Case], list[Case]] = [], []
    shown: Counter[str] = Counter()
    for line in (folder / "queries.jsonl").read_text().splitlines():
        row = json.loads(line)
        try:
            query = parse(row["query"])
        except codesearch.CodesearchError:
            continue
        store, cascade, kind = stores[row["tree"]], cascades[row["tree"]], row["kind"]
        deep = not query.name and shown[kind] < SHOWN_TO_THE_TRANSFORMER.get(kind, 0)
        if deep and not cascade.start(store, query):
            raise SystemExit(cascade.problem)
        with store.snapshot():
            candidates = gather(store, query, model.quantised_query(query.text))
            features = compute(query, candidates)
            if not candidates:
                continue
            found[0].append(_case(folder.name, row, bool(query.name), features, [c.symbol for c in candidates],
                                  [c.content for c in candidates]))  # fmt: skip
            if not deep:
                continue
            shown[kind] += 1
            best = rank(query, candidates, features)[:DEEP_CANDIDATES]
            evidence = cascade.look(store, query.text, {one.candidate.id: one.candidate.symbol for one in best})
        refined = refine(query, best, cascade.similarities(store, evidence))
        found[1].append(_case(folder.name, row, False, [one.features for one in refined],
                              [one.candidate.symbol for one in refined],
                              [one.candidate.content for one in refined]))  # fmt: skip
    return found


def _case(
    repository: str, row: Any, named: bool, features: Sequence[Any], symbols: Sequence[Symbol], contents: Sequence[int]
) -> Case:
    answers = row["answers"]
    numbers: dict[str, int] = {}
    return Case(
        repository,
        row["kind"],
        named,
        np.array([[getattr(one, name) for name in NAMES] for one in features], dtype=np.float64),
        np.array([next((at for at, answer in enumerate(answers) if _is(symbol, answer)), -1) for symbol in symbols]),
        np.array([numbers.setdefault(symbol.path, len(numbers)) for symbol in symbols]),
        np.array([content or -1 - at for at, content in enumerate(contents)]),
        len(answers),
        "start" not in answers[0],
    )


def _is(symbol: Symbol, answer: Any) -> bool:
    if symbol.path != answer["path"]:
        return False
    if "start" not in answer:
        return True
    return symbol.kind != "module" and symbol.start_line <= answer["start"] <= symbol.end_line


def ordered(case: Case, weights: Array) -> tuple[list[int], Array]:
    """Return the first candidates, best first, as rank.rank orders them (copies folded), and the sums of all."""
    sums = case.features @ weights
    kept: list[int] = []
    copies: set[int] = set()
    seen: Counter[int] = Counter()
    for at in np.argsort(-sums, kind="stable"):
        if (content := int(case.contents[at])) in copies:
            continue
        copies.add(content)
        kept.append(int(at))
        file = int(case.files[at])
        sums[at] -= SAME_FILE * min(seen[file], MOST_SAME_FILE)
        seen[file] += 1
    return sorted(kept, key=lambda at: -sums[at])[:COUNTED], sums


def quality(case: Case, weights: Array) -> float:
    """Return NDCG@10 where files are asked for, else 1 / place of the function, 0 beyond ten."""
    order, _ = ordered(case, weights)
    if not case.by_file:
        return next((1 / place for place, at in enumerate(order, 1) if case.right[at] >= 0), 0.0)
    found: set[int] = set()
    gain = 0.0
    for place, at in enumerate(order, 1):
        if (answer := int(case.right[at])) >= 0 and answer not in found:
            found.add(answer)
            gain += 1 / math.log2(place + 1)
    return gain / sum(1 / math.log2(place + 1) for place in range(1, min(COUNTED, case.answers) + 1))


def fit(sets: Iterable[Case], names: Sequence[str]) -> Array:
    """Return the weights (of all NAMES) of least loss, by Adam; those of features not named are 0."""
    usable = [case for case in sets if (case.right >= 0).any()]
    count = Counter((case.repository, case.kind) for case in usable)
    features = np.vstack([case.features for case in usable])
    right = np.concatenate([case.right >= 0 for case in usable])
    sizes = np.array([len(case.right) for case in usable])
    shares = np.array([KINDS[case.kind] / count[case.repository, case.kind] for case in usable])
    share = np.repeat(shares / shares.sum(), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    free = np.array([name in names and name not in FIXED for name in NAMES], dtype=np.float64)
    weights = np.array([FIXED.get(name, 0.0) for name in NAMES])
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        sums = features @ weights
        exponent = np.exp(sums - np.repeat(np.maximum.reduceat(sums, starts), sizes))
        chance = exponent / np.repeat(np.add.reduceat(exponent, starts), sizes)
        of_right = np.add.reduceat(chance * right, starts)
        wanted = chance * right / np.repeat(np.maximum(of_right, 1e-12), sizes)
        gradient = (features.T @ ((chance - wanted) * share) + DECAY * weights) * free
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        rate = RATE * min(1.0, 2 * (1 - step / STEPS) + 0.05)
        weights = weights - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def calibrate(sums: Array, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of being right on the sum, by Newton's method."""
    design = np.column_stack([sums, np.ones_like(sums)])
    theta = np.zeros(2)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ theta))
        hessian = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
        theta += np.linalg.solve(hessian, design.T @ (right - chance))
    return float(theta[0]), float(theta[1])


Bins = list[tuple[float, float, int]]
"""(mean score, share right, answers) a bin of equal width."""


def reliability(score: Array, right: npt.NDArray[np.bool_], bins: int = 10) -> tuple[float, Bins]:
    """Return the expected calibration error, and its bins."""
    where = np.minimum((score * bins).astype(int), bins - 1)
    rows = [(score[where == b].mean(), right[where == b].mean(), int((where == b).sum())) for b in sorted(set(where))]
    return sum(abs(a - b) * n for a, b, n in rows) / len(score), rows


def by_kind(all_of: Sequence[Case], value: Callable[[Case], float]) -> dict[str, float]:
    """Return the mean of each kind over repositories."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in all_of:
        values[case.kind][case.repository].append(value(case))
    return {kind: float(np.mean([np.mean(one) for one in values[kind].values()])) for kind in KINDS if kind in values}


def held_out(all_of: Sequence[Case], names: Sequence[str]) -> dict[str, Array]:
    """Return, by repository, weights fitted without its fold."""
    repositories = sorted({case.repository for case in all_of})
    found = {}
    for fold in range(FOLDS):
        out = set(repositories[fold::FOLDS])
        weights = fit((case for case in all_of if case.repository not in out), names)
        found.update(dict.fromkeys(out, weights))
    return found


def report(title: str, all_of: Sequence[Case], names: Sequence[str], rivals: dict[str, Array]) -> tuple[float, float]:
    """Print a table, and the calibration under weights of other repositories; return that calibration."""
    weights = held_out(all_of, names)
    columns = {"held out": by_kind(all_of, lambda case: quality(case, weights[case.repository]))}
    columns |= {rival: by_kind(all_of, lambda case, w=w: quality(case, w)) for rival, w in rivals.items()}
    reach = by_kind(all_of, lambda case: float((case.right >= 0).any()))
    counts = Counter(case.kind for case in all_of)
    print(f"\n| {title} | n | {' | '.join(columns)} | among candidates |\n|{'---|' * (len(columns) + 3)}")
    for kind in reach:
        cells = " | ".join(f"{column[kind]:.3f}" for column in columns.values())
        print(f"| {kind} | {counts[kind]} | {cells} | {reach[kind]:.3f} |")
    print("| mean | | " + " | ".join(f"{np.mean(list(column.values())):.4f}" for column in columns.values()) + " | |")
    sums, right = [], []
    for case in all_of:
        if not case.named:  # a name that is found is certain
            order, values = ordered(case, weights[case.repository])
            sums.append(values[order])
            right.append(case.right[order] >= 0)
    summed, hits = np.concatenate(sums), np.concatenate(right)
    slope, intercept = calibrate(summed, hits)
    error, rows = reliability(1 / (1 + np.exp(-(slope * summed + intercept))), hits)
    print(f"calibration {slope:.3f} {intercept:.3f}: expected error {error:.4f}")
    for score, share, n in rows:
        print(f"  score {score:.2f}: {share:.2f} of {n} right")
    return slope, intercept


def main() -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    every: tuple[list[Case], list[Case]] = [], []
    for folder in sorted(path.parent for path in options.suite.glob("*/queries.jsonl")):
        kept = folder / "cases.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(cases(folder)))
            print("looked at", folder.name, flush=True)
        for all_of, some in zip(every, pickle.loads(kept.read_bytes()), strict=True):
            all_of += some
    now = {name: np.array([w.weights.get(one, 0.0) for one in NAMES]) for name, w in (("FAST", FAST), ("DEEP", DEEP))}
    bm25 = np.array([float(name == "text") for name in NAMES])
    static = np.array([float(name == "cosine") for name in NAMES])
    transformer = np.array([float(name == "deep_cosine") for name in NAMES])
    fast = report("fast", every[0], FAST_FEATURES, {"in force": now["FAST"], "BM25": bm25, "static": static})
    rivals = {"in force": now["DEEP"], "fast": now["FAST"], "BM25": bm25, "static": static, "transformer": transformer}
    deep = report("with the transformer", every[1], DEEP_FEATURES, rivals)
    if options.write:
        ranking_weights.write(
            {
                "FAST": (dict(zip(NAMES, fit(every[0], FAST_FEATURES), strict=True)), fast),
                "DEEP": (dict(zip(NAMES, fit(every[1], DEEP_FEATURES), strict=True)), deep),
            }
        )


if __name__ == "__main__":
    main()
