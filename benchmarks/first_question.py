"""Time a query of a fresh index: asked for the first time, and again, beside semble.

    python benchmarks/first_question.py [--semble PYTHON --model FOLDER] [--runs 9] [--json FILE] TREE [TREE ...]

PYTHON is the interpreter of an environment with semble, FOLDER a Model2Vec model for it (see compare_semble.py). Each
tree is indexed once, in a file outside it, without vectors of the transformer. Each run restores that index, asks one
of five queries (`first`: the transformer is loaded, and embeds the query and up to fifty candidates), asks it again
(`again`: the vectors exist), and asks semble, whose index is in its cache; each in a new process. The user's cache
of vectors is off, and the bytecode of both is compiled, as after an installation.

answer  from starting the process to the end of its output
wall    to its end; CPU is user and system time, memory is peak resident memory

Medians, with minimum and maximum in brackets. Ratios compare the medians of wall time in one run, codesearch to semble.
Targets for an index of 10,000 functions: first under 0.6 s and 0.75 of semble, again under 0.3 s and 0.4 of semble.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trees import COMMAND, environment, measuring, timed

import codesearch
from codesearch.bench.machine import machine

QUESTIONS = (
    "where do we retry failed queries",
    "how is a configuration file found and parsed",
    "write what has changed to disk",
    "turn a name into another case",
    "release a connection when it is idle",
)
ASKED = {"first": (0.6, 0.75), "again": (0.3, 0.4)}
"""Seconds, and the ratio to semble."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    wall: float
    answer: float
    cpu: float
    megabytes: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--semble", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    parser.add_argument("trees", nargs="+", type=Path)
    given = parser.parse_args()
    if bool(given.semble) != bool(given.model):
        parser.error("--semble and --model go together")
    environment()
    print("| tree | functions and types | | answer s | wall s | CPU s | memory MB | wall : semble |")
    print("|---|--:|---|--:|--:|--:|--:|--:|")
    report = {}
    for tree in given.trees:
        symbols, samples = measure(tree, given.semble, given.model or "", given.runs)
        _print(tree.name, symbols, samples)
        report[tree.name] = {
            "symbols": symbols,
            "runs": {name: [asdict(run) for run in runs] for name, runs in samples.items()},
        }
    if given.json:
        given.json.write_text(json.dumps({"machine": asdict(machine()), "trees": report}, indent=1) + "\n", "utf-8")


def measure(tree: Path, semble: Path | None, model: str, runs: int) -> tuple[int, dict[str, list[Run]]]:
    """Return the number of functions and types of a tree, and the times of each kind of query."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh, db = Path(scratch, "fresh.db"), Path(scratch, "index.db")
        with measuring(f"indexing {tree.name}"):
            timed([*COMMAND, "index", "--quiet", str(tree), "--db", str(fresh)])
        with codesearch.open_index(tree, db=str(fresh), embed="none") as index:
            symbols = index.status().symbols
        theirs = [str(semble.with_name("semble")), "search"] if semble else []
        cache = {
            "HF_HUB_OFFLINE": "1",
            "SEMBLE_MODEL_NAME": model,
            "SEMBLE_CACHE_LOCATION": str(Path(scratch, "semble")),
        }
        samples: dict[str, list[Run]] = {}
        with measuring(f"{runs} runs"):
            for number in range(runs + 1):
                question = QUESTIONS[number % len(QUESTIONS)]
                for file in Path(scratch).glob("index.db*"):
                    file.unlink()
                shutil.copyfile(fresh, db)
                ours = [*COMMAND, "query", question, str(tree), "--db", str(db)]
                ran = {"first": run(ours), "again": run(ours)}
                if semble:
                    ran["semble"] = run([*theirs, question, str(tree), "-k", "10"], cache)
                if number:  # the first run reads files that are not in the system's cache, and builds semble's index
                    for name, one in ran.items():
                        samples.setdefault(name, []).append(one)
    return symbols, samples


def run(argv: Sequence[str], more: Mapping[str, str] | None = None, *, needs_output: bool = True) -> Run:
    """Run a command to its end and read its output; end the benchmark if it fails.

    It also ends if there is no output, unless the command does not need any.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        pid = os.posix_spawn(
            argv[0],
            list(argv),
            {**os.environ, **(more or {})},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, writing, 1),
                (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
                (os.POSIX_SPAWN_CLOSE, reading),
            ],
        )
        os.close(writing)
        answer = 0.0
        while os.read(reading, 1 << 16):
            answer = time.perf_counter() - started
        os.close(reading)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - started
        if os.waitstatus_to_exitcode(status) or (needs_output and not answer):
            errors.seek(0)
            raise SystemExit(f"{' '.join(argv)}: status {status}\n{errors.read().decode()[-2000:]}")
    resident = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return Run(wall, answer, usage.ru_utime + usage.ru_stime, resident)


def _print(tree: str, symbols: int, samples: Mapping[str, Sequence[Run]]) -> None:
    middle = {name: statistics.median(run.wall for run in runs) for name, runs in samples.items()}
    for name, runs in samples.items():
        cells = [_cell([getattr(run, field) for run in runs]) for field in ("answer", "wall", "cpu")]
        memory = f"{statistics.median(run.megabytes for run in runs):.0f}"
        ratio = ""
        if name in ASKED and "semble" in middle:
            ratio = f"**{middle[name] / middle['semble']:.2f}**"
        print(f"| {tree} | {symbols} | {name} | {' | '.join(cells)} | {memory} | {ratio} |", flush=True)
    for name, (seconds, share) in ASKED.items():
        met = middle[name] < seconds and ("semble" not in middle or middle[name] <= share * middle["semble"])
        print(f"{name}: {'met' if met else 'missed'}", file=sys.stderr)


def _cell(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
