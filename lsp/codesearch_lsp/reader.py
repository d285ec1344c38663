"""Reading unsaved buffers in a process of their own: parsing holds Python's lock, and a file may hang a parser.

The process speaks the frames of `codesearch.indexing.worker`. It is started by the first buffer, replaced when it
crashes or takes too long, and ended after a while without work.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, cast

from codesearch.indexing.worker import receive, send
from codesearch.store.records import FileRecord, FileState

IDLE_SECONDS = 300.0
START_SECONDS = 60.0
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from codesearch_lsp.reader import main; main()"
"""As the workers start: nothing is imported from the current folder, which may hold a `numpy.py`."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer to read."""

    path: str
    """Relative to its root, with `/`."""
    data: bytes
    """UTF-8."""
    language: str | None
    """Of codesearch; None: by name and content."""
    model: str
    options: Any
    """files.FileOptions."""


class Reader:
    """Turns buffers into records, one at a time. `read` blocks: call it from a thread."""

    def __init__(self, timeout: float = 10.0) -> None:
        """`timeout`: seconds a buffer may take."""
        self._timeout = timeout
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
            for _ in range(2):  # a process that ended since the last buffer is no fault of this one
                if self._closed:
                    break
                fresh = self._process is None or self._process.poll() is not None or not self._proven
                try:
                    answer = self._ask(buffer)
                except (EOFError, OSError, TimeoutError) as error:
                    self._kill()
                    if isinstance(error, TimeoutError):
                        return _failed(buffer, "parse timeout", f"took more than {self._timeout:g} s")
                    if fresh:
                        return _failed(buffer, "parse failed", "the process that reads buffers crashed")
                    continue
                return cast(FileRecord, answer)
        return _failed(buffer, "parse failed", "the server is closing")

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

    def pid(self) -> int | None:
        """Return the process's number while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def _ask(self, buffer: Buffer) -> object:
        limit = self._timeout
        if self._process is None or self._process.poll() is not None:
            self._start()
        if not self._proven:
            limit += START_SECONDS
        process = self._process
        assert process is not None
        late = threading.Event()

        def expire() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit, expire)
        timer.daemon = True
        timer.start()
        try:
            send(cast(BinaryIO, process.stdin), buffer)
            answer = receive(cast(BinaryIO, process.stdout))
            self._proven = True
            return answer
        except (EOFError, OSError):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            self._used = time.monotonic()
            self._rest(IDLE_SECONDS)

    def _start(self) -> None:
        self._kill()
        self._proven = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, *(folder or str(Path.cwd()) for folder in sys.path)],
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
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # unsent bytes to a dead process


def _state(buffer: Buffer) -> FileState:
    return FileState(len(buffer.data), 0, 0, 0, 0, blake2b(buffer.data, digest_size=16).digest())


def _failed(buffer: Buffer, reason: str, detail: str) -> FileRecord:
    return FileRecord(buffer.path, _state(buffer), skipped=reason, detail=detail)


def record(buffer: Buffer, embedder: Any) -> FileRecord:
    """Return the record of a buffer, by the rules for files."""
    from codesearch import languages
    from codesearch.embed import quantise
    from codesearch.extract.documents import documents
    from codesearch.extract.symbols import extract
    from codesearch.files import decode, is_generated, is_minified, role
    from codesearch.store.records import SymbolRecord

    options = buffer.options
    if len(buffer.data) > options.max_file_size:
        return _failed(buffer, "too large", f"more than {options.max_file_size} bytes")
    decoded = decode(buffer.data)
    if isinstance(decoded, str):
        return _failed(buffer, decoded, "")
    data = decoded[0]
    detected = languages.detect(buffer.path, data[:4096])
    language = detected.name if detected is not None else buffer.language
    if language is None:
        return _failed(buffer, "unknown language", "")
    if options.languages and language not in options.languages:
        return _failed(buffer, "excluded", language)
    if not options.index_generated and is_generated(data):
        return _failed(buffer, "generated", "")
    if not options.index_minified and is_minified(buffer.path, data, language):
        return _failed(buffer, "minified", "")
    symbols = extract(data, language, buffer.path)
    texts = documents(symbols, data, buffer.path)
    rows = quantise(embedder.encode_documents([text.embedding_text for text in texts]))
    return FileRecord(
        buffer.path,
        _state(buffer),
        language=language,
        lines=data.count(b"\n") + 1,
        roles=" ".join(sorted(role(buffer.path))),
        symbols=tuple(
            SymbolRecord(symbol, text.fields, text.content_hash, row)
            for symbol, text, row in zip(symbols, texts, rows, strict=True)
        ),
    )


def main() -> None:
    """Answer buffers until the other side closes the stream."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    buffers = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not fall between the frames
    _import_ahead()
    embedders: dict[str, Any] = {}
    try:
        while True:
            buffer: Buffer = receive(buffers)
            send(answers, _safely(buffer, embedders))
    except (EOFError, BrokenPipeError):
        return


def _import_ahead() -> None:
    """Import, before the first buffer comes, what reading one takes."""
    import numpy  # noqa: F401


def _safely(buffer: Buffer, embedders: dict[str, Any]) -> FileRecord:
    from codesearch.embed import load

    try:
        if buffer.model not in embedders:
            embedders[buffer.model] = load(buffer.model)
        return record(buffer, embedders[buffer.model])
    except Exception as error:  # noqa: BLE001 -- recorded with the buffer, told in the log
        return _failed(buffer, "parse failed", f"{type(error).__name__}: {error}")
