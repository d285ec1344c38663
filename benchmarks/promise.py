"""Measure how soon an update that is short of time reads the file that answers the question.

    python benchmarks/promise.py BENCH WORK [--queries 25] [--json FILE]

BENCH has `docs/NAME.jsonl`, the queries of the development suite; WORK has its trees, `docs/NAME/src`, in which the
documentation that the queries come from is blanked (see development.py). The trees together are taken for one tree of
which every file has changed. For each query its files are ordered (`indexing.promise`). The table shows the share of
queries whose file is within the first bytes read, beside the order in which the files are listed, and the CPU time.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codesearch.files import FileOptions, discover
from codesearch.indexing.promise import by_promise
from codesearch.indexing.task import Task
from codesearch.search import parse
from codesearch.store import FileState

MEGABYTES = (0.5, 1.0, 2.0, 3.0, 4.0)
NO_LIMIT = 60.0
"""Seconds for searching files: so many that the share does not depend on how busy the machine is."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--queries", type=int, default=25, help="per repository, drawn with a fixed seed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    root = options.work / "docs"
    found = discover(root, FileOptions()).files
    tasks = [Task(file.path, FileState(file.size, 0, 0, 0, 0, None)) for file in found]
    asked = queries(options.bench / "docs", options.queries)
    ordered, seconds = [], 0.0
    for task in asked:
        started = time.process_time()
        order = by_promise(root, tasks, parse(task["query"]).words, seconds=NO_LIMIT)
        seconds += time.process_time() - started
        ordered.append(read_before(order, task["path"]))
    listed = [read_before(tasks, task["path"]) for task in asked]
    size = sum(file.size for file in found) / 1e6
    print(f"{len(asked)} queries, {len(found):,} files, {size:.0f} MB, {seconds / len(asked):.2f} s of CPU per query")
    print("| first MB read | by promise | as listed |\n|---|---|---|")
    for megabytes in MEGABYTES:
        print(f"| {megabytes:g} | {share(ordered, megabytes):.2f} | {share(listed, megabytes):.2f} |")
    if options.json:
        result = {f"{number:g}": [share(ordered, number), share(listed, number)] for number in MEGABYTES}
        options.json.write_text(json.dumps({"queries": len(asked), "megabytes": size, "share": result}, indent=1))


def queries(folder: Path, count: int) -> list[dict[str, Any]]:
    """Return queries with the places of their answers in the joined tree, `count` per repository."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        random.Random(1).shuffle(rows)
        found += [{**row, "path": f"{file.stem}/src/{row['path']}"} for row in rows[:count]]
    return found


def read_before(tasks: Sequence[Task], path: str) -> int:
    """Return how many bytes are read until a file is read too."""
    total = 0
    for task in tasks:
        total += task.state.size
        if task.path == path:
            return total
    raise SystemExit(f"{path} is not among the files: are the trees those of development.py?")


def share(read: Sequence[int], megabytes: float) -> float:
    """Return the share of queries whose file is within the first megabytes."""
    return sum(count <= megabytes * 1e6 for count in read) / len(read)


if __name__ == "__main__":
    main()
