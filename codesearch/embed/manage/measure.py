"""Measures the cost of a model: functions per second, time per query, time to the first query, memory.

Each model is measured in its own process, so that libraries and memory of one do not count for another.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from codesearch.core import child
from codesearch.core.errors import ModelError
from codesearch.core.machine import own_peak

QUERIES = (
    "where are failed uploads sent again",
    "parse the headers of an http request",
    "open a database and bring its schema up to date",
    "read the settings of a project",
    "sort numbers",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The measurements of one model."""

    name: str
    functions_per_second: float
    query_ms: float
    """Median time of a query after the model is loaded."""
    load_ms: float
    """Time to the vector of the first query, including the import of libraries."""
    memory_mb: float | None
    """Peak memory of the process; None if the system does not report it."""


def measure(name: str, texts: Sequence[str]) -> Figures:
    """Measure one model on documents, in a new process. Raises ModelError or NotFoundError if it cannot be loaded."""
    from codesearch.embed import load

    load(name)  # raises its errors in this process
    done = subprocess.run(
        child.command("codesearch.embed.manage.measure", "_child"),
        input=json.dumps({"name": name, "texts": list(texts)}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise ModelError(f"{name}: cannot be measured: {(done.stderr.strip().splitlines() or ['it ended'])[-1]}")
    return Figures(**json.loads(done.stdout))


def _child() -> None:
    from codesearch.embed import load

    asked = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    start = time.perf_counter()
    model = load(asked["name"])
    model.quantised_query(QUERIES[0])
    loaded = time.perf_counter() - start
    model.encode_documents(asked["texts"][:2])
    seconds = []
    for query in QUERIES * 4:
        start = time.perf_counter()
        model.quantised_query(query)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    model.encode_documents(asked["texts"])
    took = time.perf_counter() - start
    found = Figures(
        name=asked["name"],
        functions_per_second=round(len(asked["texts"]) / took, 1),
        query_ms=round(1000 * sorted(seconds)[len(seconds) // 2], 2),
        load_ms=round(1000 * loaded, 1),
        memory_mb=None if (peak := own_peak()) is None else round(peak / 1e6, 1),
    )
    sys.stdout.write(json.dumps(asdict(found)))
