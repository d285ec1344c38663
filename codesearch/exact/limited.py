"""Runs a scan within a limit of time: a regular expression may take exponential time, and cannot be interrupted.

In the main thread of a Unix process, a signal interrupts it. Elsewhere, a child process does the work.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from types import FrameType
from typing import cast

from codesearch.core import cancellation, child
from codesearch.core.errors import UsageError
from codesearch.exact.scan import FileLines, Request, scan

SECONDS = 20.0
"""Of processor time."""
CHILD_SECONDS = 90.0
"""Of elapsed time, the start of the process included."""
_TICK = 0.05
"""Seconds between two calls of `should_stop`."""


class StoppedError(Exception):
    """`should_stop` returned True."""


class _LateError(Exception):
    """The time is over."""


def scanned(
    request: Request, *, in_child: bool | None = None, should_stop: Callable[[], bool] | None = None
) -> list[FileLines]:
    """Do what `scan` does. Raises UsageError if it takes too long, or if the pattern cannot be understood.

    `in_child` decides how; None lets the thread and the system decide. `should_stop` is called in this thread while a
    child works; if it returns True, StoppedError is raised. Without it, the work of this thread may be cancelled.
    """
    request.pattern.compiled()
    if in_child is None:
        in_child = not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread()
    try:
        return _in_child(request, should_stop or cancellation.is_cancelled) if in_child else _interrupted(request)
    except (_LateError, TimeoutError):
        said = " ".join(f"{request.pattern.said} {one}" for one in request.pattern.expressions)
        raise UsageError(
            f"{said}: takes too long and was stopped. Nested repetitions such as (a+)+ can take exponential time: "
            "write the expression without them, or restrict the search with a path"
        ) from None


def _interrupted(request: Request) -> list[FileLines]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise _LateError

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return scan(request)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _in_child(request: Request, should_stop: Callable[[], bool]) -> list[FileLines]:
    process = subprocess.Popen(
        child.command("codesearch.exact.limited", "main"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with ThreadPoolExecutor(1, "codesearch-exact") as pool:
        asking = pool.submit(child.ask, process, request, CHILD_SECONDS)
        try:
            while not wait([asking], _TICK).done:
                if should_stop():
                    raise StoppedError
            return cast("list[FileLines]", asking.result())
        finally:
            process.kill()  # ends the thread, too
            wait([asking])
            child.kill(process)


def main() -> None:
    """Answer one request. Runs in the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = child.own_streams()
    child.send(answers, scan(child.receive(requests)))
