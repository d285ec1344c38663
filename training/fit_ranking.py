"""Fit the ranking's weights on mined queries, cross-validated by repository.

    python training/fit_ranking.py SUITE [--cache FILE]

SUITE is a folder of folders, one a set of queries: `src/` (a tree) and `queries.jsonl`, one object a line with `query`,
`path` and, where one function is the answer, `start` (its first line); without `start` a file is the answer. Mine them
from repositories that no benchmark measures: first sentences of documentation (blanked out of `src/`), and subjects of
commits that changed a single source file. Folders named `NAME.commits` belong to the repository NAME.

The loss is the negative log-likelihood that a right candidate comes first (softmax over a query's candidates), each set
weighing the same. Printed: MRR@10 of every fold's held-out repositories under weights fitted without them, the weights
fitted on all, and the calibration of the score on held-out queries.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import codesearch
from codesearch import embed
from codesearch.search import parse
from codesearch.search.candidates import gather
from codesearch.search.features import NAMES, compute
from codesearch.search.rank import MOST_SAME_FILE, SAME_FILE, WEIGHTS
from codesearch.store import Store

Array = npt.NDArray[np.float64]
FIXED = {"name_match": WEIGHTS["name_match"], "is_generated": WEIGHTS["is_generated"], "is_type": 0.0}
"""Weights that mined queries cannot tell."""
FOLDS = 4
STEPS = 150
RATE = 0.2
DECAY = 1e-3


@dataclass(frozen=True, slots=True)
class Case:
    """A query's candidates: features (candidates, features), which are right, and the file of each as a number."""

    features: Array
    right: npt.NDArray[np.bool_]
    files: npt.NDArray[np.int64]
    by_file: bool


def load(folder: Path) -> list[Case]:
    """Index a tree and compute the features of its queries' candidates."""
    with codesearch.open_index(folder / "src", db=str((folder / "ranking.db").absolute())) as index:
        index.update()
        path, model = index.path, embed.load(index.settings.model)
    cases = []
    with Store(path) as store:
        for line in (folder / "queries.jsonl").read_text().splitlines():
            task = json.loads(line)
            try:
                query = parse(task["query"])
            except codesearch.CodesearchError:
                continue
            candidates = gather(store, query, model.quantised_query(query.text))
            start = task.get("start")
            right = [
                c.symbol.path == task["path"]
                and (start is None or (c.symbol.kind != "module" and c.symbol.start_line <= start <= c.symbol.end_line))
                for c in candidates
            ]
            numbers: dict[str, int] = {}
            files = [numbers.setdefault(c.symbol.path, len(numbers)) for c in candidates]
            rows = [[getattr(f, name) for name in NAMES] for f in compute(query, candidates)]
            features = np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES))
            cases.append(Case(features, np.array(right, dtype=bool), np.array(files), start is None))
    return cases


