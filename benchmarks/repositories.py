#!/usr/bin/env python3
"""Several repositories at once: how long a question takes, and what it costs not to know the right repository.

    python benchmarks/repositories.py speed --work FOLDER [--count 20] [--symbols 10000] [--embed none] [--services]
    python benchmarks/repositories.py speed --work FOLDER --trees FOLDER ...
    python benchmarks/repositories.py quality BENCH TREES --work FOLDER [--embed none]

speed: generated repositories, a quarter of them different (the others are copies, whose hits have to be folded). Warm
medians and 95th percentiles of a question to all of them, beside the sum of the questions to each of them, in turn:
elapsed time, and processor time of this process, which other work on the machine disturbs less. `--trees` asks copies
of other trees instead, which differ more.
`--services` asks a running service of each; otherwise one process has all indexes open.

quality: the suite `files` of `bench.py` (BENCH), on the trees that it prepared (TREES). Each question is asked of its
own repository, then of all repositories together, where each hit in another repository is wrong. Columns: repository,
questions, NDCG@10 alone and together, share of questions whose first hit is in the right repository.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import development
import trees

import codesearch
from codesearch.repositories.registry import Repository
from codesearch.repositories.several import Repositories
from codesearch.service import client

QUESTIONS = (
    "load the user settings",
    "where is a failed request retried",
    "remove an old cache entry",
    "parse the header of a file",
    "merge two records",
    "close the connection when it is idle",
    "sort items by price",
    "check a password",
    "write the report",
    "find a node by its key",
)
FUNCTIONS = 25
DIFFERENT = 4


def main() -> None:
    """Measure what the command line says, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed_options, quality_options = commands.add_parser("speed"), commands.add_parser("quality")
    quality_options.add_argument("bench", type=Path)
    quality_options.add_argument("trees", type=Path)
    for one in (speed_options, quality_options):
        one.add_argument("--work", type=Path, required=True, help="folder for trees and indexes; reused")
        one.add_argument("--embed", default="none", choices=["none", "lazy"])
    speed_options.add_argument("--count", type=int, default=20)
    speed_options.add_argument("--symbols", type=int, default=10_000)
    speed_options.add_argument("--rounds", type=int, default=3)
    speed_options.add_argument("--services", action="store_true")
    speed_options.add_argument("--trees", type=Path, nargs="+", default=[])
    options = parser.parse_args()
    trees.environment()
    options.work.mkdir(parents=True, exist_ok=True)
    (speed if options.command == "speed" else quality)(options)


# -- speed ------------------------------------------------------------------------------------------------------------


def speed(options: argparse.Namespace) -> None:
    """Print how long a question to all repositories takes, beside questions to each of them."""
    if options.trees:
        made = [copied(options.work, root.name, root) for root in options.trees]
    else:
        made = list(generated(options.work, options.count, options.symbols))
    symbols = []
    for one in made:
        with codesearch.open_index(one.folder) as index:
            symbols.append(index.status().symbols)
    print(f"{len(made)} repositories, {statistics.mean(symbols):,.0f} symbols each on average; embed {options.embed}")
    with ExitStack() as stack:
        if options.services:
            stack.enter_context(served(made, options.embed))
        several = stack.enter_context(Repositories(made, embed=options.embed))
        indexes = [several.index(one) for one in made]

        def each(text: str, *, fresh: bool) -> None:
            for index in indexes:
                if options.services:
                    assert client.query(index, text, fresh=fresh) is not None
                else:
                    if fresh:
                        index.update()
                    index.query(text)

        ways: dict[str, Callable[[str], Any]] = {
            "each in turn, as indexed": lambda text: each(text, fresh=False),
            "all together, as indexed": lambda text: several.query(text, fresh=False),
            "each in turn, changed files looked for": lambda text: each(text, fresh=True),
            "all together, changed files looked for": several.query,
        }
        taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for round in range(options.rounds + 1):  # the first warms up
            for text in QUESTIONS:
                for way, ask in ways.items():
                    started = time.perf_counter(), time.process_time()
                    ask(text)
                    if round:
                        ended = time.perf_counter(), time.process_time()
                        taken[way].append((1000 * (ended[0] - started[0]), 1000 * (ended[1] - started[1])))
    for way, pairs in taken.items():
        shown = [
            f"{what} p50 {statistics.median(times):6.0f} ms  p95 {statistics.quantiles(times, n=20)[-1]:6.0f} ms"
            for what, times in zip(("elapsed", "processor"), zip(*pairs, strict=True), strict=True)
        ]
        print(f"{way:<40} {'   '.join(shown)}")


