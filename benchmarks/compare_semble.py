"""Compare codesearch with semble: both on the same trees, alternating, in one run.

    python benchmarks/compare_semble.py --semble PYTHON --model FOLDER TREE [TREE ...] [--repeat 3]

PYTHON is the interpreter of an environment with semble (`pip install semble`), FOLDER a Model2Vec model for it (its own
default is a download). Both tools run as users run them, by their command line, in new processes:

index   the first query of a tree, from nothing to an answer; bytes per second of the source that codesearch indexes
cold    a query of an unchanged, indexed tree: wall time and peak resident memory of the process
again   `codesearch index` of the unchanged tree

The table shows medians. Ratios are codesearch to semble within one run, because the machine may be busy.
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
    return Run(seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024))


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
            note("their index", run([theirs, "search", query, str(tree), "-k", "10"], environment).seconds)
            for file in Path(scratch).glob("index.db*"):
                file.unlink()
            note("our index", run([ours, "query", query, str(tree), "--db", db, "-n", "10"]).seconds)
            for _ in range(3):
                cold = run([theirs, "search", query, str(tree), "-k", "10"], environment)
                note("their cold", cold.seconds)
                note("their memory", cold.megabytes)
                cold = run([ours, "query", query, str(tree), "--db", db, "-n", "10"])
                note("our cold", cold.seconds)
                note("our memory", cold.megabytes)
            note("again", run([ours, "index", str(tree), "--db", db]).seconds)
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
    print("| tree | files | MB | functions and types | index: MB/s ours / semble = ratio | cold query: s = ratio "
          "| memory: MB = ratio | index again: s | index file MB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    rows = []
    for tree in arguments.trees:
        row = measure(tree, arguments.semble, arguments.model, arguments.repeat)
        rows.append(row)
        r = {name: value for name, value in row.items() if not isinstance(value, str)}
        print(
            f"| {row['tree']} | {row['files']} | {r['MB']:.1f} | {row['symbols']} "
            f"| {r['MB'] / r['our index']:.2f} / {r['MB'] / r['their index']:.2f} = "
            f"**{r['their index'] / r['our index']:.2f}** "
            f"| {r['our cold']:.2f} / {r['their cold']:.2f} = **{r['our cold'] / r['their cold']:.2f}** "
            f"| {r['our memory']:.0f} / {r['their memory']:.0f} = **{r['our memory'] / r['their memory']:.2f}** "
            f"| {r['again']:.2f} | {r['index MB']:.1f} |",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
