"""The processors that this process may use, and memory: its peak, and that of the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Return how many processors this process may use: at least 1.

    Respects the affinity mask (`taskset`, cpusets) and, on Linux, the CPU quota of the control group (containers).
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota() if sys.platform == "linux" else None
    return max(1, allowed if quota is None else min(allowed, round(quota + 0.499)))


def _quota(root: Path = _CGROUP) -> float | None:
    """Return the CPU quota of this process's control group in processors, or None if it has none.

    Inside a container the group is mounted at the root. Version 2 keeps it in `cpu.max`, version 1 in two files.
    """
    try:
        limit, period = (root / "cpu.max").read_text("utf-8").split()[:2]
    except (OSError, ValueError):
        try:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text("utf-8").strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text("utf-8").strip()
        except (OSError, ValueError):
            return None
    if not limit.isdigit() or not period.isdigit() or not int(period):
        return None  # `max`, or -1
    return int(limit) / int(period)


def own_peak() -> int | None:
    """Return the peak resident memory of this process in bytes, or None if the system does not report it.

    On Linux this does not use `getrusage`: there a process inherits the peak of its parent.
    """
    if sys.platform == "linux":
        return status_field(Path("/proc/self/status"), "VmHWM:")
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def status_field(file: Path, name: str) -> int | None:
    """Return a field of a file such as /proc/PID/status, given there in kB, in bytes; None if it is missing."""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return None


def total_memory() -> int | None:
    """Return the physical memory of this machine in bytes, or None if the system does not report it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def memory_limit(root: Path = _CGROUP) -> int | None:
    """Return the memory limit of this process's control group (containers) in bytes; None if it has none."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (root / name).read_text("utf-8").strip()
        except OSError:
            continue
        # Version 1 says "no limit" with a number close to 2^63.
        return int(text) if text.isdigit() and int(text) < 1 << 60 else None
    return None
