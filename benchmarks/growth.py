"""Measure how cost grows: index time, memory, file size, query latency and recall at 1,000 to 1,000,000 functions.

    python benchmarks/growth.py --work DIR --json growth.json --svg growth.svg CHECKOUT [CHECKOUT ...]
        [--sizes 1000,10000,100000,1000000] [--queries 200] [--cold 20] [--embed none|lazy]
    python benchmarks/growth.py --json growth.json --svg growth.svg          (only draw)

The trees consist of the checkouts' source files, the smallest checkout first. The bytes for a size are estimated from
the previous size, so a size is reached approximately, and the actual number is reported. When the checkouts are used
up, the same files follow in another folder with the words of their identifiers exchanged (trees.Alteration), and the
share of such bytes is reported. The trees stay in DIR (hard links to the checkouts if possible) and are reused; the
indexes are removed unless --keep is given.

For each size, in this order:

index    from nothing, in a new process: seconds, peak memory of it and its workers, size of the file
again    with nothing changed, in a new process, median of 3
warm     queries within one process, taken from the tree's own documentation: p50, p95, p99
cold     the command in a new process per query: p50
recall   of `Store.vector_candidates`: the share of its first ten (of 100, as in a query) that are as near as the ten
         nearest of all vectors, compared exactly; mean over the queries
rg       `rg -c -i WORD` over the same tree, WORD the longest word of a query: median of 5, and its ratio to both

Everything is measured in one run, with a warm file system cache. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw
import plot
import trees

import codesearch
from codesearch import embed
from codesearch.bench import measure, queries
from codesearch.bench.machine import machine
from codesearch.store import vector_codes
from codesearch.store.symbol_sql import NOT_MINOR

FIRST_GUESS = 700.0
"""Bytes of source per function, until a tree has been measured."""
NEAREST = 10
ASKED_FOR = 100
WORDS_FOR_RG = 5
CHUNK = 1 << 16


def main() -> None:
    """Measure, print a table, write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--cold", type=int, default=20)
    parser.add_argument("--embed", choices=("none", "lazy"), default="none")
    parser.add_argument("--keep", action="store_true", help="keep the index of each size")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--svg", type=Path)
    given = parser.parse_args()
    if given.checkouts:
        if given.work is None:
            parser.error("--work is missing: a folder for the trees")
        trees.environment()
        run(given)
    if given.svg is not None:
        found = json.loads(given.json.read_text("utf-8"))
        given.svg.write_text(drawn(found), "utf-8")


def run(given: argparse.Namespace) -> None:
    """Measure every size; the results are written after each one."""
    work: Path = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    pool = trees.Pool([checkout.resolve() for checkout in given.checkouts])
    found: dict[str, Any] = {
        "command": " ".join(["python benchmarks/growth.py", *_options(sys.argv[1:])]),
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": asdict(machine()),
        "checkouts": len(given.checkouts),
        "pool_bytes": pool.bytes,
        "embed": given.embed,
        "sizes": [],
    }
    each = FIRST_GUESS
    print("| functions | symbols | files | MB | altered | index s | MB/s | peak MB | file MB | file : source | again s "
          "| warm p50 / p95 / p99 ms | cold p50 ms | recall@10 | rg ms | warm : rg | cold : rg |")  # fmt: skip
    print("|" + "--:|" * 17, flush=True)
    for size in map(int, given.sizes.split(",")):
        tree = work / f"tree-{size}"
        facts = _built(tree, pool, int(size * each))
        row = measured(tree, work / f"index-{size}.db", given, facts)
        each = row["source_bytes"] / row["functions"]
        found["sizes"].append(row)
        given.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        print(table_row(row), flush=True)


def _options(arguments: Sequence[str]) -> list[str]:
    """Return a command line without the paths of this machine."""
    return [word for word in arguments if "/" not in word and word not in ("--work", "--json", "--svg")]


