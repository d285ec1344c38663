"""Lower scheduling priority, for work in the background. A priority that was inherited is never raised."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from codesearch.core.log import Log

T = TypeVar("T")

BACKGROUND_NICE = 10
"""Nice value of background work; a larger one that was inherited is kept. Linux derives the priority of disk access
from it."""
AUTOGROUP = Path("/proc/self/autogroup")
"""Linux may schedule each session as one unit: a nice value counts only inside it, unless the session has one, too."""
AUTOGROUP_TRIES, AUTOGROUP_SECONDS = 10, 0.11
"""The kernel takes one such value per tenth of a second from all processes together, and refuses others meanwhile."""
_BELOW_NORMAL, _IDLE = 0x4000, 0x40
"""Priority classes of Windows."""

log = Log("codesearch.core")


def lower_process() -> None:
    """Give this process a low priority, and a session of its own where sessions are scheduled as units.

    Call it before the process starts threads: on Linux, each thread has its own value.
    """
    if sys.platform == "win32":
        _lower_windows()
        return
    _raise_nice(BACKGROUND_NICE)
    if AUTOGROUP.exists():
        try:
            os.setsid()
        except PermissionError:
            log.debug("this process leads a session already")
        lower_session(BACKGROUND_NICE)


def lower_session(least: int = 0, *, file: Path = AUTOGROUP) -> None:
    """Give the session of this process the nice value of the process, or `least` if that is more.

    Only for a process that leads its session: a new session starts without the nice value that its process inherited.
    """
    if sys.platform == "win32":
        return
    nice = max(least, os.getpriority(os.PRIO_PROCESS, 0))
    if nice <= 0 or not file.exists():
        return
    for _ in range(AUTOGROUP_TRIES):
        if (problem := _write(file, b"%d\n" % nice)) is None:
            return
        if not isinstance(problem, BlockingIOError):
            break
        time.sleep(AUTOGROUP_SECONDS)
    log.info("%s: the kernel did not take the nice value %d: %s", file, nice, problem)


def _write(file: Path, data: bytes) -> OSError | None:
    """Write into a file of the kernel; return why it refuses."""
    try:
        handle = os.open(file, os.O_WRONLY)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)
    except OSError as error:
        return error
    return None


def _raise_nice(least: int) -> None:
    if sys.platform == "win32":
        return
    if os.getpriority(os.PRIO_PROCESS, 0) < least:
        os.setpriority(os.PRIO_PROCESS, 0, least)


def _lower_windows() -> None:
    if sys.platform != "win32":
        return
    import ctypes

    kernel = ctypes.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    own = ctypes.c_void_p(kernel.GetCurrentProcess())
    if kernel.GetPriorityClass(own) not in (_BELOW_NORMAL, _IDLE):
        kernel.SetPriorityClass(own, _BELOW_NORMAL)


def at_low_priority(work: Callable[[], T]) -> T:
    """Do the work in a thread of its own, with low priority if the system has one per thread (Linux); wait for it.

    Threads that the work starts inherit the priority. Raises what the work raises.
    """
    if sys.platform != "linux":
        return work()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        _raise_nice(BACKGROUND_NICE)
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again by the caller
            errors.append(error)

    thread = threading.Thread(target=run, name="codesearch-background", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