def generated(work: Path, count: int, symbols: int) -> Iterator[Repository]:
    """Yield indexed repositories, making those that are not there."""
    for number in range(count):
        root = work / f"speed-{symbols}" / f"r{number}"
        if not root.exists():
            new = root.with_name(f"new-{number}")
            shutil.rmtree(new, ignore_errors=True)
            if number >= DIFFERENT:
                shutil.copytree(root.with_name(f"r{number % DIFFERENT}"), new, symlinks=True)
            else:
                functions = FUNCTIONS + number
                trees.make_repository(new, symbols // (functions + 1), changed=0, functions=functions)
            new.rename(root)
        with codesearch.open_index(root) as index:
            index.update()
        yield Repository(root.name, root)


@contextmanager
def served(made: Sequence[Repository], embed: str) -> Iterator[None]:
    """Run a service of each repository meanwhile."""
    environment = os.environ | {"CODESEARCH_EMBED": embed}
    command = [sys.executable, "-m", "codesearch.cli", "watch", "--quiet"]
    running = [subprocess.Popen([*command, str(one.folder)], env=environment) for one in made]
    try:
        for one in made:
            with codesearch.open_index(one.folder, embed=embed) as index:
                trees.wait_for(lambda index=index: client.refresh(index), f"a service of {one.name}", 600)  # type: ignore[misc]
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


# -- quality ----------------------------------------------------------------------------------------------------------


def quality(options: argparse.Namespace) -> None:
    """Print the NDCG@10 of questions to the right repository, and to all of them."""
    bench = development.loaded(options.bench)
    suite = [one for one in development.prepared(bench, options.bench, options.trees) if one[0] == "files"]
    made = {repo["name"]: copied(options.work, repo["name"], roots[0]) for _, repo, roots, _ in suite}
    rows = []
    with Repositories(list(made.values()), embed=options.embed) as several:
        for _, repo, roots, tasks in suite:
            own = several.index(made[repo["name"]])
            found = []
            for task in tasks:
                alone = [place(hit) for hit in own.query(task["query"], limit=10)]
                joined = several.query(task["query"], limit=10, fresh=False)
                mixed = [place(one.hit, one.repository.name == repo["name"]) for one in joined]
                figures = [development.of_files(bench, task, some, roots) for some in (alone, mixed)]
                found.append((*figures, float(bool(joined) and joined[0].repository.name == repo["name"])))
            rows.append([statistics.mean(values) for values in zip(*found, strict=True)])
            print(f"{repo['name']:<12} {len(tasks):>3}  " + "  ".join(f"{value:.3f}" for value in rows[-1]), flush=True)
    print(f"{'mean':<12} {'':>3}  " + "  ".join(f"{statistics.mean(values):.3f}" for values in zip(*rows, strict=True)))


def copied(work: Path, name: str, root: Path) -> Repository:
    """Return a copy of a tree, indexed."""
    target = work / "quality" / name
    if not target.exists():
        shutil.copytree(root, target, ignore=shutil.ignore_patterns(".codesearch"), symlinks=True)
    with codesearch.open_index(target) as index:
        index.update()
    return Repository(name, target)


def place(hit: codesearch.Hit, is_right: bool = True) -> dict[str, Any]:
    """Return a hit as the suite judges it; one in another repository is in no file of this one."""
    symbol = hit.symbol
    path = symbol.path if is_right else f"another repository/{symbol.path}?"
    return {"path": path, "start_line": symbol.start_line, "end_line": symbol.end_line}


if __name__ == "__main__":
    main()
