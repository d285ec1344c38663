"""Measure exact searches beside ripgrep, in turn, over the same files: ratios of elapsed time.

    python benchmarks/exact.py TREE [--runs 11] [--pattern REGEX ...]

For each pattern: `rg` as a process; the search in a running process, from the pattern to the lines with
their symbols; and the whole command `codesearch query -e`, Python's start and the check for changed files included. The
index is made first, in a temporary folder. The number of lines of both is printed: they differ where the index leaves
files out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import codesearch
from codesearch.exact.answers import matching_lines
from codesearch.index import Index

PATTERNS = (r"TODO", r"retry\w*", r"import\s+\w+", r"[A-Z]{4,}_[A-Z]{4,}", r"no_such_text_anywhere", r"\w+\(\)$")


def ripgrep(root: Path, pattern: str) -> int:
    """Search with ripgrep; return the number of lines."""
    command = ["rg", "--no-config", "--hidden", "-nH", "--no-heading", "--color=never", "-e", pattern, str(root)]
    return subprocess.run(command, capture_output=True, check=False).stdout.count(b"\n")


def inside(index: Index, pattern: str) -> int:
    """Search in this process, and find the symbol of each line; return the number of lines."""
    return sum(len(one.lines) for one in matching_lines(index, pattern))


def whole(index: Index, pattern: str) -> int:
    """Search with the command; return the number of lines."""
    command = [sys.executable, "-m", "codesearch", "query", "-q", "-e", pattern, "--format", "vimgrep"]
    run = subprocess.run([*command, "--db", str(index.path), str(index.root)], capture_output=True, check=False)
    return run.stdout.count(b"\n")


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Return the elapsed seconds, and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--pattern", action="append")
    given = parser.parse_args()
    root = given.tree.resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(
        codesearch.open_index(root, db=os.fspath(Path(folder) / "index.db"))
    ) as index:  # fmt: skip
        index.update()
        counts = index.required_reader().counts()
        print(f"{root.name}: {counts['files']:,} files, {counts['bytes'] / 1e6:.1f} MB", flush=True)
        print(f"{'pattern':<26} {'rg lines':>9} {'lines':>9} {'rg ms':>8} {'inside':>8} {'command':>8}", flush=True)
        for pattern in given.pattern or PATTERNS:
            ways = (
                lambda pattern=pattern: ripgrep(root, pattern),
                lambda pattern=pattern: inside(index, pattern),
                lambda pattern=pattern: whole(index, pattern),
            )
            runs = [[timed(way) for way in ways] for _ in range(given.runs + 1)][1:]
            base = [run[0][0] for run in runs]
            ratios = [statistics.median(run[at][0] / run[0][0] for run in runs) for at in (1, 2)]
            print(
                f"{pattern:<26} {runs[0][0][1]:>9,} {runs[0][1][1]:>9,} {statistics.median(base) * 1e3:>8.1f} "
                f"{ratios[0]:>7.2f}x {ratios[1]:>7.2f}x",
                flush=True,
            )


if __name__ == "__main__":
    main()
