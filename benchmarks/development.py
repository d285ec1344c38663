#!/usr/bin/env python3
"""Score the development suites query by query: by repository, language and kind, with confidence intervals.

    python benchmarks/development.py BENCH WORK --json OUT [-- COMMAND ...]
    python benchmarks/development.py --show OUT ...

BENCH contains `bench.py` and its suites, WORK the trees it prepared. COMMAND and the metrics are those of
`bench.py`. `--json` writes the figure of every query; `--show` prints the tables again, several runs side by side.
Means are over the repositories, as in `bench.py`; intervals are the percentile bootstrap (95 %) over the queries of
each repository. The suites only measure: nothing was tuned on them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Row = dict[str, Any]
"""suite, repo, language, kind, query, value: NDCG@10 of files, MRR@10 of docs."""

RESAMPLED = 2000


def loaded(folder: Path) -> ModuleType:
    """Return bench.py as a module."""
    spec = importlib.util.spec_from_file_location("bench", folder / "bench.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(folder: Path, work: Path, command: Sequence[str]) -> Iterator[Row]:
    """Yield the figure of each query of both suites."""
    bench = loaded(folder)
    for suite, repo, roots, tasks in prepared(bench, folder, work):
        answers, _ = bench.run(list(command) or bench.DEFAULT, roots[0], [task["query"] for task in tasks])
        for task, found in zip(tasks, answers, strict=True):
            yield judged(bench, suite, repo, roots, task, found)
        print(suite, repo["name"], flush=True)


def prepared(bench: ModuleType, folder: Path, work: Path) -> Iterator[tuple[str, Row, tuple[Path, Path], list[Row]]]:
    """Yield (suite, repository, (searched tree, tree around it), queries) of the prepared trees."""
    for suite in ("docs", "files"):
        for repo in bench.repos(suite, folder):
            base = work / suite / repo["name"]
            if not base.exists():
                continue
            if suite == "files":
                tasks = json.loads((folder / suite / f"{repo['name']}.json").read_text())
                root = base / repo["root"]
            else:
                kept = folder / suite / f"{repo['name']}.jsonl"
                lines = (kept if kept.exists() else base / "queries.jsonl").read_text().splitlines()
                tasks, root = [json.loads(line) for line in lines], base / "src"
            yield suite, repo, (root, base), tasks


def judged(bench: ModuleType, suite: str, repo: Row, roots: tuple[Path, Path], task: Row, found: Sequence[Row]) -> Row:
    """Return the figure of one answer; `found` are its hits with `path`, `start_line` and `end_line`."""
    return {
        "suite": suite, "repo": repo["name"], "language": repo["language"],
        "kind": task.get("category", "documentation"), "query": task["query"],
        "value": of_files(bench, task, found, roots) if suite == "files" else of_function(task, found),
    }  # fmt: skip


def of_files(bench: ModuleType, task: Row, found: Sequence[Row], roots: Sequence[Path]) -> float:
    """Return the NDCG@10 of an answer, for the targets that exist."""
    targets = task.get("relevant", []) + task.get("secondary", [])
    paths = [(one, one if isinstance(one, str) else one["path"]) for one in targets]
    present = [one for one, path in paths if any((root / path).exists() for root in roots)]
    return float(bench.ndcg(found, present or targets))


def of_function(task: Row, found: Sequence[Row]) -> float:
    """Return the reciprocal rank of the function, 0 beyond rank 10."""
    start = task["start"]
    places = (
        place
        for place, one in enumerate(found[:10], 1)
        if one["path"] == task["path"] and one["start_line"] <= start <= one["end_line"]
    )
    return 1 / next(places, float("inf"))


def interval(rows: Sequence[Row], seed: int = 0) -> tuple[float, float, float]:
    """Return the mean over repositories, and its bootstrap interval over the queries of each."""
    of: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        of[row["repo"]].append(row["value"])
    chance = np.random.default_rng(seed)
    drawn = np.zeros(RESAMPLED)
    for values in of.values():
        array = np.array(values)
        drawn += array[chance.integers(0, len(array), size=(RESAMPLED, len(array)))].mean(axis=1) / len(of)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(np.mean([np.mean(values) for values in of.values()])), float(low), float(high)


def tables(runs: dict[str, list[Row]]) -> Iterator[str]:
    """Yield Markdown lines: each suite in total and by repository, language and kind, one column per run."""
    for suite, figure in (("docs", "MRR@10"), ("files", "NDCG@10")):
        yield from (f"\n| {suite}, {figure} | queries | {' | '.join(runs)} |", "|---" * (len(runs) + 2) + "|")
        first = [row for row in next(iter(runs.values())) if row["suite"] == suite]
        groups: list[tuple[str, Callable[[Row], bool]]] = [("all", lambda _: True)]
        for by in ("language", "kind", "repo"):
            names = list(dict.fromkeys(row[by] for row in first))
            groups += [(f"{by} {name}", lambda row, by=by, name=name: row[by] == name) for name in names]  # type: ignore[misc]
        for title, belongs in groups:
            cells = []
            for rows in runs.values():
                mean, low, high = interval([row for row in rows if row["suite"] == suite and belongs(row)])
                cells.append(f"{mean:.3f} ({low:.3f} to {high:.3f})")
            yield f"| {title} | {sum(map(belongs, first))} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, or show earlier measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="BENCH WORK")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--show", type=Path, nargs="+", default=[])
    typed = sys.argv[1:]
    end = typed.index("--") if "--" in typed else len(typed)
    options = parser.parse_args(typed[:end])
    runs = {path.stem: json.loads(path.read_text()) for path in options.show}
    if options.folders:
        if len(options.folders) != 2:
            parser.error("give BENCH and WORK")
        folder, work = options.folders
        rows = list(measure(folder, work, typed[end + 1 :]))
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1))
        runs["now"] = rows
    print("\n".join(tables(runs)))


if __name__ == "__main__":
    main()
