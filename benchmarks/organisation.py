"""Measures a server for an organisation: what pushing costs, how large it becomes, and what questions cost.

    python benchmarks/organisation.py push INDEX.db... --store URL [--source] [--rows FILE]
    python benchmarks/organisation.py ask --store URL [--questions N] [--clients 1 8 32]
    python benchmarks/organisation.py recall --store URL [--questions N]

`push` loads indexes that `codesearch index --db NAME.db --format json > NAME.json` made, each as a repository NAME,
by the functions that the gateway calls for a push; with --source, their text, too. It prints what the database has
grown to after each. The questions are first sentences of documentation, of all repositories in turn, chosen by a
fixed seed: they cost what questions cost, and say nothing about quality. `ask` starts gateways without a second stage
(--gateways) and asks through HTTP with keep-alive; processor time is that of the gateways and of all processes of
PostgreSQL (--postgres PID is the first of them). `recall` compares the nearest texts that HNSW gives with those of an
exhaustive comparison.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import codesearch
from codesearch import embed
from codesearch.server import access, answering, outgoing, receive, sources, store
from codesearch.server.connect import Pool, administering
from codesearch.server.transactions import alone
from codesearch.store import outgoing as local

WHO = "bench"
SEED = 20261128
TICK = os.sysconf("SC_CLK_TCK")


def push_one(index: codesearch.Index, name: str, pool: Pool, *, with_source: bool) -> int:
    """Push an index as a repository; return the number of its symbols."""
    reader = index.required_reader()
    facts = reader.meta()
    files = {outgoing.digest(file, facts): file for file in local.files(reader.connection)}
    with pool.writing(WHO) as db:
        repo = receive.repository(db, name)
        assert repo is not None
        lacking = receive.lacking_files(db, repo, list(files))
    sent = 0
    for batch in outgoing.batches(reader, index.root, {key: files[key] for key in lacking}):
        hashes = {symbol[0] for one in batch for symbol in one["symbols"]}
        vectors = local.vectors(reader.connection, [bytes.fromhex(key) for key in hashes])
        with pool.writing(WHO) as db:
            receive.files(db, repo, batch, {key.hex(): vector for key, vector in vectors.items()})
        sent += sum(len(one["symbols"]) for one in batch)
    if with_source:
        for some in sources.packed(index.root, index.settings.file_options(), files):
            with pool.writing(WHO) as db:
                sources.add(db, repo, some)
    with pool.writing(WHO) as db:
        receive.switch(db, repo, "main", "", facts["model"], list(files))
    return sent


def processor_seconds(pids: Sequence[int]) -> float:
    """Return the processor time of processes and of their children that live or were awaited."""
    total = 0
    for one in [*pids, *(child for pid in pids for child in children(pid))]:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
        if one in pids:
            total += int(fields[13]) + int(fields[14])
    return total / TICK


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    try:
        return [
            int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def tables(url: str) -> list[tuple[str, int, int]]:
    """Return the name, bytes without indexes, and bytes of each index and table of the server."""
    with administering(url) as db:
        rows = db.execute(
            "SELECT c.relname, pg_total_relation_size(c.oid) - pg_indexes_size(c.oid), pg_indexes_size(c.oid) "
            "FROM pg_class c WHERE c.relnamespace = 'codesearch'::regnamespace AND c.relkind = 'r' ORDER BY 2 DESC"
        )
        return [(str(name), int(own), int(indexes)) for name, own, indexes in rows]


def push(given: argparse.Namespace) -> None:
    """Push indexes, one after the other, and print what they cost."""
    names = [path.stem for path in given.indexes]
    with administering(given.store) as db:
        access.grant(db, WHO, names, may_push=True)
    pool = Pool(given.store)
    total = 0
    for path in given.indexes:
        root = json.loads(path.with_suffix(".json").read_text("utf-8"))["root"]
        with codesearch.open_index(root, model="static", db=str(path)) as index:
            before, start = processor_seconds([given.postgres]), time.perf_counter()
            own = time.process_time()
            sent = push_one(index, path.stem, pool, with_source=given.source)
            wall = time.perf_counter() - start
            own = time.process_time() - own
        total += sent
        size = sum(own_size + indexes for _, own_size, indexes in tables(given.store))
        base = processor_seconds([given.postgres]) - before
        print(
            f"{path.stem}\t{sent}\t{total}\t{wall:.1f} s\tclient and gateway {own:.1f} s\tdatabase {base:.1f} s\t"
            f"{size / max(1, total):.0f} bytes per symbol",
            flush=True,
        )
    pool.close()
    for name, own_size, indexes in tables(given.store):
        print(f"{name}: {own_size / 1e6:.1f} MB, indexes {indexes / 1e6:.1f} MB")


def questions(url: str, count: int) -> list[str]:
    """Return first sentences of documentation, of all repositories in turn."""
    with administering(url) as db:
        rows = db.execute(
            "SELECT repo, documentation FROM symbol TABLESAMPLE BERNOULLI (20) REPEATABLE (7) "
            "WHERE NOT minor AND length(documentation) BETWEEN 30 AND 400"
        ).fetchall()
    by_repo: dict[int, list[str]] = {}
    for repo, text in rows:
        sentence = re.split(r"(?<=[.!?])\s|\n\n", " ".join(text.split()), maxsplit=1)[0]
        if 4 <= len(sentence.split()) <= 16 and sentence.isascii():
            by_repo.setdefault(repo, []).append(sentence.rstrip("."))
    chance = random.Random(SEED)
    for some in by_repo.values():
        chance.shuffle(some)
    found: list[str] = []
    while len(found) < count and any(by_repo.values()):
        found += [some.pop() for some in by_repo.values() if some]
    return found[:count]


@dataclass
class Gateways:
    """Gateways in processes of their own."""

    urls: list[str]
    pids: list[int]


def start(stack: ExitStack, url: str, count: int) -> Gateways:
    """Start gateways; they end with the stack."""
    found = Gateways([], [])
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    for number in range(count):
        log = folder / str(number)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "codesearch.cli", "serve", "--port", "0", "--rate", "0", "--model", "static"],
                env={**os.environ, "CODESEARCH_DATABASE": url}, stdout=out, stderr=out,
            )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.terminate)
        while "serving " not in (text := log.read_text()) or not text.endswith("\n"):
            assert process.poll() is None, text
            time.sleep(0.1)
        found.urls.append(text.partition("serving ")[2].split()[0])
        found.pids.append(process.pid)
    return found


def ask_all(url: str, token: str, texts: Sequence[str], seconds: list[float]) -> None:
    """Ask questions one after the other on one connection; add how long each took."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    for text in texts:
        begin = time.perf_counter()
        connection.request("POST", "/query", json.dumps({"query": text}), {"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 200, body
        seconds.append(time.perf_counter() - begin)
    connection.close()


def percentiles(values: Sequence[float]) -> str:
    """Return the median and the 95th percentile in ms."""
    cut = statistics.quantiles(values, n=20)
    return f"p50 {1000 * statistics.median(values):.0f}, p95 {1000 * cut[-1]:.0f} ms"


def ask(given: argparse.Namespace) -> None:
    """Measure the processor time per question, then several clients at once."""
    texts = questions(given.store, given.questions)
    with administering(given.store) as db:
        token = access.new_token(db, WHO)
    with ExitStack() as stack:
        gateways = start(stack, given.store, given.gateways)
        ask_all(gateways.urls[0], token, texts[:20], [])
        if 1 in given.clients:
            gateway: list[float] = []
            base: list[float] = []
            walls: list[float] = []
            for text in texts:
                of_gateway, of_base = processor_seconds(gateways.pids), processor_seconds([given.postgres])
                ask_all(gateways.urls[0], token, [text], walls)
                gateway.append(processor_seconds(gateways.pids) - of_gateway)
                base.append(processor_seconds([given.postgres]) - of_base)
            both = [one + other for one, other in zip(gateway, base, strict=True)]
            print(
                f"{len(texts)} questions, one client: processor time {percentiles(both)} (means: gateway "
                f"{1000 * statistics.mean(gateway):.0f}, database {1000 * statistics.mean(base):.0f}); "
                f"until the answer {percentiles(walls)}",
                flush=True,
            )
        for count in (one for one in given.clients if one > 1):
            walls = []
            shares = [texts[number::count] for number in range(count)]
            threads = [
                threading.Thread(target=ask_all, args=(gateways.urls[at % given.gateways], token, share, walls))
                for at, share in enumerate(shares)
            ]
            before, begin = processor_seconds([*gateways.pids, given.postgres]), time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - begin
            used = processor_seconds([*gateways.pids, given.postgres]) - before
            print(
                f"{count} clients: {len(walls) / took:.1f} questions per second, {percentiles(walls)} until the "
                f"answer, "
                f"{1000 * used / len(walls):.0f} ms of processor time each",
                flush=True,
            )


def recall(given: argparse.Namespace) -> None:
    """Compare the nearest texts by HNSW with those of an exhaustive comparison."""
    embedder = embed.load(embed.STATIC)
    pool = Pool(given.store)
    shares: dict[int, list[float]] = {10: [], 50: []}
    same_first = 0
    texts = questions(given.store, given.questions)
    for text in texts:
        vector = embedder.quantised_query(text)
        with pool.transaction(WHO) as db:
            here = alone(db)
            reader = store.PgStore(here, answering.refs(here))
            near = reader.vector_candidates(vector, 50)
            db.execute("SET LOCAL enable_indexscan = off")
            few = [replace(one, sizes=((0, 0), (0, 0))) for one in answering.refs(here)]  # so that all are compared
            exact = store.PgStore(here, few).vector_candidates(vector, 50)
        for wanted, known in shares.items():
            least = exact[:wanted][-1][1]  # several may be equally near
            known.append(sum(score >= least - 1e-6 for _, score in near[:wanted]) / min(wanted, len(exact)))
        same_first += near[0][1] >= exact[0][1] - 1e-6
    pool.close()
    count = len(texts)
    print(f"{count} questions: recall@10 {statistics.mean(shares[10]):.4f}, @50 {statistics.mean(shares[50]):.4f}")
    print(f"nearest found: {same_first / count:.1%}")


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function in (push, ask, recall):
        one = commands.add_parser(function.__name__)
        one.set_defaults(function=function)
        one.add_argument("--store", required=True)
        one.add_argument("--postgres", type=int, default=0, metavar="PID")
        one.add_argument("--questions", type=int, default=200)
        if function is push:
            one.add_argument("indexes", nargs="+", type=Path)
            one.add_argument("--source", action="store_true")
        one.add_argument("--clients", nargs="+", type=int, default=[1, 8, 32])
        one.add_argument("--gateways", type=int, default=1)
    given = parser.parse_args()
    given.function(given)


if __name__ == "__main__":
    main()