def _built(tree: Path, pool: trees.Pool, size: int) -> dict[str, Any]:
    """Make the tree of a size, unless it exists; return the number of altered bytes."""
    facts_file = tree.with_name(tree.name + ".json")
    if facts_file.exists():
        facts: dict[str, Any] = json.loads(facts_file.read_text("utf-8"))
        return facts
    with trees.measuring(f"making {tree.name}"):
        shutil.rmtree(tree, ignore_errors=True)
        facts = {"altered_share": pool.build(tree, size) / size}
    facts_file.write_text(json.dumps(facts), "utf-8")
    return facts


def measured(tree: Path, db: Path, given: argparse.Namespace, facts: dict[str, Any]) -> dict[str, Any]:
    """Measure one tree."""
    settings = {"db": str(db), "embed": given.embed, "cache": False}
    _remove(db)
    load = os.getloadavg()[0]
    made = measure.indexing(tree, settings, trees.measuring)
    with codesearch.open_index(tree, **settings) as index:
        texts, functions = queries.mined(index, given.queries)
        made = replace(made, functions=functions)
        same = measure.unchanged(tree, settings, trees.measuring)
        # The first round is not counted: the reranker may embed.
        warm = list(measure.warm(tree, settings, [texts, texts], trees.measuring))[-1]
        cold = measure.cold(tree, settings, texts[: given.cold], trees.measuring)
        with trees.measuring("comparing with the exact nearest"):
            recall = recall_of(index, texts)
    with trees.measuring("rg"):
        rg = scanned(tree, texts[:WORDS_FOR_RG])
    if not given.keep:
        _remove(db)
    return {
        **asdict(made),
        **facts,
        "bytes_per_second": made.bytes_per_second,
        "index_ratio": made.index_ratio,
        "unchanged_seconds": same.seconds,
        "warm": asdict(warm.latency),
        "cold": asdict(cold.latency),
        "cold_peak_memory_bytes": cold.peak_memory_bytes,
        "warm_peak_memory_bytes": warm.peak_memory_bytes,
        "queries": len(texts),
        "recall_at_10": recall,
        "rg_seconds": rg,
        "load_before": round(load, 2),
    }


def _remove(db: Path) -> None:
    for file in db.parent.glob(f"{db.name}*"):
        file.unlink()


def recall_of(index: codesearch.Index, texts: Sequence[str]) -> float:
    """Return the mean share of the first ten candidates by vector that are as near as the ten nearest symbols."""
    import numpy as np

    store = index.reader()
    assert store is not None
    embedder = embed.load(embed.STATIC)
    vectors = [embedder.quantised_query(text) for text in texts]
    asked = np.frombuffer(b"".join(vectors), np.int8).reshape(len(vectors), -1).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    best = np.full((len(texts), NEAREST), -1.0, np.float32)
    with apsw.Connection(str(index.path), flags=apsw.SQLITE_OPEN_READONLY) as db:
        rows = db.execute(
            "SELECT v.embedding, count(*) FROM vector v JOIN symbol s ON s.content_id = v.id "
            f"WHERE {NOT_MINOR} GROUP BY v.id"
        )
        while chunk := list(_some(rows, CHUNK)):
            data = np.frombuffer(b"".join(vector_codes.unpack(row[0]) for row in chunk), np.int8).reshape(
                len(chunk), -1
            )
            data = data.astype(np.float32)
            length = np.linalg.norm(data, axis=1, keepdims=True)
            near = asked @ (data / np.where(length == 0, 1, length)).T
            # A text that several symbols share counts several times among the nearest.
            near = np.repeat(near, [min(NEAREST, row[1]) for row in chunk], axis=1)
            best = np.sort(np.concatenate([best, near], axis=1), axis=1)[:, -NEAREST:]
    shares = []
    for vector, nearest in zip(vectors, best, strict=True):
        tenth = float(nearest[0]) - 1e-5
        given = store.vector_candidates(vector, ASKED_FOR)[:NEAREST]
        shares.append(sum(similarity >= tenth for _, similarity in given) / min(NEAREST, int((nearest > -1).sum())))
    return statistics.mean(shares)


