"""Measure how good the first answer about a tree is, when a part of it is indexed, beside the answer from the whole.

    python benchmarks/first_quality.py BENCH WORK [--queries 25] [--megabytes 1] [--json FILE]

BENCH has `docs/NAME.jsonl`, the queries of the development suite; WORK has its trees, `docs/NAME/src`, in which the
documentation that the queries come from is blanked (see development.py). The trees together are searched as one. For
each query a new index is made of the files that promise most for it, as the command does (`cli.early`): until so many
megabytes are read, with the batches that the workers have begun. The command goes on for `FIRST_SECONDS` if that is
longer, so a quiet machine reads more, and the figure is a lower bound. MRR@10 with the fast ranking.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from promise import NO_LIMIT, queries

import codesearch
from codesearch.indexing import promise
from codesearch.indexing.pool import WarmPools
from codesearch.indexing.request import Progress, UpdateRequest
from codesearch.search import parse


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--queries", type=int, default=25, help="per repository, drawn with a fixed seed")
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    promise.by_promise = partial(promise.by_promise, seconds=NO_LIMIT)
    root = options.work / "docs"
    asked = queries(options.bench / "docs", options.queries)
    pools = WarmPools()
    rows: dict[str, list[dict[str, Any]]] = {}
    try:
        rows["whole"] = whole(root, asked, pools)
        for megabytes in options.megabytes:
            rows[f"{megabytes:g} MB"] = [first(root, task, int(megabytes * 1e6), pools) for task in asked]
            print(f"{megabytes:g} MB: measured", flush=True)
    finally:
        pools.close()
    print(f"{len(asked)} queries, {rows['whole'][0]['files']:,} files")
    print("| indexed before the answer | files | MRR@10 | of the whole |\n|---|--:|--:|--:|")
    full = statistics.mean(row["value"] for row in rows["whole"])
    for name, found in rows.items():
        mean = {key: statistics.mean(row[key] for row in found) for key in ("files", "value")}
        print(f"| {name} | {mean['files']:,.0f} | {mean['value']:.3f} | {mean['value'] / full:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def whole(root: Path, asked: Sequence[dict[str, Any]], pools: WarmPools) -> list[dict[str, Any]]:
    """Return the figure of each query with the whole tree indexed."""
    with tempfile.TemporaryDirectory() as scratch, opened(root, scratch) as index:
        index.apply(UpdateRequest(pools=pools))
        files = index.status().files
        return [{"files": files, "value": value(index, task)} for task in asked]


def first(root: Path, task: dict[str, Any], least: int, pools: WarmPools) -> dict[str, Any]:
    """Return the figure of a query when an index of the most promising files answers it."""
    read = 0

    def progress(now: Progress) -> None:
        nonlocal read
        read = now.bytes

    with tempfile.TemporaryDirectory() as scratch, opened(root, scratch) as index:
        report = index.apply(
            UpdateRequest(
                words=parse(task["query"]).words, on_progress=progress, should_stop=lambda: read >= least, pools=pools
            )
        )
        return {"files": report.changed, "value": value(index, task)}


def opened(root: Path, scratch: str) -> codesearch.Index:
    """Open an empty index of the tree, with the fast ranking."""
    return codesearch.open_index(root, db=str(Path(scratch, "index.db")), embed="none", cache=False)


def value(index: codesearch.Index, task: dict[str, Any]) -> float:
    """Return the reciprocal rank of the function that answers a query, 0 beyond rank 10."""
    hits = [hit.symbol for hit in index.query(task["query"], limit=10)]
    places = (
        place
        for place, one in enumerate(hits, 1)
        if one.path == task["path"] and one.start_line <= task["start"] <= one.end_line
    )
    return 1 / next(places, float("inf"))


if __name__ == "__main__":
    started = time.process_time()
    main()
    print(f"{time.process_time() - started:.0f} s of CPU time of this process")
