"""Measure what an index leaves out for speed: the share of an exhaustive ranking's first ten that a query finds, too.

    python benchmarks/exhaustive.py ROOT --db FILE [--queries 60]

The exhaustive ranking compares every vector; texts are all scored in both. Both rankings take as many candidates of
these, and weigh them in the same way (fast ranking). Queries are taken from the tree's own documentation. Prints the
mean share, the share of queries with the same first hit, and the median processor time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from codesearch import Index, open_index, search
from codesearch.bench import queries
from codesearch.store import store

FIRST = 10
EVERYTHING = sys.maxsize >> 8


def answers(index: Index, texts: list[str]) -> tuple[list[list[tuple[str, int]]], list[float]]:
    """Return the places of the first hits of each query, and the processor time of each."""
    found, seconds = [], []
    for text in texts:
        start = time.process_time()
        hits = index.query(search.parse(text), limit=FIRST).hits
        seconds.append(time.process_time() - start)
        found.append([(hit.symbol.path, hit.symbol.start_byte) for hit in hits])
    return found, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=60)
    given = parser.parse_args()
    with open_index(given.root, db=str(given.db), embed="none", cache=False) as index:
        texts, functions = queries.mined(index, given.queries)
        quick, quick_seconds = answers(index, texts)
        store.SIGNS_LOOKED_AT = EVERYTHING
    with open_index(given.root, db=str(given.db), embed="none", cache=False) as index:
        whole, whole_seconds = answers(index, texts)
    shares = [len(set(one) & set(all_)) / len(all_) for one, all_ in zip(quick, whole, strict=True) if all_]
    same = statistics.mean(one[:1] == all_[:1] for one, all_ in zip(quick, whole, strict=True))
    print(f"{functions:,} functions, {len(texts)} queries")
    print(f"{statistics.mean(shares):.3f} of the first {FIRST}, {same:.3f} the same first")
    print(f"{1000 * statistics.median(quick_seconds):.0f} ms, {1000 * statistics.median(whole_seconds):.0f} exhaustive")


if __name__ == "__main__":
    main()
