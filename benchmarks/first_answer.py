"""Measure how soon the first question about a tree is answered, when nothing of it is indexed.

    python benchmarks/first_answer.py TREE [TREE ...] [--runs 5] [--json FILE]

A tree of a few megabytes is indexed before the answer: its row has no files. Each run asks one of a few questions in a
new process, with the index in a temporary folder and without the reranker. The background process that goes on with the
index is stopped after the answer; if that fails, it is ended, and so is the measurement. The files are in the system's
cache. The CPU time is that of the process and its workers until the answer; on a machine with other work, only it can
be compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codesearch.service.election import kept

QUESTIONS = (
    "retry a failed upload with backoff",
    "parse a configuration file",
    "where are connections closed when they time out",
    "compare two syntax trees",
    "escape a string for a shell command",
)
COMMAND = (sys.executable, "-m", "codesearch")
STOPPED, NONE_RUNS = 0, 1
"""Exit statuses of `watch --stop` that leave no process."""


def main() -> None:
    """Measure and print a row per tree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ.pop("CI", None)
    os.environ["CODESEARCH_EMBED"] = "none"
    rows = []
    print("| tree | files | indexed before the answer | wall s | CPU s | load |\n|---|--:|--:|--:|--:|--:|")
    for tree in given.trees:
        samples = [measured(tree.resolve(), QUESTIONS[number % len(QUESTIONS)]) for number in range(given.runs)]
        rows.append({"tree": tree.name, "samples": samples})
        some = {name: statistics.median(one[name] for one in samples) for name in samples[0]}
        print(
            f"| {tree.name} | {some['files']:,.0f} | {some['indexed']:,.0f} | {some['wall']:.2f} | {some['cpu']:.2f} "
            f"| {some['load']:.1f} |",
            flush=True,
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def measured(tree: Path, question: str) -> dict[str, Any]:
    """Ask the first question about a tree."""
    with tempfile.TemporaryDirectory() as scratch:
        place = [str(tree), "--db", str(Path(scratch, "index.db"))]
        load = os.getloadavg()[0]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        argv = [*COMMAND, "query", question, *place]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        stop(place, scratch)
    if done.returncode:
        raise SystemExit(f"{question}: status {done.returncode}\n{done.stderr[-2000:]}")
    note = re.search(r"([\d,]+) of ([\d,]+) files are indexed so far", done.stderr)
    indexed, files = (int(number.replace(",", "")) for number in note.groups()) if note else (0, 0)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"files": files, "indexed": indexed, "wall": wall, "cpu": cpu, "load": load}


def stop(place: Sequence[str], scratch: str) -> None:
    """Stop the background process that has its index in `scratch`; end it here, and give up, if that fails."""
    done = subprocess.run([*COMMAND, "watch", "--stop", *place], capture_output=True, text=True, check=False)
    left = serving(scratch)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    if left or done.returncode not in (STOPPED, NONE_RUNS):
        ended = f"; ended here: {', '.join(map(str, left))}" if left else ""
        raise SystemExit(f"watch --stop: status {done.returncode}{ended}\n{done.stderr[-2000:]}")


def serving(scratch: str) -> list[int]:
    """Return the processes whose command line names a folder; without /proc, the one that keeps the index in it."""
    if not Path("/proc/self/cmdline").exists():
        pid = kept(Path(scratch, "index.db")).get("pid")
        return [int(pid)] if pid else []
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(scratch) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


if __name__ == "__main__":
    main()
