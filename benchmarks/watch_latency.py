"""Measure how soon a saved file is found while `codesearch watch` runs, and what an idle watcher costs.

    python benchmarks/watch_latency.py [--tree DIR] [--files 20000] [--saves 100]

Without --tree it makes a git repository of that many small files. It prints a table: save to searchable (one file,
and many at once by `git switch`), queries by the command with and without the watcher, idle CPU and memory.
Linux only: memory and CPU are read from /proc.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import time
from pathlib import Path

from trees import COMMAND, environment, git, repository, source, timed, wait_for, watching

import codesearch
from codesearch.bench.processes import cpu_seconds, family, memory
from codesearch.service import client


def row(what: str, values: list[float]) -> None:
    """Print p50, p95 and the maximum of some times, in milliseconds."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what:<46} {statistics.median(values) * 1e3:>9.1f} {p95 * 1e3:>9.1f} {ordered[-1] * 1e3:>9.1f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="use (and keep) this folder; it is made if missing")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--saves", type=int, default=100)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds to watch an idle watcher")
    given = parser.parse_args()
    environment()
    with repository(given.tree, given.files) as root:
        first = timed([*COMMAND, "index", str(root)])
        with watching(root) as pid:
            measure(root, pid, first, given.saves, given.idle)


def measure(root: Path, pid: int, first: float, saves: int, idle: float) -> None:
    """Measure an indexed and watched tree."""
    with codesearch.open_index(root) as index:
        wait_for(lambda: (client.call(index.path, "status") or {}).get("pid") == pid, "the watcher answers")
        wait_for(lambda: bool((client.call(index.path, "status") or {}).get("fresh")), "up to date")
        status = index.status()
        print(f"{status.files:,} files, {status.symbols:,} symbols, index made in {first:.1f} s")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        print(f"{'milliseconds':<46} {'p50':>9} {'p95':>9} {'worst':>9}")
        files = [symbol.path for symbol in index.symbols() if symbol.start_line == 1][:: max(1, status.files // 500)]
        _measure_saves(root, index, files, saves)
        _measure_switches(root, index)
        _measure_queries(root, index)
    _measure_idle(pid, idle)


def _measure_saves(root: Path, index: codesearch.Index, files: list[str], saves: int) -> None:
    rng = random.Random(2)

    def save_one(way: str) -> float:
        path = rng.choice(files)
        name = f"saved_{rng.randrange(10**9)}"
        text = (root / path).read_text() + "\n\n" + source([name])
        if way == "atomic":
            (root / path).with_suffix(".tmp").write_text(text)
            (root / path).with_suffix(".tmp").replace(root / path)
        else:
            (root / path).write_text(text)
        line = text[: text.index(name)].count("\n") + 1

        def found() -> bool:
            try:
                return index.symbol_at(path, line).name == name
            except codesearch.CodesearchError:
                return False

        took = wait_for(found, f"{name} in {path}")
        time.sleep(rng.uniform(0.05, 0.2))
        return took

    row("save to searchable, rewritten in place", [save_one("plain") for _ in range(saves)])
    row("save to searchable, replaced atomically", [save_one("atomic") for _ in range(saves)])
    git(root, "checkout", "-q", ".")
    refreshed = client.call(index.path, "refresh", 120, budget=120)
    assert refreshed and refreshed["fresh"]


def _measure_switches(root: Path, index: codesearch.Index) -> None:
    def switch(branch: str) -> float:
        git(root, "switch", "-q", branch)
        started = time.perf_counter()
        answer = client.call(index.path, "refresh", 120, budget=120)
        assert answer and answer["fresh"]
        return time.perf_counter() - started

    there = switch("other")
    assert index.status().fresh
    row("git switch, 2,000 files changed", [there])
    row("git switch back", [switch("main")])


def _measure_queries(root: Path, index: codesearch.Index) -> None:
    asked = ["query", "merge the rows of a page", str(root), "-n", "5"]
    timed([*COMMAND, *asked])
    row("query by the command, watcher running", [timed([*COMMAND, *asked]) for _ in range(20)])

    def ask() -> float:
        started = time.perf_counter()
        answer = client.query(index, "merge the rows of a page", limit=5)
        assert answer is not None
        return time.perf_counter() - started

    row("query over the socket", [ask() for _ in range(50)])
    # A copy of the index: no watcher serves it, so the command does the work itself.
    link = root / ".codesearch" / "alone.db"
    shutil.copy(index.path, link)
    alone = [*COMMAND, *asked, "--db", str(link)]
    timed(alone)
    row("query by the command, no watcher", [timed(alone) for _ in range(20)])
    link.unlink()


def _measure_idle(pid: int, idle: float) -> None:
    time.sleep(12.0)  # until only one worker is left
    before = cpu_seconds(family(pid))
    time.sleep(idle)
    pids = family(pid)
    used = (cpu_seconds(pids) - before) / idle
    resident, proportional = memory(pids, "Rss") / 1e6, memory(pids, "Pss") / 1e6
    print(f"idle: {used:.2%} of a core, {len(pids)} processes, {resident:.0f} MB resident, {proportional:.0f} MB own")


if __name__ == "__main__":
    main()
