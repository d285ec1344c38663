"""Time `git switch` that changes 2,000 of 20,000 files, there and back, with `codesearch watch` running.

    python benchmarks/switch.py [--tree DIR] [--files 20000] [--changed 2000] [--rounds 3] [--json FILE]

Without --tree it makes a git repository of small Python files (three functions each) with a branch `other`, and removes
it at the end; with it, DIR is created if it is missing, and kept. For each switch it prints the seconds from the end of
`git switch` until the watcher reports that everything on disk is searchable (and a function of a changed file is found
at its line), the same including git, the CPU time of the watcher and its workers, and how many vectors the reranker
computed when the same queries were asked again. (Static vectors are computed with the symbols, in microseconds.)

Target: under 4 s from the end of git, and no vector is computed twice.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw
from trees import COMMAND, environment, git, measuring, repository, timed, wait_for, watching

import codesearch
from codesearch.bench.machine import machine
from codesearch.bench.processes import cpu_seconds, family
from codesearch.service import client

ASKED_SECONDS = 4.0
QUESTIONS = (
    "merge the rows of a page",
    "split a socket and return what is left",
    "load the lock of a queue",
    "render tokens of a packet",
    "count what the cache has open",
)


@dataclass(frozen=True, slots=True)
class Switch:
    """The cost of one switch."""

    branch: str
    git_seconds: float
    searchable_seconds: float
    """Seconds from the end of git."""
    cpu_seconds: float | None
    """CPU seconds of the watcher and its workers; None if the system does not report it."""
    new_vectors: int
    """Vectors that the reranker computed when the queries were asked again."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="use (and keep) this folder; it is made if missing")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--changed", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3, help="there and back")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    environment()
    with repository(given.tree, given.files, changed=given.changed) as root:
        git(root, "switch", "-q", "main")
        with measuring("indexing"):
            timed([*COMMAND, "index", "--quiet", str(root)])
        with watching(root) as pid:
            switches = measure(root, pid, given.rounds)
        report(root, switches, given.json)


def measure(root: Path, pid: int, rounds: int) -> list[Switch]:
    """Switch there and back several times."""
    changed = subprocess.run(
        ["git", "diff", "--name-only", "main", "other"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()
    with codesearch.open_index(root) as index:
        wait_for(lambda: (client.call(index.path, "status") or {}).get("pid") == pid, "the watcher answers")
        wait_for(lambda: bool((client.call(index.path, "status") or {}).get("fresh")), "up to date", 600)
        ask(index)
        found = []
        for number in range(rounds):
            for branch in ("other", "main"):
                with measuring(f"to {branch}, {number + 1} of {rounds}"):
                    found.append(switched(index, pid, branch, changed[number % len(changed)]))
        return found


def ask(index: codesearch.Index) -> None:
    """Send every question to the service."""
    for question in QUESTIONS:
        assert client.query(index, question) is not None, "the watcher did not answer"


def switched(index: codesearch.Index, pid: int, branch: str, path: str) -> Switch:
    """Switch to a branch that changes a file, and wait until it can be found."""
    used = _cpu(pid)
    started = time.perf_counter()
    git(index.root, "switch", "-q", branch)
    ended = time.perf_counter()
    answer = client.call(index.path, "refresh", 300, budget=300)
    searchable = time.perf_counter()
    cpu = None if used is None else (_cpu(pid) or used) - used
    assert answer, "the watcher did not answer"
    assert answer["fresh"], answer
    name = (index.root / path).read_text("utf-8").split("def ", 1)[1].split("(", 1)[0]
    assert index.symbol_at(path, 2).name == name, f"{path}: {name} is not found"
    before = vectors(index.path)
    ask(index)
    return Switch(branch, ended - started, searchable - ended, cpu, vectors(index.path) - before)


def _cpu(pid: int) -> float | None:
    return cpu_seconds(family(pid)) if sys.platform == "linux" else None


def vectors(path: Path) -> int:
    """Return the number of the reranker's vectors in an index."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    count = db.execute("SELECT count(*) FROM model_vector").get
    db.close()
    return int(str(count))


def report(root: Path, switches: list[Switch], file: Path | None) -> None:
    """Print the table."""
    print("| to | git s | searchable, from git's end, s | with git s | CPU s | new vectors |")
    print("|---|--:|--:|--:|--:|--:|")
    for one in switches:
        cpu = "-" if one.cpu_seconds is None else f"{one.cpu_seconds:.2f}"
        print(
            f"| {one.branch} | {one.git_seconds:.2f} | {one.searchable_seconds:.2f} "
            f"| {one.git_seconds + one.searchable_seconds:.2f} | {cpu} | {one.new_vectors} |"
        )
    for branch in ("other", "main"):
        middle = statistics.median(one.searchable_seconds for one in switches if one.branch == branch)
        print(f"\nto {branch}: median {middle:.2f} s; asked for: under {ASKED_SECONDS:g} s", end="")
    again = sum(one.new_vectors for one in switches[1:])
    print(f"\nvectors made after the first switch: {again}; asked for: 0")
    if file is not None:
        figures = {"machine": asdict(machine()), "switches": [asdict(one) for one in switches]}
        file.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
