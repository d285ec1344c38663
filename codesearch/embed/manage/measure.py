"""What a model costs: how many functions a second, how long a query, how long until the first, how much memory.

Each model is measured in a process of its own, so that one's libraries and memory are not another's.
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
    """What was measured of one model."""

    name: str
    functions_per_second: float
    query_ms: float
    """Of a query when the model is loaded; the median."""
    load_ms: float
    """From nothing to the first query's vector, the libraries' import included."""
    memory_mb: float | None
    """The most that the process took; None where the system does not tell."""


def measure(name: str, texts: Sequence[str]) -> Figures:
    """Measure one model on documents, in a new process.

    Raises:
        ModelError: the model cannot be loaded; or NotFoundError.

    """
    from codesearch.embed import load

    load(name)  # its errors are told here
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
