"""Looks for a pattern of syntax in many files, in processes with the limits of indexing.

A text can make a parser or a pattern take hours or gigabytes, and neither can be interrupted. A process that breaks is
replaced, and its file is named with the reason.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from codesearch import languages
from codesearch.core import child, limits
from codesearch.core.errors import CodesearchError
from codesearch.core.machine import cores
from codesearch.core.types import Skipped
from codesearch.exact import nodes
from codesearch.exact.nodes import NodeMatch
from codesearch.exact.syntax import SyntaxPattern
from codesearch.files import FileOptions, read_source

PROCESS = ("codesearch.exact.processes", "main")
"""The function that a process runs."""
FILES_EACH = 40
"""Files for which another process is worth its start."""
STALL_FACTOR = 10
STALL_SECONDS = 60.0
"""A process that answers for no file within STALL_FACTOR times the limit of one, and STALL_SECONDS, is replaced."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and how files are read."""

    root: Path
    options: FileOptions
    pattern: SyntaxPattern
    languages: frozenset[str]
    seconds: float
    """Of processor time that a file may take."""


@dataclass(frozen=True, slots=True)
class FileNodes:
    """What was found in a file."""

    path: str
    matches: tuple[NodeMatch, ...] = ()
    has_errors: bool = False
    """It has syntax errors, so that there may be more matches."""
    problem: str = ""
    """Why it could not be searched; "" if it was."""


def searched(search: Search, paths: Sequence[str]) -> list[FileNodes]:
    """Return what is found in files, in their order. Files that are gone are left out."""
    count = max(1, min(cores(), -(-len(paths) // FILES_EACH)))
    shares = [paths[number::count] for number in range(count)]
    stop = threading.Event()
    with ThreadPoolExecutor(count, "codesearch-ast") as pool:
        try:
            found = {
                one.path: one
                for some in pool.map(lambda share: list(_each(search, share, stop)), shares)
                for one in some
            }
        except BaseException:
            stop.set()
            raise
    return [found[path] for path in paths if path in found]


def _each(search: Search, paths: Sequence[str], stop: threading.Event) -> Iterator[FileNodes]:
    """Yield what is found in each file, replacing the process as often as files break it."""
    left = list(paths)
    while left and not stop.is_set():
        process = subprocess.Popen(
            child.command(*PROCESS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **child.ONE_THREAD},
        )
        late = threading.Event()
        try:
            child.send(cast(BinaryIO, process.stdin), (search, left))
            while left and not stop.is_set():
                found = _next(process, search, late)
                left.pop(0)
                if found is not None:
                    yield found
        except (EOFError, OSError):
            status = child.kill(process)
            yield FileNodes(left[0], problem=_reason(status, search, is_late=late.is_set()))
            left.pop(0)
        finally:
            child.kill(process)


def _next(process: subprocess.Popen[bytes], search: Search, late: threading.Event) -> FileNodes | None:
    """Return the next answer. Raises EOFError if the process ended, or was ended because it took too long."""

    def expire() -> None:
        late.set()
        process.kill()

    by_system = bool(limits.OVER_TIME)
    timer = threading.Timer(max(STALL_SECONDS, STALL_FACTOR * search.seconds) if by_system else search.seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        answer: FileNodes | None = child.receive(cast(BinaryIO, process.stdout))
        return answer
    finally:
        timer.cancel()


def _reason(status: int, search: Search, *, is_late: bool) -> str:
    if status in limits.OVER_TIME or is_late:
        return f"took more than {search.seconds:g} s of processor time"
    return limits.TOO_MUCH_MEMORY if status in limits.ABORTED else f"the parser crashed (status {status})"


def main() -> None:
    """Answer for each file of one request. Runs in the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.end_when_over_time()
    requests, answers = child.own_streams()
    search, paths = child.receive(requests)
    limits.limit_memory()
    for path in paths:
        limits.limit_time(search.seconds)
        found = _found(search, path)
        limits.limit_time(0)
        child.send(answers, found)


def _found(search: Search, path: str) -> FileNodes | None:
    """Return what is found in a file; None if it is gone, or in another language now."""
    source = read_source(search.root, path, search.options)
    if isinstance(source, Skipped) or source.language not in search.languages:
        return None
    try:
        matches, has_errors = nodes.matches(source.data, languages.get(source.language), search.pattern)
    except MemoryError:
        return FileNodes(path, problem=limits.TOO_MUCH_MEMORY)
    except CodesearchError as error:
        return FileNodes(path, problem=str(error))
    return FileNodes(path, tuple(matches), has_errors)