def _some(rows: Any, count: int) -> Any:
    for _, row in zip(range(count), rows, strict=False):
        yield row


def scanned(tree: Path, texts: Sequence[str]) -> float | None:
    """Return the median seconds of ripgrep for one word of each query; None without ripgrep."""
    rg = shutil.which("rg")
    if rg is None:
        return None
    words = [max(text.split(), key=len) for text in texts]
    command = [rg, "-c", "-i", "-F", "--no-messages", "-e"]
    subprocess.run([*command, words[0], str(tree)], stdout=subprocess.DEVNULL, check=False)  # fill the system's cache
    return statistics.median(trees.timed([*command, word, str(tree)]) for word in words)


def table_row(row: dict[str, Any]) -> str:
    """Return the figures of one size as a row of Markdown."""
    warm, cold, rg = row["warm"], row["cold"], row["rg_seconds"]
    memory = row["peak_memory_bytes"]
    cells = [
        f"{row['functions']:,}",
        f"{row['symbols']:,}",
        f"{row['files']:,}",
        f"{row['source_bytes'] / 1e6:.1f}",
        f"{row['altered_share']:.0%}",
        f"{row['seconds']:.1f}",
        f"{row['bytes_per_second'] / 1e6:.2f}",
        "?" if memory is None else f"{memory / 1e6:.0f}",
        f"{row['index_bytes'] / 1e6:.1f}",
        f"{row['index_ratio']:.2f}",
        f"{row['unchanged_seconds']:.2f}",
        " / ".join(f"{1000 * warm[name]:.1f}" for name in ("p50", "p95", "p99")),
        f"{1000 * cold['p50']:.0f}",
        f"{row['recall_at_10']:.3f}",
        "-" if rg is None else f"{1000 * rg:.0f}",
        "-" if rg is None else f"{warm['p50'] / rg:.2f}",
        "-" if rg is None else f"{cold['p50'] / rg:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def drawn(found: dict[str, Any]) -> str:
    """Return the plots of a run."""
    rows = found["sizes"]

    def line(value: Any) -> list[tuple[float, float]]:
        return [(row["functions"], value(row)) for row in rows if value(row)]

    latencies = {
        "cold p50": line(lambda row: 1000 * row["cold"]["p50"]),
        "warm p95": line(lambda row: 1000 * row["warm"]["p95"]),
        "warm p50": line(lambda row: 1000 * row["warm"]["p50"]),
        "rg, one word": line(lambda row: 1000 * (row["rg_seconds"] or 0)),
    }
    panels = [
        plot.Panel(
            "Time",
            "s",
            {"index": line(lambda row: row["seconds"]), "nothing changed": line(lambda row: row["unchanged_seconds"])},
        ),
        plot.Panel(
            "Peak memory",
            "MB",
            {
                "index, all processes": line(lambda row: (row["peak_memory_bytes"] or 0) / 1e6),
                "query, warm": line(lambda row: (row["warm_peak_memory_bytes"] or 0) / 1e6),
            },
            {"aim at a million: 500 MB": 500.0},
        ),
        plot.Panel(
            "Size",
            "MB",
            {
                "source": line(lambda row: row["source_bytes"] / 1e6),
                "index file": line(lambda row: row["index_bytes"] / 1e6),
            },
        ),
        plot.Panel("Query latency", "ms", {name: points for name, points in latencies.items() if points}),
    ]
    panels = [replace(panel, lines={name: line for name, line in panel.lines.items() if line}) for panel in panels]
    return plot.svg("codesearch: how cost grows", "functions", [panel for panel in panels if panel.lines])


if __name__ == "__main__":
    main()
