"""Compare two installed releases in turn: indexing, a cold query and warm queries of the same tree.

    python benchmarks/release.py --before PYTHON --after PYTHON [--runs 20] [--index-runs 5] TREE [TREE ...]

PYTHON is the interpreter of an environment with codesearch. Each step runs alternately (before, after, after, before),
so that a busy machine slows both down. The shared cache of vectors is off, and each release has its own home folder.

index  a first index, in a new process
first  a query in a new process, asked for the first time of an index without any of the transformer's vectors
cold   a query in a new process that was asked before, so its vectors are stored
none   the same with `--embed none`: the fast ranking alone
warm   one of twenty queries to a process that stays (`query --batch -`)

Prints medians, and the median of the ratios after : before with the quartiles.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from first_question import run
from trees import measuring

QUESTIONS = (
    "parse a header value", "close the connection when done", "write bytes to the response",
    "validate the configuration", "retry a failed request", "register a handler for a path",
    "compute a checksum of a file", "compare two versions", "copy a directory tree", "lock a resource until released",
    "decode text from bytes", "schedule a task later", "log an error with its stack", "convert a string to a number",
    "find the next free slot", "remove expired entries", "read lines lazily", "merge two dictionaries", "encode json",
    "match a route with parameters",
)  # fmt: skip
ASKED_AGAIN = 4
"""Queries of the cold step; they were asked before."""


class Release:
    """One installed release with its index of a tree, in a home folder of its own."""

    def __init__(self, python: Path, tree: Path, folder: Path) -> None:
        """`python` is the interpreter of its environment; everything it writes goes below `folder`."""
        folder.mkdir(mode=0o700)
        self.db = folder / "index.db"
        self._tree = str(tree)
        self._command = [str(python.with_name("codesearch"))]  # 0.1.0 has no `python -m codesearch`
        self._variables = {"CODESEARCH_CACHE": "false", "CI": "true", "HOME": str(folder)}
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            self._variables[f"XDG_{name}_HOME"] = str(folder / name.lower())
        self._warm: subprocess.Popen[str] | None = None

    def index(self, number: int) -> dict[str, float]:
        """Index the tree from nothing."""
        for file in self.db.parent.glob("index.db*"):
            file.unlink()
        return self._run("index")

    def first(self, number: int) -> dict[str, float]:
        """Ask a new index; it is the one that was indexed last, before any query."""
        kept = self.db.with_name("new.db")
        if not kept.exists():
            shutil.copyfile(self.db, kept)
        for file in self.db.parent.glob("index.db*"):
            file.unlink()
        shutil.copyfile(kept, self.db)
        return self._run("query", QUESTIONS[number % len(QUESTIONS)])

    def cold(self, number: int) -> dict[str, float]:
        """Ask one of the queries that were asked before."""
        return self._run("query", QUESTIONS[number % ASKED_AGAIN])

    def none(self, number: int) -> dict[str, float]:
        """Ask without the reranker."""
        return self._run("query", QUESTIONS[number % len(QUESTIONS)], "--embed", "none")

    def warm(self, number: int) -> dict[str, float]:
        """Ask the process that stays; it is started first."""
        if self._warm is None:
            argv = [*self._command, "query", "--batch", "-", "--format", "ndjson", self._tree, "--db", str(self.db)]
            self._warm = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **self._variables}
            )
            for question in QUESTIONS:
                self._ask(self._warm, question)
        return {"wall": self._ask(self._warm, QUESTIONS[number % len(QUESTIONS)])}

    def close(self) -> None:
        """End the process that stays."""
        if self._warm is not None:
            assert self._warm.stdin is not None
            self._warm.stdin.close()
            self._warm.wait()

    def _run(self, *arguments: str) -> dict[str, float]:
        argv = [*self._command, *arguments, self._tree, "--db", str(self.db)]
        done = run(argv, self._variables, needs_output=arguments[0] == "query")
        return {"wall": done.wall, "cpu": done.cpu, "megabytes": done.megabytes}

    @staticmethod
    def _ask(process: subprocess.Popen[str], question: str) -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        started = time.perf_counter()
        process.stdin.write(question + "\n")
        process.stdin.flush()
        if not process.stdout.readline():
            raise SystemExit("the process that stays has ended")
        return time.perf_counter() - started


def main() -> None:
    """Measure and print a table per tree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--after", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--index-runs", type=int, default=5)
    parser.add_argument("trees", nargs="+", type=Path)
    given = parser.parse_args()
    for variable in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(variable, None)
    print("| tree | step | runs | wall before | wall after | wall after : before | CPU after : before | memory |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for tree in given.trees:
        with tempfile.TemporaryDirectory() as scratch:
            pair = [
                Release(python.absolute(), tree.resolve(), Path(scratch, name))
                for name, python in (("before", given.before), ("after", given.after))
            ]
            _measure(tree.name, "index", given.index_runs, [release.index for release in pair])
            for step in ("first", "cold", "none", "warm"):
                runs = given.runs * (4 if step == "warm" else 1)
                _measure(tree.name, step, runs, [getattr(release, step) for release in pair])
            for release in pair:
                release.close()


def _measure(tree: str, step: str, runs: int, pair: list[Callable[[int], dict[str, float]]]) -> None:
    """Run a step of both releases in turn, and print its row; the first runs are not counted."""
    warmups = ASKED_AGAIN if step == "cold" else 1
    samples: list[list[dict[str, float]]] = [[], []]
    with measuring(f"{step} of {tree}"):
        for number in range(-warmups, runs):
            for side in (0, 1) if number % 2 else (1, 0):
                one = pair[side](number)
                if number >= 0:
                    samples[side].append(one)
    before, after = ([one["wall"] for one in side] for side in samples)
    cells = [tree, step, str(runs), _seconds(before), _seconds(after), _ratio(samples, "wall")]
    cells += [_ratio(samples, "cpu"), _ratio(samples, "megabytes")]
    print(f"| {' | '.join(cells)} |", flush=True)


def _seconds(values: list[float]) -> str:
    middle = statistics.median(values)
    return f"{middle:.2f} s" if middle >= 1 else f"{1000 * middle:.1f} ms"


def _ratio(samples: list[list[dict[str, float]]], field: str) -> str:
    """Return the median of the ratios of a field, with the quartiles; "" if the step does not measure it."""
    if field not in samples[0][0]:
        return ""
    ratios = [after[field] / before[field] for before, after in zip(*samples, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return f"{middle:.3f} ({low:.2f}-{high:.2f})"


if __name__ == "__main__":
    main()
