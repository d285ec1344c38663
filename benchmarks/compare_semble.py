"""Compare codesearch with semble: both on the same trees, alternating, in one run.

    python benchmarks/compare_semble.py --semble PYTHON --model FOLDER TREE [TREE ...] [--repeat 3]

PYTHON is the interpreter of an environment with semble (`pip install semble`), FOLDER a Model2Vec model for it (its own
default is a download). Both tools run as users run them, by their command line, in new processes:

index   from nothing to the answer from the whole index: `codesearch index` and then a query, `semble search`. Megabytes
        of the source that codesearch indexes, per second by the clock and per second of processor time
cold    a query of an unchanged, indexed tree: by the clock, processor time, and peak resident memory of the process
again   `codesearch index` of the unchanged tree: processor time

The table shows medians. Ratios are codesearch to semble within one run, because the machine may be busy; then processor
time says more than the clock. It includes that of the workers.
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
from dataclasses import dataclass
from pathlib import Path

import codesearch

QUERIES = ("where are errors handled and retried", "parse configuration", "write data to a file")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process."""

    seconds: float
    """By the clock."""
    cpu: float
    """Processor time of the process and its children, in seconds."""
    megabytes: float
    """Peak resident memory of the process itself."""


def run(argv: list[str], environment: dict[str, str] | None = None) -> Run:
    """Run a command to its end; end the benchmark if it fails."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        pid = os.posix_spawn(
            argv[0],
            argv,
            {**os.environ, **(environment or {})},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
            ],
        )
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - started
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            errors.seek(0)
            raise SystemExit(f"{' '.join(argv)}: exit status {code}\n{errors.read().decode()[-2000:]}")
    megabytes = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return Run(seconds, usage.ru_utime + usage.ru_stime, megabytes)


def measure(tree: Path, semble: str, model: str, repeat: int) -> dict[str, float | str]:
    """Measure both on one tree."""
    ours = str(Path(sys.executable).with_name("codesearch"))
    with tempfile.TemporaryDirectory() as scratch:
        db = str(Path(scratch) / "index.db")
        cache = Path(scratch) / "semble"
        environment = {"HF_HUB_OFFLINE": "1", "SEMBLE_MODEL_NAME": model, "SEMBLE_CACHE_LOCATION": str(cache)}
        theirs = str(Path(semble).with_name("semble"))
        samples: dict[str, list[float]] = {}

        def note(name: str, value: float) -> None:
            samples.setdefault(name, []).append(value)

        for number in range(repeat):
            query = QUERIES[number % len(QUERIES)]
            shutil.rmtree(cache, ignore_errors=True)
            asked = [theirs, "search", query, str(tree), "-k", "10"]
            made = run(asked, environment)
            note("their index", made.seconds)
            note("their index cpu", made.cpu)
            for file in Path(scratch).glob("index.db*"):
                file.unlink()
            steps = [run([ours, *step]) for step in (["index", str(tree), "--db", db], _query(query, tree, db))]
            note("our index", sum(step.seconds for step in steps))
            note("our index cpu", sum(step.cpu for step in steps))
            for _ in range(3):
                for who, cold in (("their", run(asked, environment)), ("our", run([ours, *_query(query, tree, db)]))):
                    note(f"{who} cold", cold.seconds)
                    note(f"{who} cold cpu", cold.cpu)
                    note(f"{who} memory", cold.megabytes)
            note("again", run([ours, "index", str(tree), "--db", db]).cpu)
        with codesearch.open_index(tree, db=db) as index:
            status = index.status()
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return {
        "tree": tree.name,
        "files": status.files,
        "MB": status.source_bytes / 1e6,
        "symbols": status.symbols,
        "index MB": status.index_bytes / 1e6,
        **middle,
    }


def _query(query: str, tree: Path, db: str) -> list[str]:
    return ["query", query, str(tree), "--db", db, "-n", "10"]


def _ratio(ours: float, theirs: float, digits: int = 2) -> str:
    return f"{ours:.{digits}f} / {theirs:.{digits}f} = **{ours / theirs:.2f}**"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--semble", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("trees", nargs="+", type=Path)
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled
    print("| tree | files | MB | functions and types | index: MB/s ours / semble = ratio | MB per CPU second "
          "| cold query: s | CPU s | memory: MB | index again: CPU s | index : source |")  # fmt: skip
    print("|---|" + "--:|" * 10)
    rows = []
    for tree in arguments.trees:
        row = measure(tree, arguments.semble, arguments.model, arguments.repeat)
        rows.append(row)
        r = {name: value for name, value in row.items() if not isinstance(value, str)}
        print(
            f"| {row['tree']} | {r['files']:,} | {r['MB']:.1f} | {r['symbols']:,} "
            f"| {_ratio(r['MB'] / r['our index'], r['MB'] / r['their index'])} "
            f"| {_ratio(r['MB'] / r['our index cpu'], r['MB'] / r['their index cpu'])} "
            f"| {_ratio(r['our cold'], r['their cold'])} | {_ratio(r['our cold cpu'], r['their cold cpu'])} "
            f"| {_ratio(r['our memory'], r['their memory'], 0)} "
            f"| {r['again']:.2f} | {r['index MB'] / r['MB']:.2f} |",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
