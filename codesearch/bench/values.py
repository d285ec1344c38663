"""What was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Latency:
    """Of how many, and what half, 95 and 99 of a hundred stay below; seconds."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Return the percentiles of some measurements, each one of them (nearest rank). Raises ValueError for none."""
        if not seconds:
            raise ValueError("nothing was measured")
        ordered = sorted(seconds)
        p50, p95, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95, 0.99))
        return cls(len(ordered), p50, p95, p99, ordered[-1])


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured, and with what."""

    system: str
    processor: str
    """"" where the system does not tell."""
    cores: int
    """That this process may use."""
    memory_bytes: int | None
    load: float | None
    """Processes that wanted to run before the measurement began, averaged over a minute; None on Windows."""
    python: str
    codesearch: str
    sqlite: str
    sqlite_vec: str
    git: str
    """"" where there is none."""


@dataclass(frozen=True, slots=True)
class Indexing:
    """Making an index from nothing."""

    files: int
    source_bytes: int
    """Of the files that were indexed."""
    symbols: int
    functions: int
    """Symbols that are a function, method, macro or test block."""
    seconds: float
    """From starting the process to its end."""
    peak_memory_bytes: int | None
    """The most that the process and its workers had resident at once, shared pages counted in each; None where the
    system does not tell."""
    processes: int | None
    """How many they were then."""
    index_bytes: int

    @property
    def bytes_per_second(self) -> float:
        """Bytes of source a second."""
        return self.source_bytes / self.seconds

    @property
    def functions_per_second(self) -> float:
        """Functions a second."""
        return self.functions / self.seconds

    @property
    def symbols_per_second(self) -> float:
        """Symbols a second."""
        return self.symbols / self.seconds

    @property
    def index_ratio(self) -> float:
        """Size of the index file to that of the source."""
        return self.index_bytes / self.source_bytes


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An update when nothing has changed, each time in a new process; medians of seconds."""

    runs: int
    seconds: float
    git_status_seconds: float | None
    """`git status` of the same tree, in turn with the updates."""
    why_no_git: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Queries asked in one way."""

    how: str
    """`process` (a new one each), `warm` (inside one process), `service` (over the socket) or `service process` (a new
    one each, which asks the service)."""
    first: bool | None
    """Whether no query of the sort had been asked before, so that the second stage had texts to embed; None without a
    second stage, where that makes no difference."""
    latency: Latency
    peak_memory_bytes: int | None
    """The most that any of the processes that asked had resident; None where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All of it, for one tree."""

    root: Path
    date: str
    """When it was begun, as ISO 8601 with the offset to UTC."""
    machine: Machine
    indexing: Indexing
    unchanged: Unchanged
    asking: tuple[Asking, ...]
    queries: int
    mined: bool
    """Whether the queries were made of the tree itself."""
    model: str
    """The models with their digests, that of the second stage behind a `+`."""
    notes: tuple[str, ...] = ()


def to_json(found: Bench) -> dict[str, Any]:
    """Return a measurement as JSON: seconds, bytes, and what follows of them."""
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
        "notes": list(found.notes),
    }
