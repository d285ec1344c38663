"""Latency and memory of the language server as an editor sees them.

    python benchmarks/lsp_latency.py ROOT

ROOT is a tree of about 100,000 functions that is already indexed (`codesearch index ROOT`); it is not changed. A client
at the other end of the pipe measures from writing a request to having read its answer. `didChange` has no answer, so it
is measured to the answer of a `codesearch/status` request written right after it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parents[1]
sys.path[:0] = [str(HOUSE), str(HOUSE / "lsp")]

from tests.lsp.client import Client, RequestError, insertion  # noqa: E402

QUERIES = (
    "parse command line options",
    "retry a failed upload with backoff",
    "compute the checksum of a file",
    "open a connection to the database",
    "remove unused images from disk",
    "read configuration from environment variables",
    "list running containers",
    "NewClient",
    "wait until the process has ended",
    "copy a directory tree",
    "validate a json web token",
    "lang:go decode base64 string",
)
TYPED_A_SECOND = 10
MEGABYTE = 1 << 20


class Timed(Client):
    """Records when each answer was read."""

    def __init__(self, *options: str) -> None:
        self.sent: dict[Any, float] = {}
        self.read: dict[Any, float] = {}
        home = tempfile.mkdtemp(prefix="lsp-latency-")
        path = os.pathsep.join([str(HOUSE), str(HOUSE / "lsp")])
        self.started = time.perf_counter()
        super().__init__(*options, env={**os.environ, "HOME": home, "PYTHONPATH": path})

    def begin(self, method: str, params: Any = None) -> str:
        """Send a request and record the time."""
        now = time.perf_counter()
        number = super().begin(method, params)
        self.sent[number] = now
        return number

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self.read[message["id"]] = time.perf_counter()
        super()._take(message)

    def took(self, number: str) -> float:
        """Wait for the answer to a request; return the seconds it took."""
        self.until(lambda: number in self.answers, 120)
        return self.read[number] - self.sent[number]


def shown(name: str, seconds: list[float], note: str = "") -> None:
    """Print a row of the table."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    middle, most = statistics.median(ordered), ordered[-1]
    sys.stdout.write(
        f"| {name} | {1000 * middle:.1f} | {1000 * p95:.1f} | {1000 * most:.1f} | {len(ordered)} | {note} |\n"
    )
    sys.stdout.flush()


def memory(pid: int) -> dict[str, float]:
    """Return the resident memory in MB of a process and of its children."""
    rows = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True).stdout.split("\n")
    found = {"server": 0.0, "workers": 0.0}
    for row in rows:
        numbers = [int(word) for word in row.split()]
        if numbers and numbers[0] == pid:
            found["server"] += numbers[2] / 1000
        elif numbers and numbers[1] == pid:
            found["workers"] += numbers[2] / 1000
    return found


def initialize(root: Path, settings: dict[str, Any], times: int) -> list[float]:
    """Return seconds from starting the process to the answer of `initialize`."""
    found = []
    for _ in range(times):
        client = Timed()
        params = {"processId": os.getpid(), "rootUri": root.as_uri(), "capabilities": {}}
        number = client.begin("initialize", {**params, "initializationOptions": {"settings": settings}})
        client.took(number)
        found.append(client.read[number] - client.started)
        client.kill()
    return found


def typed(client: Timed, queries: tuple[str, ...]) -> tuple[list[float], list[float], int]:
    """Type queries; return the seconds of all answers, those of the complete queries, and how many were superseded."""
    every, last, superseded = [], [], 0
    for query in queries:
        numbers = []
        start = time.perf_counter()
        for length in range(3, len(query) + 1):
            numbers.append(client.begin("codesearch/query", {"text": query[:length], "limit": 20}))
            time.sleep(max(0.0, start + (length - 2) / TYPED_A_SECOND - time.perf_counter()))
        for number in numbers:
            seconds = client.took(number)
            error = _error(client, number)
            superseded += error == -32802
            if error is None:
                every.append(seconds)
                if number == numbers[-1]:
                    last.append(seconds)
    return every, last, superseded