def ordered(case: Case, weights: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Return the candidates' order, best first, as rank.rank makes it, and their sums."""
    sums = case.features @ weights
    seen: dict[int, int] = {}
    for at in np.argsort(-sums, kind="stable"):
        file = int(case.files[at])
        sums[at] -= SAME_FILE * min(seen.get(file, 0), MOST_SAME_FILE)
        seen[file] = seen.get(file, 0) + 1
    return np.argsort(-sums, kind="stable"), sums


def reciprocal_rank(case: Case, weights: Array) -> float:
    """Return 1 / place of the first right answer among ten (of files where a file is asked for), or 0."""
    place, seen = 0, set()
    for at in ordered(case, weights)[0]:
        if case.by_file:
            if case.files[at] in seen:
                continue
            seen.add(case.files[at])
        place += 1
        if place > 10:
            break
        if case.right[at]:
            return 1 / place
    return 0.0


def fit(sets: Iterable[list[Case]]) -> Array:
    """Return the weights of least loss, by Adam."""
    blocks, rights, sizes, shares = [], [], [], []
    for cases in sets:
        usable = [case for case in cases if case.right.any()]
        for case in usable:
            blocks.append(case.features)
            rights.append(case.right)
            sizes.append(len(case.right))
            shares.append(1 / len(usable))
    features, right = np.vstack(blocks), np.concatenate(rights)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    share = np.repeat(np.array(shares) / sum(shares), sizes)
    free = np.array([name not in FIXED for name in NAMES], dtype=np.float64)
    weights = np.array([WEIGHTS[name] for name in NAMES])
    weights[[i for i, name in enumerate(NAMES) if name == "name_match"]] = 0.0  # no mined query is a name
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
        weights = weights - RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
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


def top_answers(cases: Iterable[Case], weights: Array, most: int = 10) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return (sum, whether right) of the first answers of each query."""
    sums, right = [], []
    for case in cases:
        order, values = ordered(case, weights)
        sums.append(values[order[:most]])
        right.append(case.right[order[:most]])
    return np.concatenate(sums), np.concatenate(right)


def expected_error(score: Array, right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal width."""
    where = np.minimum((score * bins).astype(int), bins - 1)
    gaps = [abs(score[where == b].mean() - right[where == b].mean()) * (where == b).mean() for b in set(where)]
    return float(sum(gaps))


def repository(name: str) -> str:
    """Return the repository a set of queries belongs to."""
    return name.removesuffix(".commits")


def main() -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--cache", type=Path, help="keep the features here, or take them from here")
    arguments = parser.parse_args()
    folders = sorted(path.parent for path in arguments.suite.glob("*/queries.jsonl"))
    if arguments.cache and arguments.cache.exists():
        sets: dict[str, list[Case]] = pickle.loads(arguments.cache.read_bytes())
    else:
        with ProcessPoolExecutor(2) as pool:
            sets = dict(zip((folder.name for folder in folders), pool.map(load, folders), strict=True))
        if arguments.cache:
            arguments.cache.write_bytes(pickle.dumps(sets))
    report(sets)


def report(sets: dict[str, list[Case]]) -> None:
    """Print held-out figures and the weights fitted on all."""
    repositories = sorted({repository(name) for name in sets})
    current = np.array([WEIGHTS[name] for name in NAMES])
    found: dict[str, tuple[float, float, float]] = {}
    held_sums: list[Array] = []
    held_right: list[npt.NDArray[np.bool_]] = []
    for fold in range(FOLDS):
        out = set(repositories[fold::FOLDS])
        weights = fit(cases for name, cases in sets.items() if repository(name) not in out)
        for name, cases in sets.items():
            if repository(name) in out:
                reachable = float(np.mean([case.right.any() for case in cases]))
                found[name] = (mean_rank(cases, weights), mean_rank(cases, current), reachable)
                if not name.endswith(".commits"):
                    sums, right = top_answers(cases, weights)
                    held_sums.append(sums)
                    held_right.append(right)
    print("| queries of | n | held out | current weights | among candidates |\n|---|---|---|---|---|")
    for name in sorted(found):
        new, old, reachable = found[name]
        print(f"| {name} | {len(sets[name])} | {new:.3f} | {old:.3f} | {reachable:.3f} |")
    for kind, chosen in (("functions", False), ("files", True)):
        rows = [row for name, row in found.items() if name.endswith(".commits") == chosen]
        if rows:
            new, old, _ = np.mean(rows, axis=0)
            print(f"{kind}: mean MRR@10 held out {new:.4f}, current weights {old:.4f}")
    sums, right = np.concatenate(held_sums), np.concatenate(held_right)
    slope, intercept = calibrate(sums, right)
    error = expected_error(1 / (1 + np.exp(-(slope * sums + intercept))), right)
    print(f"calibration: slope {slope:.3f}, intercept {intercept:.3f}, expected error {error:.4f}")
    weights = fit(sets.values())
    print("weights fitted on all:", json.dumps(dict(zip(NAMES, weights.round(2).tolist(), strict=True)), indent=4))


def mean_rank(cases: Sequence[Case], weights: Array) -> float:
    """Return the mean reciprocal rank of a set of queries."""
    return float(np.mean([reciprocal_rank(case, weights) for case in cases])) if cases else 0.0


if __name__ == "__main__":
    main()
