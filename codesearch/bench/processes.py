"""Starts the processes to measure, and measures their memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from codesearch.core.child import command, kill
from codesearch.core.machine import status_field

SAMPLED_EVERY = 0.1
"""Seconds between two samples of the memory of a process and its children."""
SAMPLED_BY_PS_EVERY = 0.25
PEAK = b"\0peak "
"""Marks the peak memory that `child.command` writes to standard error."""

APART = {"CODESEARCH_CACHE": "false"}
"""Without the shared cache: vectors from other indexes would hide the cost of the model."""


def child(function: str, *arguments: str) -> list[str]:
    """Return the command line that calls a function of `codesearch.bench.child`; its arguments are strings."""
    return command("codesearch.bench.child", function, *arguments)


@contextmanager
def started(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process with pipes for its streams; it has always ended when the context is left.

    It is in a session of its own, so that an interruption from the terminal reaches only this process, which ends it.
    """
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **APART},
    )
    try:
        yield process
    finally:
        kill(process)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished process."""

    status: int
    seconds: float
    peak_memory_bytes: int | None
    """Only for processes that `child` started; None if the system does not report it."""
    errors: str
    """Its standard error."""
    output: str
    """Its standard output, if it was wanted."""


def run(
    arguments: list[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    output: bool = False,
    timeout: float | None = None,
) -> Finished:
    """Run a command to its end and measure the time. Its output is discarded unless it is wanted.

    Raises OSError if it cannot be started, subprocess.TimeoutExpired after `timeout` seconds.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if output else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **APART, **(env or {})},
    )
    try:
        said, errors = process.communicate(timeout=timeout)
    finally:
        process.kill()
        process.wait()
    seconds = time.perf_counter() - begun
    errors, _, peak = errors.partition(PEAK)
    known = int(peak) if peak.strip().isdigit() else None
    answer, problems = ((some or b"").decode("utf-8", "replace") for some in (said, errors))
    return Finished(process.returncode, seconds, known, problems, answer)


# -- memory ---------------------------------------------------------------------------------------


def can_sample() -> bool:
    """Return whether this system reports the memory of other processes."""
    return sys.platform in ("linux", "darwin")


def family(pid: int) -> list[int]:
    """Return a process and its children (not theirs), on Linux; nothing if it has ended."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    return [pid, *(int(word) for thread in threads for word in _read(thread / "children").split())]


def _read(file: Path) -> bytes:
    """Return the content of a file of /proc; b"" if the process has ended."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def resident(pid: int) -> dict[int, int]:
    """Return the resident bytes of a process and each of its children, by process id, except those that have ended.

    On Linux, pages that several processes share are divided among them, so that the sum is what all of them take.
    """
    if sys.platform == "linux":
        lines = {one: _read(Path(f"/proc/{one}/smaps_rollup")).splitlines() for one in family(pid)}
        return {one: int(line.split()[1]) * 1024 for one, some in lines.items() for line in some if line[:4] == b"Pss:"}
    rows = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False).stdout
    numbers = [[int(word) for word in row.split()] for row in rows.splitlines() if row.strip()]
    return {row[0]: row[2] * 1024 for row in numbers if pid in (row[0], row[1])}


def memory(pids: Iterable[int], key: str) -> int:
    """Return the sum of a field of /proc/PID/smaps_rollup (`Rss`, `Pss`), in bytes; Linux only."""
    return sum(status_field(Path(f"/proc/{pid}/smaps_rollup"), key + ":") or 0 for pid in pids)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes have used; Linux only."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Sampler:
    """Watches the memory of a process and its children from a thread, until the context is left."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._peak = self._processes = 0

    def __enter__(self) -> Sampler:
        if can_sample():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def peak(self) -> int | None:
        """Peak of the resident bytes; None if the system does not report it, or the process ended before a sample."""
        return self._peak or None

    @property
    def processes(self) -> int | None:
        """Number of processes at the peak; None if `peak` is None."""
        return self._processes or None

    def _run(self) -> None:
        pause = SAMPLED_EVERY if sys.platform == "linux" else SAMPLED_BY_PS_EVERY
        while not self._end.wait(pause):
            found = resident(self._pid)
            if sum(found.values()) > self._peak:
                self._peak, self._processes = sum(found.values()), len(found)
