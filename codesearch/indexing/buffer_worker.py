"""Reads unsaved buffers in a child process: parsing holds Python's lock, and a file may hang a parser.

The child starts with the first buffer, is replaced when it crashes or takes too long, and ends after a while without
work. Buffers are judged by the rules for files and become the same records.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from typing import cast

from codesearch.core import child
from codesearch.core.types import Skipped
from codesearch.files import FileOptions, judge
from codesearch.indexing.records import RecordBuilder, failed, left_out
from codesearch.store.records import FileRecord, FileState

IDLE_SECONDS = 300.0
START_SECONDS = 60.0
CRASHED = "the process that reads buffers crashed"
"""The `detail` of a record whose buffer crashed the process, or whose process was killed from outside."""
ATTEMPTS = 2
"""Something else may have killed the process: only a second crash, in a new process, is the buffer's fault."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer to read."""

    path: str
    """Relative to its root, with `/`."""
    data: bytes
    """UTF-8."""
    language: str | None
    """Its language, for a buffer whose path and text do not reveal it; None if unknown."""
    options: FileOptions
    timeout: float = 10.0
    """Seconds that reading it may take."""


class BufferReader:
    """Turns buffers into records, one at a time. `read` blocks: call it from a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._used = 0.0
        self._proven = False
        """The process has answered before."""
        self._closed = False
        self._timer: threading.Timer | None = None

    def read(self, buffer: Buffer) -> FileRecord:
        """Return the record of a buffer; one that cannot be read says so in `skipped`."""
        with self._lock:
            for _ in range(ATTEMPTS):
                if self._closed:
                    return _failed(buffer, "parse failed", "the server is closing")
                try:
                    return cast(FileRecord, self._ask(buffer))
                except TimeoutError:
                    self._kill()
                    return _failed(buffer, "parse timeout", f"took more than {buffer.timeout:g} s")
                except (EOFError, OSError):
                    self._kill()
        return _failed(buffer, "parse failed", CRASHED)

    def warm(self) -> None:
        """Start the process, so that the first buffer need not wait for it. Does not wait itself."""
        with self._lock:
            if not self._closed and (self._process is None or self._process.poll() is not None):
                self._start()
                self._used = time.monotonic()
                self._rest(IDLE_SECONDS)

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._kill()

    def _ask(self, buffer: Buffer) -> object:
        limit = buffer.timeout
        if self._process is None or self._process.poll() is not None:
            self._start()
        if not self._proven:
            limit += START_SECONDS
        process = self._process
        assert process is not None
        try:
            answer = child.ask(process, buffer, limit)
            self._proven = True
            return answer
        finally:
            self._used = time.monotonic()
            self._rest(IDLE_SECONDS)

    def _start(self) -> None:
        self._kill()
        self._proven = False
        self._process = subprocess.Popen(
            child.command("codesearch.indexing.buffer_worker", "main"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def _rest(self, seconds: float) -> None:
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(seconds, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            left = self._used + IDLE_SECONDS - time.monotonic()
            if left <= 0:
                self._kill()
            else:
                self._rest(left)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            child.kill(process)


def _state(buffer: Buffer) -> FileState:
    return FileState(len(buffer.data), 0, 0, 0, 0, None)


def _failed(buffer: Buffer, reason: str, detail: str) -> FileRecord:
    return left_out(buffer.path, _state(buffer), reason, detail)


def main() -> None:
    """Answer buffers until the other side closes the stream. Runs in the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    buffers, answers = child.own_streams()
    _import_ahead()
    builder = RecordBuilder()
    try:
        while True:
            buffer: Buffer = child.receive(buffers)
            child.send(answers, _tried(builder, buffer))
    except (EOFError, BrokenPipeError):
        return


def _import_ahead() -> None:
    """Import everything that reading a buffer needs before the first one arrives."""
    import numpy  # noqa: F401

    import codesearch.extract.documents
    import codesearch.extract.symbols  # noqa: F401


def _tried(builder: RecordBuilder, buffer: Buffer) -> FileRecord:
    try:
        return record(builder, buffer)
    except Exception as error:  # noqa: BLE001 -- recorded with the buffer, and logged
        return failed(buffer.path, _state(buffer), error)


def record(builder: RecordBuilder, buffer: Buffer) -> FileRecord:
    """Return the record of a buffer, by the rules for files."""
    source = judge(buffer.path, buffer.data, buffer.options, fallback=buffer.language)
    if isinstance(source, Skipped):
        return _failed(buffer, source.reason, source.detail)
    extracted = builder.extract(buffer.path, replace(_state(buffer), hash=source.hash), source)
    return cast(FileRecord, builder.completed([extracted])[0])