def _error(client: Timed, number: str) -> int | None:
    try:
        client.answer(number)
    except RequestError as error:
        return error.code
    return None


def edits(client: Timed, path: Path, text: str, times: int) -> list[float]:
    """Type into a buffer; return how long each change kept the server from answering."""
    uri = client.open(path, text)
    found = []
    for version in range(2, times + 2):
        client.change(uri, version, insertion(version % 50, f"value_{version} = {version}\n"))
        client.sent["now"] = time.perf_counter()
        number = client.begin("codesearch/status")
        found.append(client.took(number))
        time.sleep(1 / TYPED_A_SECOND)
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return found


def polled(client: Timed, method: str, params: Any, times: int, pause: float) -> list[float]:
    """Return the seconds of a request that is repeated."""
    found = []
    for _ in range(times):
        found.append(client.took(client.begin(method, params)))
        time.sleep(pause)
    return found


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--times", type=int, default=10, help="starts to measure")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        measure(root, Path(scratch), arguments.times)
    return 0


def measure(root: Path, scratch: Path, times: int) -> None:
    """Print the whole table for a tree."""
    sys.stdout.write("| operation | p50 ms | p95 ms | max ms | n | |\n|---|---|---|---|---|---|\n")
    shown("`initialize`, from starting the process, with an index", initialize(root, {}, times))
    shown(
        "`initialize`, from starting the process, without an index",
        initialize(root, {"db": str(scratch / "none.db")}, times),
    )
    client = Timed()
    client.initialize(root)
    client.query("warm up")
    idle = memory(client.process.pid)
    every, last, superseded = typed(client, QUERIES)
    shown("`codesearch/query`, typed, every response", every, f"{superseded} superseded by the next keystroke")
    shown("`codesearch/query`, typed, the whole query", last)
    shown("`workspace/symbol`", [client.took(client.begin("workspace/symbol", {"query": q})) for q in QUERIES])
    shown("`codesearch/status`, idle", polled(client, "codesearch/status", {}, 100, 0.02))
    source = HOUSE / "codesearch" / "index.py"
    small = source.read_text(encoding="utf-8")
    big = small * (MEGABYTE // len(small))
    shown("`didChange`, a file of 300 lines", edits(client, root / "small.py", small, 100))
    shown("`didChange`, a file of 1 MB", edits(client, root / "big.py", big, 50))
    uri = client.open(root / "dirty.py", small + "\n# changed\n")
    time.sleep(1.0)
    every, last, superseded = typed(client, QUERIES[:6])
    shown("`codesearch/query`, typed, with an unsaved buffer", every, f"{superseded} superseded")
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    used = memory(client.process.pid)
    client.shutdown()
    client.kill()
    _while_indexing(root, scratch)
    sys.stdout.write(
        f"\nMemory of the server: {idle['server']:.0f} MB after the first query, {used['server']:.0f} MB at the end; "
        f"of its worker processes: {idle['workers']:.0f} MB, {used['workers']:.0f} MB.\n"
    )


def _while_indexing(root: Path, scratch: Path) -> None:
    client = Timed()
    options = {"settings": {"db": str(scratch / "fresh.db")}}
    client.initialize(root, wait=False, initializationOptions=options)
    status: list[float] = []
    asked: list[float] = []
    end = time.monotonic() + 60
    most = 0.0
    while time.monotonic() < end:
        state = client.ask("codesearch/status")["folders"][0]["state"]
        if state == "ready":
            break
        if state == "indexing":
            status += polled(client, "codesearch/status", {}, 10, 0.02)
            asked += polled(client, "codesearch/query", {"text": "parse options", "limit": 20}, 1, 0.0)
            most = max(most, memory(client.process.pid)["server"])
        threading.Event().wait(0.02)
    shown("`codesearch/status`, while indexing", status)
    shown("`codesearch/query`, while indexing", asked, f"memory of the server: {most:.0f} MB")
    client.kill()


if __name__ == "__main__":
    sys.exit(main())
