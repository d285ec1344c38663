"""Compare the time of `codesearch index` with that of `git status` on 100,000 files, none of them changed.

    python benchmarks/no_change.py [--tree DIR] [--files 100000] [--runs 7] [--json FILE] [--profile]

Without --tree it makes a git repository of that many small Python files (one function each) and removes it at the end;
with it, DIR is created if missing, and kept with its index. Both commands alternate, in new processes, as users would
run them; CPU is user and system time including children. A query of the unchanged tree follows, and an update
inside a process that has the index open, as when a watcher scans the whole tree.

Target: under 1.0 s, and within 3 times `git status` in the same run. --profile prints where the time goes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trees import COMMAND, environment, measuring, repository, timed

import codesearch
from codesearch.bench.machine import machine

ASKED_SECONDS, ASKED_RATIO = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Times:
    """Medians of several runs."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="use (and keep) this folder; it is made if missing")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    environment()
    with repository(given.tree, given.files, changed=0, functions=1) as root:
        measure(root, given)


def measure(root: Path, given: argparse.Namespace) -> None:
    """Measure a tree."""
    with measuring("indexing"):
        timed([*COMMAND, "index", "--quiet", str(root)])
    ours, git = [*COMMAND, "index", "--quiet", str(root)], ["git", "status", "--porcelain"]
    asked = [*COMMAND, "query", "--quiet", "--embed", "none", "merge the rows of a page", str(root)]
    with codesearch.open_index(root, embed="none") as index:
        files = index.update().unchanged
        with measuring("nothing changed"):
            ran = in_turn(
                [
                    lambda: timed(git, cwd=root),
                    lambda: timed(ours),
                    lambda: timed(asked),
                    lambda: timed([*asked[:-1], "--no-update", asked[-1]]),
                    lambda: _inside(index),
                ],
                given.runs,
            )
        if given.profile:
            _profile(index)
    status, update, query, where, inside = ran
    print(f"{files:,} files, nothing changed; medians of {given.runs}, in turn\n")
    print("| | wall s | CPU s | wall : git status | CPU : git status |\n|---|--:|--:|--:|--:|")
    for name, times in (
        ("`git status`", status),
        ("`codesearch index`", update),
        ("`codesearch query`", query),
        ("`codesearch query --no-update`", where),
        ("`Index.update()`, index open", inside),
    ):
        print(
            f"| {name} | {times.wall:.2f} | {times.cpu:.2f} | {times.wall / status.wall:.2f} "
            f"| {times.cpu / status.cpu:.2f} |"
        )
    met = update.wall < ASKED_SECONDS and update.wall < ASKED_RATIO * status.wall
    asked_for = f"under {ASKED_SECONDS} s and within {ASKED_RATIO:g} times git status"
    print(f"\nasked for: {asked_for}: {'met' if met else 'missed'}")
    if given.json:
        named = ("git_status", "index", "query", "query_no_update", "inside")
        figures = {name: asdict(times) for name, times in zip(named, ran, strict=True)}
        facts = {"files": files, "runs": given.runs, "machine": asdict(machine())}
        given.json.write_text(json.dumps({**facts, **figures}, indent=1) + "\n", "utf-8")


def in_turn(what: Sequence[Callable[[], float]], runs: int) -> list[Times]:
    """Run each once to warm up, then all in turn; return the medians of their seconds and of the CPU time."""
    walls: list[list[float]] = [[] for _ in what]
    cpus: list[list[float]] = [[] for _ in what]
    for run in range(runs + 1):
        for at, one in enumerate(what):
            before = _cpu()
            seconds = one()
            if run:
                walls[at].append(seconds)
                cpus[at].append(_cpu() - before)
    return [Times(statistics.median(wall), statistics.median(cpu)) for wall, cpu in zip(walls, cpus, strict=True)]


def _cpu() -> float:
    """Return the CPU seconds of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _inside(index: codesearch.Index) -> float:
    started = time.perf_counter()
    report = index.update()
    assert not report.changed, "something did change"
    return time.perf_counter() - started


def _profile(index: codesearch.Index) -> None:
    import cProfile
    import pstats

    with cProfile.Profile() as profile:
        index.update()
    pstats.Stats(profile).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
