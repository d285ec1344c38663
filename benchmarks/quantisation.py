"""Measure smaller vectors: recall of the ten nearest, bytes per function and time, in sqlite-vec as the store uses it.

    python benchmarks/quantisation.py FOLDER... [--model transformer] [--functions 10000] [--grow 100000] [--keep FILE]

The functions of the folders are embedded once (`--keep` stores their vectors). Queries are the first sentences of the
documentation of those functions. The ten nearest by cosine in float32 at full width are correct, and those as near as
the tenth. Each variant is a normal table and one SQL statement, as in `codesearch.store`. `--grow` times each variant
with more rows: the real vectors, and means of two of them. Recall is measured with the real vectors only.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from codesearch import embed
from codesearch.embed.manage.samples import documents
from codesearch.store.connection import Connection

Vectors = npt.NDArray[np.float32]
NEAREST = 10
QUERIES = 200
TIMED = 30


@dataclass(frozen=True, slots=True)
class Way:
    """A way to store vectors and to find the nearest."""

    width: int
    kept: str
    """`float32` or `int8`."""
    first: int = 0
    """Rows that the sign bits select for the exact comparison; 0 compares all vectors exactly."""
    signs: int = 0
    """Dimensions whose signs are stored."""

    @property
    def name(self) -> str:
        """The name of the variant in the table."""
        signs = f", by {self.signs} signs first, the best {self.first} by vector" if self.first else ""
        return f"{self.kept} × {self.width}{signs}"

    @property
    def bytes(self) -> int:
        """Bytes per function."""
        return self.width * (4 if self.kept == "float32" else 1) + self.signs // 8


def ways(dims: int, widths: list[int]) -> Iterator[Way]:
    """Yield the variants for vectors of `dims` numbers that may be cut to `widths`."""
    for width in [dims, *widths]:
        yield Way(width, "float32")
        yield Way(width, "int8")
    for first in (100, 300, 1000):
        yield Way(dims, "int8", first, dims)
    for width in widths:
        yield Way(width, "int8", 1000, width)


def normalised(vectors: Vectors) -> Vectors:
    """Scale rows to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def cells(way: Way, vectors: Vectors) -> Iterator[tuple[bytes, bytes]]:
    """Yield (vector, signs) of each row as stored."""
    cut = normalised(vectors[:, : way.width])
    kept = [row.tobytes() for row in cut] if way.kept == "float32" else embed.quantise(cut)
    signs = np.packbits(vectors[:, : way.signs] > 0, axis=1, bitorder="little") if way.signs else None
    for at, blob in enumerate(kept):
        yield blob, b"" if signs is None else signs[at].tobytes()


class Table:
    """Vectors in a database file, in one variant."""

    def __init__(self, way: Way, folder: Path, vectors: Vectors) -> None:
        """Write all vectors."""
        self.way = way
        self.connection = Connection(folder / "vectors.db", writable=True).raw
        self.connection.execute("CREATE TABLE kept(id INTEGER PRIMARY KEY, embedding BLOB NOT NULL)")
        self.connection.execute("CREATE TABLE kept_signs(id INTEGER PRIMARY KEY, signs BLOB NOT NULL)")
        with self.connection:
            for number, (blob, signs) in enumerate(cells(way, vectors)):
                self.connection.execute("INSERT INTO kept VALUES(?, ?)", (number, blob))
                if signs:
                    self.connection.execute("INSERT INTO kept_signs VALUES(?, ?)", (number, signs))
        form = "vec_f32" if way.kept == "float32" else "vec_int8"
        distance = f"vec_distance_cosine({form}(embedding), {form}(?1))"
        near = "TRUE"
        if way.first:
            by_signs = f"ORDER BY vec_distance_hamming(vec_bit(signs), vec_bit(?2)) LIMIT {way.first}"
            near = f"id IN (SELECT id FROM kept_signs {by_signs})"
        self.sql = f"SELECT id FROM kept WHERE {near} ORDER BY {distance} LIMIT {NEAREST}"

    def nearest(self, query: Vectors) -> list[int]:
        """Return the rows nearest to a query, float32 (dims)."""
        ((blob, signs),) = cells(self.way, query[None])
        bindings: tuple[Any, ...] = (blob, signs) if self.way.first else (blob,)
        return [row[0] for row in self.connection.execute(self.sql, bindings)]


