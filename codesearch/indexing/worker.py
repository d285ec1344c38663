"""The process that reads files and turns them into records: parse, extract, split, embed.

`workers.Pool` starts it. It is sent a batch of tasks at a time and answers with a byte for each file, as a sign of
life, and then with all their answers. Both sides speak frames (4 bytes of length, then a pickle) over its
standard streams. A plain subprocess, unlike multiprocessing, needs no guarded main module in the program that uses
codesearch, and one that hangs can be killed alone.
"""

from __future__ import annotations

import gc
import signal
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from codesearch.core import child
from codesearch.core.errors import CodesearchError
from codesearch.core.types import Skipped, Symbol
from codesearch.files import FileOptions, read_source
from codesearch.indexing.records import Extracted, RecordBuilder, left_out
from codesearch.store.records import FileRecord, FileState, SymbolRecord

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


class Processor:
    """Turns tasks into their answers."""

    def __init__(self, setup: Setup) -> None:
        self._root = setup.root
        self._options = setup.options
        self._builder = RecordBuilder(setup.model)
        self.embed = self._builder.embed

    def extract(self, task: Task) -> Answer | Extracted:
        """Read and extract one file."""
        source = read_source(self._root, task.path, self._options)
        if isinstance(source, Skipped):
            return left_out(task.path, task.state, source.reason, source.detail)
        state = replace(task.state, hash=source.hash)
        if source.hash == task.state.hash:
            return state
        return self._builder.extract(task.path, state, source)


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
    tasks, answers = child.own_streams()
    try:
        try:
            setup: Setup = child.receive(tasks)
            process = Processor(setup)
        except (CodesearchError, ImportError) as error:
            child.send(answers, str(error))
            return
        child.send(answers, "")
        gc.disable()  # what a batch makes has no cycles worth looking for
        while True:
            batch: list[Task] = child.receive(tasks)
            found: list[Answer | Extracted] = []
            for task in batch:
                _end_after(2 * setup.parse_timeout + 1)
                found.append(_tried(process, task))
                answers.write(HEARTBEAT)
                answers.flush()
            child.send(answers, [pack(answer) for answer in process.embed(found)])
            _end_after(0)
            gc.collect(0)
    except (EOFError, BrokenPipeError):
        return


def _tried(process: Processor, task: Task) -> Answer | Extracted:
    """Extract a file; what goes wrong is recorded with it, and shown by `status`."""
    try:
        return process.extract(task)
    except MemoryError as error:
        detail = f"out of memory: {error}"
    except Exception as error:  # noqa: BLE001 -- recorded with the file
        detail = f"{type(error).__name__}: {error}"
    return left_out(task.path, task.state, "parse failed", detail)
