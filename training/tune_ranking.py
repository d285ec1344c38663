"""Choose the ranking's weights on mined queries, cross-validated by repository.

    python training/tune_ranking.py SUITE [--rounds N]

SUITE is a folder of folders, one a repository: `src/` (a tree without documentation) and `queries.jsonl`, one
object a line with `query`, `path` and, for a function, `start`: the form in which retrieval sets of documented
functions are commonly built. Queries without `start` ask for a file. The repositories must be none that a benchmark
measures. Prints the weights found on all repositories, and, honestly, the score of each repository under weights
found without it.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import codesearch
from codesearch import embed
from codesearch.search.candidates import Candidate, gather
from codesearch.search.features import Features, compute
from codesearch.search.query import Query, parse
from codesearch.search.rank import DEFAULT, Weights, rank
from codesearch.store import Store

FACTORS = (0.0, 0.5, 0.7, 0.85, 1.15, 1.4, 2.0)
CAP = 0.98
"""Largest value of a factor that sets something back."""


@dataclass(slots=True)
class Case:
    """A query with its candidates, and which of them are right."""

    query: Query
    candidates: list[Candidate]
    features: list[Features]
    right: set[int]
    by_file: str


def load(folder: Path) -> list[Case]:
    """Index a repository and gather the candidates of its queries."""
    with codesearch.open_index(folder / "src", db=str(folder / "tune.db")) as index:
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
            right = {
                c.id
                for c in candidates
                if c.symbol.path == task["path"]
                and (start is None or (c.symbol.kind != "module" and c.symbol.start_line <= start <= c.symbol.end_line))
            }
            cases.append(
                Case(query, candidates, compute(query, candidates), right, task["path"] if start is None else "")
            )
    return cases


def reciprocal_rank(case: Case, weights: Weights) -> float:
    """Return 1 / rank of the first right answer among ten (counting files where a file is asked for), or 0."""
    place, seen = 0, set()
    for item in rank(case.query, case.candidates, case.features, weights)[:40]:
        if case.by_file:
            if item.candidate.symbol.path in seen:
                continue
            seen.add(item.candidate.symbol.path)
        place += 1
        if place > 10:
            return 0.0
        if item.candidate.id in case.right:
            return 1 / place
    return 0.0


def score(suites: dict[str, list[Case]], weights: Weights) -> float:
    """Return the mean over repositories of their mean reciprocal rank."""
    means = [sum(reciprocal_rank(case, weights) for case in cases) / len(cases) for cases in suites.values() if cases]
    return sum(means) / len(means)


def neighbours(weights: Weights) -> list[Weights]:
    """Return the weights one step away."""
    out = []
    for item in fields(Weights):
        value = getattr(weights, item.name)
        if isinstance(value, dict):
            for key, factor in value.items():
                out += [
                    replace(weights, **{item.name: {**value, key: round(min(CAP, factor * f), 3)}})
                    for f in (0.8, 0.9, 1.1, 1.25)
                ]
        elif item.name == "same_file":
            out += [replace(weights, same_file=round(min(1.0, value * f), 3)) for f in (0.9, 0.95, 1.05, 1.1)]
        else:
            out += [replace(weights, **{item.name: round(value * f, 3)}) for f in FACTORS]
            if value == 0:
                out += [replace(weights, **{item.name: v}) for v in (0.1, 0.3)]
    return out


def climb(suites: dict[str, list[Case]], rounds: int, say: Callable[[str], None] = lambda _: None) -> Weights:
    """Return weights that no single step improves, or the best after so many rounds."""
    best, value = DEFAULT, score(suites, DEFAULT)
    for number in range(rounds):
        before = value
        for other in neighbours(best):
            reached = score(suites, other)
            if reached > value + 1e-4:
                best, value = other, reached
        say(f"round {number + 1}: {value:.4f} {best}")
        if value - before < 5e-4 or math.isclose(value, before):
            break
    return best


def main() -> None:
    """Tune and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=3)
    arguments = parser.parse_args()
    folders = sorted(path.parent for path in arguments.suite.glob("*/queries.jsonl"))
    suites = {folder.name: load(folder) for folder in folders}
    for name, cases in suites.items():
        alone = {name: cases}
        reachable = sum(bool(case.right) for case in cases) / max(1, len(cases))
        print(f"{name:40} n={len(cases):4} mrr10={score(alone, DEFAULT):.3f} among candidates={reachable:.3f}")
    print(f"default weights: {score(suites, DEFAULT):.4f}", flush=True)
    if not arguments.rounds:
        return
    folds = [
        {n: c for i, (n, c) in enumerate(suites.items()) if i % arguments.folds != fold}
        for fold in range(arguments.folds)
    ]
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(climb, [*folds, suites], [arguments.rounds] * (len(folds) + 1)))
    held = []
    for fold, weights in enumerate(found[:-1]):
        for i, (name, cases) in enumerate(suites.items()):
            if i % arguments.folds == fold:
                held.append(score({name: cases}, weights))
                print(f"held out {name:40} {held[-1]:.3f}")
    print(f"held out mean {sum(held) / len(held):.4f}; on all, with its own weights, {score(suites, found[-1]):.4f}")
    print(found[-1])


if __name__ == "__main__":
    main()
