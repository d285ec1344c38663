"""The worker process: reads files and turns them into records (parse, extract, split, embed).

`pool.Pool` starts it. It receives batches of tasks. For each file of a batch it writes one byte as a sign of life, then
all answers in one frame. A plain subprocess, unlike multiprocessing, needs no guarded main module in the program that
uses codesearch, and one that hangs can be killed alone.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from codesearch.core import allocator, child, limits, priority
from codesearch.core.errors import CodesearchError
from codesearch.core.types import Skipped, Symbol
from codesearch.files import FileOptions, read_source
from codesearch.indexing.records import Extracted, RecordBuilder, failed, left_out
from codesearch.indexing.task import INTERRUPTED, MOST_TRIES, Task
from codesearch.store.records import FileRecord, FileState, SymbolRecord, Texts

HEARTBEAT = b"."
"""Written after each file of a batch, before the frame with all answers."""

GIVEN_BACK_EVERY = 4
"""Batches after which a worker gives free memory back: what one large file needed, others need not."""

Answer = FileRecord | FileState
"""A FileState alone means that the content of the file has not changed."""

_STATE = attrgetter(*(field.name for field in fields(FileState)))
_SYMBOL = attrgetter(*(field.name for field in fields(Symbol)))

Packed = tuple[Any, ...]
"""An answer as plain tuples, since pickling frozen dataclasses takes twice as long."""


def pack(answer: Answer) -> Packed:
    """Return an answer in the form in which it is sent."""
    if isinstance(answer, FileState):
        return _STATE(answer)
    symbols = [(_SYMBOL(one.symbol), one.content_hash, one.vector) for one in answer.symbols]
    of_file = answer.path, answer.language, answer.skipped, answer.detail, answer.lines, answer.roles
    return (of_file, _STATE(answer.state), symbols, tuple(answer.texts), answer.references)


def unpack(packed: Packed) -> Answer:
    """Return the answer that `pack` was given."""
    if len(packed) == len(fields(FileState)):
        return FileState(*packed)
    of_file, state, symbols, texts, references = packed
    path, language, skipped, detail, lines, roles = of_file
    records = tuple([SymbolRecord(Symbol(*symbol), *rest) for symbol, *rest in symbols])
    counted = Texts(*texts)
    return FileRecord(path, FileState(*state), language, skipped, detail, lines, roles, records, counted, references)


@dataclass(frozen=True, slots=True)
class Prepare:
    """Sent instead of a batch, and not answered: languages of which files will follow."""

    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setup:
    """What all tasks of a worker have in common; sent first."""

    root: str
    options: FileOptions
    model: str
    parse_timeout: float
    """Seconds of processor time a file may take."""
    low_priority: bool = False
    """Whether other programs come first."""


class Processor:
    """Turns tasks into their answers."""

    def __init__(self, setup: Setup) -> None:
        self._root = setup.root
        self._options = setup.options
        self._builder = RecordBuilder(setup.model)
        self.completed = self._builder.completed

    def prepare(self, languages: Iterable[str]) -> None:
        """Load what files of these languages need."""
        for language in languages:
            with suppress(Exception):  # its files fail with the same, and their records say so
                self._builder.prepare(language)

    def extract(self, task: Task) -> Answer | Extracted:
        """Read and extract one file."""
        source = read_source(self._root, task.path, self._options)
        if isinstance(source, Skipped):
            return left_out(task.path, task.state, source.reason, source.detail)
        if task.left_out is not None:
            return self._builder.parts(task.path, task.state, source, *task.left_out)
        state = replace(task.state, hash=source.hash)
        if source.hash == task.state.hash:
            return state
        return self._builder.extract(task.path, state, source)


def interrupted(task: Task, why: str) -> FileRecord:
    """Return the record of a file whose reading the machine interrupted."""
    return left_out(task.path, task.state, INTERRUPTED, f"{why} (try {task.tries + 1} of {MOST_TRIES})")


def timed_out(task: Task, seconds: float) -> FileRecord:
    """Return the record of a file that took more processor time than allowed."""
    return left_out(task.path, task.state, "parse timeout", f"took more than {seconds:g} s of processor time")


def main() -> None:
    """Answer tasks until the other side closes the stream."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes our input
    limits.end_when_over_time()
    tasks, answers = child.own_streams()
    try:
        try:
            setup: Setup = child.receive(tasks)
            if setup.low_priority:
                priority.lower_process()
            process = Processor(setup)
        except (CodesearchError, ImportError) as error:
            child.send(answers, str(error))
            return
        child.send(answers, "")
        limits.limit_memory()
        gc.freeze()  # what every batch needs is not looked at again
        gc.disable()
        done = 0
        while True:
            batch: list[Task] | Prepare = child.receive(tasks)
            if isinstance(batch, Prepare):
                process.prepare(batch.languages)
                continue
            found: list[Answer | Extracted] = []
            for task in batch:
                limits.limit_time(setup.parse_timeout)
                found.append(_tried(process, task))
                answers.write(HEARTBEAT)
                answers.flush()
            limits.limit_time(0)
            child.send(answers, [pack(answer) for answer in process.completed(found)])
            gc.collect()  # also what outlived a batch; once it is frozen, that takes less than a millisecond
            done += 1
            if done % GIVEN_BACK_EVERY == 0:
                del batch, found  # their memory, too
                allocator.give_back()
    except (EOFError, BrokenPipeError):
        return


def _tried(process: Processor, task: Task) -> Answer | Extracted:
    """Extract a file. An error is recorded with the file and shown by `status`."""
    try:
        return process.extract(task)
    except MemoryError:
        return interrupted(task, "out of memory")
    except Exception as error:  # noqa: BLE001 -- recorded with the file
        record = failed(task.path, task.state, error)
    return _by_parts(process, task, record) if task.left_out is None else record


def _by_parts(process: Processor, task: Task, record: FileRecord) -> Answer | Extracted:
    """Return the parts of a file that could not be parsed; its record as it is if there are none."""
    try:
        found = process.extract(task._replace(left_out=(record.skipped or "", record.detail)))
    except Exception:  # noqa: BLE001 -- the record has the first error
        return record
    return found if isinstance(found, Extracted) else record
