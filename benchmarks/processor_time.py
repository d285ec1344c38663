"""Measure what growth costs in processor time, which says more than the clock on a machine with other work.

    python benchmarks/processor_time.py --work DIR TREE [TREE ...] [--queries 40] [--cold 8]

For each tree, of which an index in DIR is made unless it is there from an earlier run:

index   from nothing, in a new process: processor time of it and its workers, and their peak memory together (PSS)
again   with nothing changed, in a new process, median of 3; as the time of indexing, only of an index that was made now
warm    queries within one process, taken from the tree's own documentation: p50 and p95 of the first time a query is
        asked (its words are not known), and of the second; the peak memory of that process
cold    the command in a new process per query, p50; its peak memory

All queries use the fast ranking. Nothing is reused between trees. Linux.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import trees
from compare_semble import run

import codesearch
from codesearch.bench import processes, queries
from codesearch.bench.values import Latency

MEBIBYTE = 1 << 20
WARMING = ("where is this done", "how are errors handled")


def cost(command: Sequence[str]) -> tuple[float, int]:
    """Run a command; return the processor time of it and its children, and its own peak memory in bytes."""
    done = run(list(command))
    return done.cpu, round(done.megabytes * MEBIBYTE)


def made(command: Sequence[str]) -> tuple[float, int | None]:
    """Run a command that indexes; return its processor time, and the peak memory of it and its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, processes.Sampler(process.pid) as memory:
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory.peak


def asked(tree: Path, db: Path, texts: Sequence[str]) -> tuple[list[Latency], int]:
    """Ask each query twice in this process; return the processor time of each round, and the peak memory."""
    rounds = []
    with codesearch.open_index(tree, db=str(db), embed="none", cache=False) as index:
        for text in WARMING:
            index.query(text)
        for _ in range(2):
            seconds = []
            for text in texts:
                begun = time.process_time()
                index.query(text)
                seconds.append(time.process_time() - begun)
            rounds.append(Latency.of(seconds))
    return rounds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_new_process(tree: Path, db: Path, texts: Sequence[str]) -> tuple[list[Latency], int]:
    """Return the same as `asked`, measured in a new process."""
    command = [sys.executable, __file__, "--ask", json.dumps(texts), "--db", str(db), str(tree)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rounds, peak = json.loads(said)
    return [Latency(**one) for one in rounds], peak


def row(tree: Path, work: Path, count: int, cold: int) -> str:
    """Measure one tree; return a row of Markdown."""
    db = work / f"{tree.name}.db"
    place = ["--db", str(db), "--embed", "none"]
    seconds: float | None = None
    memory = None
    if not db.exists():
        with trees.measuring(f"{tree.name}: index"):
            seconds, memory = made([*trees.COMMAND, "index", str(tree), *place, "--quiet"])
    with codesearch.open_index(tree, db=str(db), embed="none") as index:
        status = index.status()
        texts, functions = queries.mined(index, count)
    again: float | None = None
    if seconds is not None:
        with trees.measuring(f"{tree.name}: again"):
            again = statistics.median(cost([*trees.COMMAND, "index", str(tree), *place])[0] for _ in range(3))
    with trees.measuring(f"{tree.name}: warm"):
        (first, second), warm_peak = in_new_process(tree, db, texts)
    with trees.measuring(f"{tree.name}: cold"):
        command = [*trees.COMMAND, "query", *place, "--no-update", "--"]
        new = [cost([*command, text, str(tree)]) for text in texts[:cold]]
    source, size = status.source_bytes / 1e6, status.index_bytes / 1e6
    cells = [
        f"{functions:,}",
        f"{status.files:,}",
        f"{source:.1f}",
        "" if seconds is None else f"{seconds:.1f}",
        "" if seconds is None else f"{source / seconds:.2f}",
        "" if memory is None else f"{memory / 1e6:.0f}",
        f"{size:.1f}",
        f"{size / source:.2f}",
        "" if again is None else f"{again:.2f}",
        *(f"{1000 * one.p50:.0f} / {1000 * one.p95:.0f}" for one in (first, second)),
        f"{warm_peak / 1e6:.0f}",
        f"{1000 * statistics.median(one for one, _ in new):.0f}",
        f"{max(peak for _, peak in new) / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--cold", type=int, default=8)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--db", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask is not None:
        rounds, peak = asked(given.trees[0], given.db, json.loads(given.ask))
        print(json.dumps([[asdict(one) for one in rounds], peak]))
        return
    if given.work is None:
        parser.error("--work is missing: a folder for the indexes")
    trees.environment()
    given.work.mkdir(parents=True, exist_ok=True)
    print("| functions | files | MB | index s | MB per s | peak MB | file MB | file : source | again s "
          "| warm, new words: p50 / p95 ms | known words | peak MB | cold p50 ms | peak MB |")  # fmt: skip
    print("|" + "--:|" * 14, flush=True)
    for tree in given.trees:
        print(row(tree.resolve(), given.work.resolve(), given.queries, given.cold), flush=True)


if __name__ == "__main__":
    main()
