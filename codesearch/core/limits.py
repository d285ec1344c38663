"""Limits of this process: of processor time and memory, as far as the system has them."""

from __future__ import annotations

import signal
from pathlib import Path

from codesearch.core.errors import CodesearchError

MEMORY = 500 << 20
"""Bytes of memory that a process that parses may use beyond what it needs to start. Some wrong texts let a parser use
gigabytes."""
TOO_MUCH_MEMORY = f"needed more than {MEMORY >> 20} MB of memory"


class TooMuchMemoryError(CodesearchError):
    """What a process did needs more memory than `limit_memory` allows."""


OVER_TIME = frozenset({-signal.SIGPROF} if hasattr(signal, "SIGPROF") else ())
"""Exit statuses of a process that used up its processor time."""
ABORTED = frozenset({-signal.SIGABRT} if hasattr(signal, "setitimer") else ())
"""Exit statuses of a process whose parser could not allocate memory."""


def limit_time(seconds: float) -> None:
    """Let the system end this process after `seconds` of processor time, unless called again (0: never).

    Processor time, not wall time: a stopped container or a busy machine says nothing about a file. Only the system can
    do this, since the parser holds Python's lock. It also ends a stuck process whose parent was killed.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def end_when_over_time() -> None:
    """Let the limit of processor time end this process, whatever its parent does with the signal."""
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


def limit_memory(allowed: int = MEMORY) -> None:
    """Let no more than `allowed` bytes be allocated from now on, if the system can do that (Linux).

    Beyond the limit Python raises MemoryError, and a parser aborts the process.
    """
    try:
        import resource

        used = _used("VmData")
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        limit = used + allowed
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
        space = resource.getrlimit(resource.RLIMIT_AS)[0]
        around = [hard - used] if hard != resource.RLIM_INFINITY else []
        around += [space - _used("VmSize")] if space != resource.RLIM_INFINITY else []
        if min(around, default=allowed) >= allowed:
            _own.append(limit)
    except (ImportError, OSError, StopIteration, ValueError):
        return


def is_own_limit() -> bool:
    """Return whether memory that runs out has run out by `limit_memory`: no limit around this process is tighter."""
    return bool(_own)


_own: list[int] = []
"""The limit of `limit_memory` in bytes, if no limit around this process is tighter."""


def _used(name: str) -> int:
    """Return a number of bytes that the system (Linux) has about this process."""
    lines = Path("/proc/self/status").read_bytes().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:".encode()))
