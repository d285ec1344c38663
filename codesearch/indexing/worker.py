"""The process that reads files and turns them into records: parse, extract, split, embed.

`workers.Pool` starts it. It is sent a batch of tasks at a time and answers with a byte for each file, as a sign of
life, and then with all their answers. Both sides speak frames (4 bytes of length, then a pickle) over its
standard streams. A plain subprocess, unlike multiprocessing, needs no guarded main module in the program that uses
codesearch, and one that hangs can be killed alone.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

from codesearch.core.errors import CodesearchError
from codesearch.core.types import Skipped, Symbol
from codesearch.files import FileOptions, Source, read_source, role
from codesearch.store.records import FileRecord, FileState, SymbolRecord

_LENGTH = struct.Struct("<I")
HEARTBEAT = b"."
"""Written for each file of a batch that is extracted, before the frame with their answers."""

Answer = FileRecord | FileState
"""A FileState alone says that a file's content is what it was."""

_STATE = attrgetter(*(field.name for field in fields(FileState)))
_SYMBOL = attrgetter(*(field.name for field in fields(Symbol)))

Packed = tuple[Any, ...]
"""An answer as plain tuples: frozen dataclasses take twice as long to pickle and to unpickle."""


def pack(answer: Answer) -> Packed:
    """Return an answer as it is sent."""
    if isinstance(answer, FileState):
        return _STATE(answer)
    symbols = [(_SYMBOL(one.symbol), one.fields, one.content_hash, one.vector) for one in answer.symbols]
    of_file = answer.path, answer.language, answer.skipped, answer.detail, answer.lines, answer.roles
    return (of_file, _STATE(answer.state), symbols)


def unpack(packed: Packed) -> Answer:
    """Return what `pack` was given."""
    if len(packed) == len(fields(FileState)):
        return FileState(*packed)
    (path, language, skipped, detail, lines, roles), state, symbols = packed
    records = tuple([SymbolRecord(Symbol(*symbol), *rest) for symbol, *rest in symbols])
    return FileRecord(path, FileState(*state), language, skipped, detail, lines, roles, records)


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
    """A file to read."""

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


@dataclass(frozen=True, slots=True)
class _Extracted:
    """A file whose symbols wait for their vectors."""

    record: FileRecord
    symbols: tuple[Symbol, ...]
    texts: tuple[tuple[tuple[str, ...], bytes, list[bytes]], ...]
    """Fields, content hash and what the embedder wants of each: a whole Document is many times larger."""


class Processor:
    """Turns tasks into their answers."""

    def __init__(self, setup: Setup) -> None:
        from codesearch.embed import folder_of
        from codesearch.embed.static import StaticEmbedder

        self._root = Path(setup.root)
        self._options = setup.options
        self._embedder = StaticEmbedder(folder_of(setup.model))

    def extract(self, task: Task) -> Answer | _Extracted:
        """Read and extract one file."""
        source = read_source(self._root, task.path, self._options)
        if isinstance(source, Skipped):
            unread = replace(task.state, hash=None)
            return FileRecord(task.path, unread, skipped=source.reason, detail=source.detail)
        state = replace(task.state, hash=source.hash)
        if source.hash == task.state.hash:
            return state
        return self._extracted(task.path, state, source)

    def _extracted(self, path: str, state: FileState, source: Source) -> _Extracted:
        from codesearch.extract.documents import each_document
        from codesearch.extract.symbols import extract

        # A name that is not UTF-8 stays as it is on disk; what is made of it for people and for search is text.
        shown = path.encode("utf-8", "replace").decode()
        symbols = extract(source.data, source.language, shown)
        packed = self._embedder.packed
        texts = [
            (one.fields, one.content_hash, packed(one.identifiers))
            for one in each_document(symbols, source.data, shown)
        ]
        lines = source.data.count(b"\n") + (not source.data.endswith(b"\n") and bool(source.data))
        roles = " ".join(sorted(role(path)))
        record = FileRecord(path, state, language=source.language, lines=lines, roles=roles)
        return _Extracted(record, tuple(symbols), tuple(texts))

    def embed(self, found: Sequence[Answer | _Extracted]) -> list[Answer]:
        """Return the answers, those with symbols completed: all texts at once, since numpy's calls cost by the call."""
        from codesearch.embed import quantise

        texts = [packed for one in found if isinstance(one, _Extracted) for _, _, packed in one.texts]
        rows = iter(quantise(self._embedder.encode_packed(texts)))

        def completed(one: _Extracted) -> FileRecord:
            symbols = tuple(
                SymbolRecord(symbol, fields, content_hash, row)
                for symbol, (fields, content_hash, _), row in zip(one.symbols, one.texts, rows, strict=False)
            )
            return replace(one.record, symbols=symbols)

        return [completed(one) if isinstance(one, _Extracted) else one for one in found]


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
        gc.disable()  # what a batch makes has no cycles worth looking for
        while True:
            batch: list[Task] = receive(tasks)
            found: list[Answer | _Extracted] = []
            for task in batch:
                _end_after(2 * setup.parse_timeout + 1)
                found.append(_tried(process, task))
                answers.write(HEARTBEAT)
                answers.flush()
            send(answers, [pack(answer) for answer in process.embed(found)])
            _end_after(0)
            gc.collect(0)
    except (EOFError, BrokenPipeError):
        return


def _tried(process: Processor, task: Task) -> Answer | _Extracted:
    """Extract a file; what goes wrong is recorded with it, and shown by `status`."""
    try:
        return process.extract(task)
    except MemoryError as error:
        detail = f"out of memory: {error}"
    except Exception as error:  # noqa: BLE001 -- recorded with the file
        detail = f"{type(error).__name__}: {error}"
    return FileRecord(task.path, replace(task.state, hash=None), skipped="parse failed", detail=detail)
