"""What a gateway counts, in the text format that Prometheus reads (version 0.0.4).

Labels have few values: a route that the server has, a status, a state. Names of users and of repositories are never
labels, because `/metrics` needs no token.
"""

from __future__ import annotations

import bisect
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the buckets of durations."""

Labels = tuple[tuple[str, str], ...]
"""Name and value, in the order in which they are written."""


class Sample(NamedTuple):
    """One line of a family."""

    suffix: str
    labels: Labels
    value: float


class Family(NamedTuple):
    """A metric with its samples."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the text format."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for suffix, labels, value in self.samples:
            inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            yield f"{self.name}{suffix}{'{' + inside + '}' if inside else ''} {_number(value)}"


def text(families: Iterable[Family]) -> bytes:
    """Return families as Prometheus reads them."""
    return ("\n".join(line for family in families for line in family.lines()) + "\n").encode()


def gauge(name: str, help: str, samples: Iterable[tuple[Labels, float]]) -> Family:
    """Return a gauge with values that were read just now."""
    return Family(name, "gauge", help, [Sample("", labels, value) for labels, value in samples])


def labelled(name: str, some: Mapping[str, Iterable[Family]]) -> Iterator[Family]:
    """Yield families of several sources, each once, with a label for the source; without the label if there is one."""
    if len(some) == 1:
        yield from next(iter(some.values()))
        return
    merged: dict[str, Family] = {}
    for value, families in some.items():
        for family in families:
            own = [one._replace(labels=((name, value), *one.labels)) for one in family.samples]
            known = merged.get(family.name)
            merged[family.name] = family._replace(samples=[*(known.samples if known else ()), *own])
    yield from merged.values()


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


class Counter:
    """A number by labels that only grows. Thread-safe."""

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        self._name, self._help, self._labels = name, help, tuple(labels)
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *values: str, by: float = 1.0) -> None:
        """Add to the number that has these values of the labels."""
        with self._lock:
            self._values[values] = self._values.get(values, 0.0) + by

    def family(self) -> Family:
        """Return the numbers of this moment."""
        with self._lock:
            known = sorted(self._values.items())
        samples = [Sample("", tuple(zip(self._labels, values, strict=True)), value) for values, value in known]
        return Family(self._name, "counter", self._help, samples)


class Histogram:
    """How many durations were at most as long as each bound, by labels. Thread-safe."""

    def __init__(self, name: str, help: str, labels: Sequence[str] = (), bounds: Sequence[float] = SECONDS) -> None:
        self._name, self._help, self._labels, self._bounds = name, help, tuple(labels), tuple(bounds)
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0] * (len(self._bounds) + 1))
        self._sums: dict[tuple[str, ...], float] = defaultdict(float)

    def add(self, value: float, *values: str) -> None:
        """Count a duration for these values of the labels."""
        with self._lock:
            self._counts[values][bisect.bisect_left(self._bounds, value)] += 1
            self._sums[values] += value

    def family(self) -> Family:
        """Return the numbers of this moment."""
        with self._lock:
            known = sorted((values, list(counts), self._sums[values]) for values, counts in self._counts.items())
        return Family(self._name, "histogram", self._help, [one for row in known for one in self._samples(*row)])

    def _samples(self, values: tuple[str, ...], counts: Sequence[int], total: float) -> Iterator[Sample]:
        labels = tuple(zip(self._labels, values, strict=True))
        sum_so_far = 0
        for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
            sum_so_far += count
            shown = "+Inf" if bound == float("inf") else repr(bound)
            yield Sample("_bucket", (*labels, ("le", shown)), sum_so_far)
        yield Sample("_sum", labels, total)
        yield Sample("_count", labels, sum_so_far)


def process() -> Iterator[Family]:
    """Yield what this process uses, under the names that Prometheus's clients have for it; on Linux only."""
    if sys.platform != "linux":
        return
    import os
    import resource
    from pathlib import Path

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = Sample("", (), used.ru_utime + used.ru_stime)
    yield Family("process_cpu_seconds_total", "counter", "Processor time, user and system, in seconds.", [seconds])
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE")
    yield gauge("process_resident_memory_bytes", "Resident memory in bytes.", [((), resident)])
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- names are enough
    yield gauge("process_open_fds", "Open file descriptors.", [((), descriptors)])
    after_name = Path("/proc/self/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    boot = next(
        float(line.split()[1])
        for line in Path("/proc/stat").read_text("ascii").splitlines()
        if line.startswith("btime ")
    )
    start = boot + int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    yield gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", [((), start)])


class PoolFigures:
    """What is counted about connections to the database. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._used = self._idle = 0
        self._waited = Histogram(
            "codesearch_database_wait_seconds", "How long requests have waited for a connection to the database."
        )
        self._errors = Counter(
            "codesearch_database_errors_total",
            "Requests that failed for the database: no connection was free, it took too long, or another error.",
            ["kind"],
        )

    def lent(self, waited: float) -> None:
        """Count a connection that was lent after some seconds."""
        self._waited.add(waited)
        with self._lock:
            self._used += 1

    def returned(self) -> None:
        """Count a connection that is in use no more."""
        with self._lock:
            self._used -= 1

    def keeps(self, idle: int) -> None:
        """Note how many open connections are not in use."""
        with self._lock:
            self._idle = idle

    def failed(self, kind: str) -> None:
        """Count an error: `busy`, `slow` or `failed`."""
        self._errors.add(kind)

    def families(self) -> Iterator[Family]:
        """Yield the numbers of this moment."""
        with self._lock:
            used, idle = self._used, self._idle
        yield gauge(
            "codesearch_database_connections",
            "Connections to the database, in use and idle.",
            [((("state", "used"),), used), ((("state", "idle"),), idle)],
        )
        yield gauge("codesearch_database_connections_max", "Connections that may be in use.", [((), self._most)])
        yield self._waited.family()
        yield self._errors.family()