def measured(way: Way, vectors: Vectors, queries: Vectors) -> tuple[list[list[int]], float]:
    """Return (nearest rows of each query, median milliseconds per query)."""
    with tempfile.TemporaryDirectory() as folder:
        table = Table(way, Path(folder), vectors)
        table.nearest(queries[0])
        found, seconds = [], []
        for query in queries:
            start = time.perf_counter()
            found.append(table.nearest(query))
            seconds.append(time.perf_counter() - start)
        table.connection.close()
    return found, 1000 * statistics.median(seconds)


def recall(found: list[list[int]], vectors: Vectors, queries: Vectors) -> float:
    """Return the share of the nearest rows that was found; rows as near as the tenth count, too."""
    shares = []
    for rows, query in zip(found, queries, strict=True):
        scores = vectors @ query
        tenth = np.partition(scores, -NEAREST)[-NEAREST] - 1e-6
        shares.append(sum(scores[row] >= tenth for row in rows) / NEAREST)
    return float(np.mean(shares))


def grown(vectors: Vectors, count: int) -> Vectors:
    """Return `count` vectors: the real ones, and means of two of them."""
    chance = np.random.default_rng(5)
    pairs = chance.integers(0, len(vectors), (max(0, count - len(vectors)), 2))
    return np.concatenate([vectors, normalised(vectors[pairs[:, 0]] + vectors[pairs[:, 1]])])[:count]


def collected(folders: list[Path], count: int) -> tuple[list[str], list[str]]:
    """Return (embedded texts of functions, queries)."""
    texts = list(dict.fromkeys(text for folder in folders for text in documents(folder, count)))[:count]
    queries = [text.split("\n")[3] for text in texts]
    asked = [" ".join(re.split(r"\b(?:param|returns?|args|example)\b", text)[0].split()[:12]) for text in queries]
    usable = [text for text in dict.fromkeys(asked) if text.count(" ") >= 4]
    return texts, usable[:: max(1, len(usable) // QUERIES)][:QUERIES]


def main() -> None:
    """Embed, measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default=embed.TRANSFORMER)
    parser.add_argument("--functions", type=int, default=10_000)
    parser.add_argument("--widths", default="192,96", help="Matryoshka widths; empty for none.")
    parser.add_argument("--grow", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.keep and options.keep.exists():
        stored = np.load(options.keep)
        vectors, queries = stored["vectors"], stored["queries"]
    else:
        texts, asked = collected(options.folders, options.functions)
        model = embed.load(options.model)
        start = time.perf_counter()
        vectors, queries = model.encode_documents(texts), model.encode_queries(asked)
        print(f"{len(texts)} functions, {len(asked)} queries, embedded in {time.perf_counter() - start:.0f} s")
        if options.keep:
            np.savez(options.keep, vectors=vectors, queries=queries)
    more = grown(vectors, options.grow)
    print(f"SQLite {apsw.sqlite_lib_version()}, {len(vectors)} and {len(more)} rows of {vectors.shape[1]} numbers\n")
    print(f"| kept | bytes a function | recall@10 | ms at {len(vectors):,} | ms at {len(more):,} |")
    print("|---|---|---|---|---|")
    widths = [int(width) for width in options.widths.split(",") if width]
    for way in ways(vectors.shape[1], widths):
        found, small = measured(way, vectors, queries)
        _, large = measured(way, more, queries[:TIMED])
        share = recall(found, vectors, queries)
        print(f"| {way.name} | {way.bytes} | {share:.3f} | {small:.1f} | {large:.1f} |", flush=True)


if __name__ == "__main__":
    main()
