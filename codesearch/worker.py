"""The process that reads files and turns them into records: parse, extract, split, embed.

`workers.Pool` starts it; it speaks frames (4 bytes of length, then a pickle) over its
standard streams. A plain subprocess, unlike multiprocessing, needs no guarded main module in the program that uses
codesearch, and one that hangs can be killed alone.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from codesearch.errors import CodesearchError
from codesearch.files import FileOptions, Source, read_source, role
from codesearch.store.records import FileRecord, FileState, SymbolRecord
from codesearch.types import Skipped

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Setup:
    """What every task of a worker has in common; sent first."""

    root: str
    options: FileOptions
    model: str
    parse_timeout: float
    """Seconds a file may take; the parent kills a worker that needs more."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read; the answer is a FileRecord, or the new FileState alone if its content is what it was."""

    path: str
    state: FileState
    """Size and times as they are on disk now, and the hash the index knows, if any."""


def send(stream: BinaryIO, value: object) -> None:
    """Write one frame."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one frame. Raises EOFError when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    data = stream.read(_LENGTH.unpack(head)[0])
    return pickle.loads(data)


class Processor:
    """Turns a task into its record."""

    def __init__(self, setup: Setup) -> None:
        from codesearch.embed import load

        self._root = Path(setup.root)
        self._options = setup.options
        self._embedder = load(setup.model)

    def __call__(self, task: Task) -> FileRecord | FileState:
        """Read, extract and embed one file. Never raises for what is in the file or on the disk."""
        source = read_source(self._root, task.path, self._options)
        if isinstance(source, Skipped):
            unread = replace(task.state, hash=None)
            return FileRecord(task.path, unread, skipped=source.reason, detail=source.detail)
        state = replace(task.state, hash=source.hash)
        if source.hash == task.state.hash:
            return state
        return self._record(task.path, state, source)

    def _record(self, path: str, state: FileState, source: Source) -> FileRecord:
        from codesearch.embed import quantise
        from codesearch.extract import extract
        from codesearch.text import documents

        # A name that is not UTF-8 stays as it is on disk; what is made of it for people and for search is text.
        shown = path.encode("utf-8", "replace").decode()
        symbols = extract(source.data, source.language, shown)
        texts = documents(symbols, source.data, shown)
        rows = quantise(self._embedder.encode_documents([text.embedding_text for text in texts]))
        return FileRecord(
            path,
            state,
            language=source.language,
            lines=source.data.count(b"\n") + (not source.data.endswith(b"\n") and bool(source.data)),
            roles=" ".join(sorted(role(path))),
            symbols=tuple(
                SymbolRecord(symbol, text.fields, text.content_hash, row)
                for symbol, text, row in zip(symbols, texts, rows, strict=True)
            ),
        )


def _end_after(seconds: float) -> None:
    """Have the system end this process unless called again in time (0: never).

    The parent kills a stuck worker; but a parent that was itself killed must not leave one behind that never ends. The
    parser holds Python's lock, so only the system can do it.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def main() -> None:
    """Answer tasks until the other side closes the stream."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes our input
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    tasks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not fall between the frames
    try:
        try:
            setup: Setup = receive(tasks)
            process = Processor(setup)
        except (CodesearchError, ImportError) as error:
            send(answers, str(error))
            return
        send(answers, "")
        while True:
            task: Task = receive(tasks)
            _end_after(2 * setup.parse_timeout + 1)
            try:
                answer: object = process(task)
            except MemoryError as error:
                answer = FileRecord(task.path, task.state, skipped="parse failed", detail=f"out of memory: {error}")
            except Exception as error:  # noqa: BLE001 -- recorded with the file, shown by `status`
                answer = FileRecord(
                    task.path, task.state, skipped="parse failed", detail=f"{type(error).__name__}: {error}"
                )
            _end_after(0)
            send(answers, answer)
    except (EOFError, BrokenPipeError):
        return
