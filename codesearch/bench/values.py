"""The results of a measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Latency:
    """Sample count and latency percentiles (p50, p95, p99), in seconds."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Return the percentiles of some measurements by nearest rank. Raises ValueError if there are none."""
        if not seconds:
            raise ValueError("nothing was measured")
        ordered = sorted(seconds)
        p50, p95, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95, 0.99))
        return cls(len(ordered), p50, p95, p99, ordered[-1])


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the versions."""

    system: str
    processor: str
    """Empty if the system does not report it."""
    cores: int
    """Cores that this process may use."""
    memory_bytes: int | None
    load: float | None
    """Load average of the last minute before the measurement; None on Windows."""
    python: str
    codesearch: str
    sqlite: str
    sqlite_vec: str
    git: str
    """"" where there is none."""


@dataclass(frozen=True, slots=True)
class Indexing:
    """A new index."""

    files: int
    source_bytes: int
    """Bytes of the indexed files."""
    symbols: int
    functions: int
    """Symbols that are functions, methods, macros or test blocks."""
    seconds: float
    """From starting the process to its end."""
    peak_memory_bytes: int | None
    """Peak of the resident memory of the process and its workers; None if the system does not report it. On Linux a
    page that several of them share counts once, elsewhere in each."""
    processes: int | None
    """Number of processes at the peak."""
    index_bytes: int

    @property
    def bytes_per_second(self) -> float:
        """Bytes of source per second."""
        return self.source_bytes / self.seconds

    @property
    def functions_per_second(self) -> float:
        """Functions per second."""
        return self.functions / self.seconds

    @property
    def symbols_per_second(self) -> float:
        """Symbols per second."""
        return self.symbols / self.seconds

    @property
    def index_ratio(self) -> float:
        """Size of the index file divided by that of the source."""
        return self.index_bytes / self.source_bytes


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Updates of an unchanged tree, each in a new process; medians in seconds."""

    runs: int
    seconds: float
    git_status_seconds: float | None
    """`git status` of the same tree, in turn with the updates."""
    why_no_git: str = ""
    """Why git was not measured."""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first query about a tree of which nothing is indexed, in a new process, without a reranker."""

    latency: Latency
    partial: int
    """Number of queries that were answered from a part of the tree, while the rest was still to be indexed."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two programs that are compared."""

    index_seconds: float
    """Median time of making an index from nothing."""
    index_bytes: int
    latency: Latency
    """Queries in a new process each."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Another program beside this one, measured in turn."""

    name: str
    version: str
    """"" if it does not print it."""
    ours: Side | None
    theirs: Side | None
    problem: str = ""
    """Why there are no figures."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Queries run in one way."""

    how: str
    """`process` (a new process each), `warm` (inside one process), `service` (over the socket) or `service process` (a
    new process each, which queries the service)."""
    first: bool | None
    """Whether these queries were new, so that the reranker had texts to embed; None without a reranker, where that
    makes no difference."""
    latency: Latency
    peak_memory_bytes: int | None
    """Peak of the resident memory of any querying process; None if the system does not report it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All measurements of one tree."""

    root: Path
    date: str
    """When it started, in ISO 8601 with the offset to UTC."""
    machine: Machine
    indexing: Indexing
    unchanged: Unchanged
    first_answer: FirstAnswer
    asking: tuple[Asking, ...]
    queries: int
    mined: bool
    """Whether the queries were made from the tree itself."""
    model: str
    """The models with their digests, that of the second stage behind a `+`."""
    notes: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()


def to_json(found: Bench) -> dict[str, Any]:
    """Return a measurement as JSON: seconds, bytes, and values derived from them."""
    made, same = found.indexing, found.unchanged
    return {
        "root": str(found.root),
        "date": found.date,
        "machine": asdict(found.machine),
        "model": found.model,
        "index": {
            **asdict(made),
            "bytes_per_second": round(made.bytes_per_second, 1),
            "functions_per_second": round(made.functions_per_second, 1),
            "symbols_per_second": round(made.symbols_per_second, 1),
            "index_ratio": round(made.index_ratio, 4),
        },
        "unchanged": asdict(same),
        "first_answer": {"partial": found.first_answer.partial, "seconds": asdict(found.first_answer.latency)},
        "queries": {"count": found.queries, "mined": found.mined},
        "latency": [
            {
                "how": one.how,
                "first": one.first,
                "peak_memory_bytes": one.peak_memory_bytes,
                "seconds": asdict(one.latency),
            }
            for one in found.asking
        ],
        "compared": [asdict(one) for one in found.compared],
        "notes": list(found.notes),
    }
