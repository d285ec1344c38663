"""A pool of worker processes that survives bad input: a stuck or crashed worker is replaced, and its file reported."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, cast

from codesearch.core import allocator, child
from codesearch.core.errors import CodesearchError
from codesearch.core.limits import ABORTED, OVER_TIME, TOO_MUCH_MEMORY
from codesearch.core.log import Log
from codesearch.indexing.records import left_out
from codesearch.indexing.task import UNPARSED, Task
from codesearch.indexing.worker import HEARTBEAT, Answer, Prepare, Setup, interrupted, timed_out, unpack

WINDOW = 2
"""Batches in flight per worker: enough to keep it busy, few enough to bound memory."""
STALL_FACTOR = 10
STALL_SECONDS = 30.0
"""A worker that shows no sign of life for STALL_FACTOR times the limit of a file, and STALL_SECONDS, is replaced."""
MOST_FRUITLESS = 4
"""How often in a row a worker may end at the vectors of one file: two files, twice each."""
START_TIMEOUT = 60.0
"""Seconds a worker may take to start."""


@dataclass(slots=True)
class _Batch:
    number: int
    tasks: list[Task]
    answers: list[Answer | None]


log = Log("codesearch.indexing")

WORKER = ("codesearch.indexing.worker", "main")
"""The function that a worker process runs."""


_KILLED = frozenset({-signal.SIGKILL} if hasattr(signal, "SIGKILL") else ())
"""Exit statuses of a worker that another process killed."""


def _patience(setup: Setup) -> float:
    """Return how many seconds of wall time a worker may show no sign of life.

    Where the system cannot limit processor time, this is the limit of a file itself.
    """
    return max(STALL_SECONDS, STALL_FACTOR * setup.parse_timeout) if OVER_TIME else setup.parse_timeout


class _Worker:
    """One process, and the thread that talks to it."""

    def __init__(
        self, setup: Setup, todo: queue.Queue[_Batch | Prepare | None], done: queue.Queue[_Batch | BaseException]
    ) -> None:
        self._setup, self._todo, self._done = setup, todo, done
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self.deadline: float | None = None
        self.stalled = False
        self._suspect: Task | None = None
        self._most = sys.maxsize
        """Files that are sent at a time: fewer once the vectors of more could not be computed."""
        self._fruitless = 0
        """How often in a row the vectors of one file alone could not be computed."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise EOFError
            process = subprocess.Popen(
                child.command(*WORKER),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **child.ONE_THREAD},
            )
            self._process = process
        self.deadline = time.monotonic() + START_TIMEOUT
        try:
            child.send(cast(BinaryIO, process.stdin), self._setup)
            problem = child.receive(cast(BinaryIO, process.stdout))
        except (EOFError, OSError):
            self._raise_if_closed()
            raise CodesearchError(
                f"a worker process ended while it started (status {self.kill()}); what it said is above. "
                "The installation may be damaged: install codesearch again from its checkout."
            ) from None
        if problem:
            raise CodesearchError(problem)
        self.deadline = None
        return process

    def _run(self) -> None:
        try:
            self._start()
            while (batch := self._todo.get()) is not None:
                if isinstance(batch, Prepare):
                    self._prepare(batch)
                    continue
                self._work(batch)
                self._done.put(batch)
        except BaseException as error:  # noqa: BLE001 -- raised again by the thread that reads `done`
            if not self._closed:
                self._done.put(error)
        finally:
            self.kill()

    def _prepare(self, languages: Prepare) -> None:
        with suppress(OSError):  # a process that has ended is replaced when it gets a batch
            if self._process is not None:
                child.send(cast(BinaryIO, self._process.stdin), languages)

    def _work(self, batch: _Batch) -> None:
        """Get all answers of a batch, replacing the process as often as its files break it."""
        while None in batch.answers:
            process = self._process or self._start()
            waiting = [at for at, answer in enumerate(batch.answers) if answer is None][: self._most]
            alive = 0
            try:
                self._extend()
                child.send(cast(BinaryIO, process.stdin), [batch.tasks[at] for at in waiting])
                back = cast(BinaryIO, process.stdout)
                while alive < len(waiting):
                    if back.read(1) != HEARTBEAT:
                        raise EOFError
                    alive += 1
                    self._extend()
                for at, answer in zip(waiting, child.receive(back), strict=True):
                    batch.answers[at] = unpack(answer)
                self._fruitless = 0
            except (EOFError, OSError):
                self._raise_if_closed()
                status = self.kill()
                if alive < len(waiting) or self.stalled:
                    self._blame(batch, waiting[alive if alive < len(waiting) else -1], status)
                else:
                    self._embed_less(batch, waiting, status)
            finally:
                self.deadline = None

    def _embed_less(self, batch: _Batch, waiting: list[int], status: int) -> None:
        """Go on after the process ended while it computed the vectors of some files, all of which it had read.

        That is rarely the fault of a file: half as many may need less memory than there is. Raises CodesearchError if
        it ends at every file alone.
        """
        task = batch.tasks[waiting[0]]
        if len(waiting) > 1:
            self._most = len(waiting) // 2
            log.info("a worker ended with status %d at the vectors of %d files: trying half", status, len(waiting))
            return
        self._fruitless += 1
        if self._fruitless >= MOST_FRUITLESS:
            raise CodesearchError(
                f"worker processes end with status {status} while they compute vectors, the last one for {task.path}; "
                "their messages are above. There may be too little memory for one of them: close other programs, or "
                "allow more memory (`ulimit -v`, the limit of the container). Try fewer of them with --workers 1."
            )
        self._blame(batch, waiting[0], status)

    def _blame(self, batch: _Batch, at: int, status: int) -> None:
        """Record the file at which the process ended. A first crash is not held against it: it is tried again."""
        task = batch.tasks[at]
        stalled, self.stalled = self.stalled, False
        if status in OVER_TIME or (stalled and not OVER_TIME):
            record = timed_out(task, self._setup.parse_timeout)
        elif stalled:
            record = interrupted(task, f"made no progress for {_patience(self._setup):g} s")
        elif self._suspect is not task:
            self._suspect = task
            log.info("a worker ended with status %d at %s: trying again", status, task.path)
            return
        elif status in _KILLED:
            record = interrupted(task, "the system killed the process, perhaps for lack of memory")
        else:
            why = TOO_MUCH_MEMORY if status in ABORTED else f"the parser crashed (status {status})"
            record = left_out(task.path, task.state, "parse failed", why)
        log.info("replacing a worker: %s: %s", task.path, record.detail)
        if task.left_out is not None:  # its parts broke a worker, too
            batch.answers[at] = left_out(task.path, task.state, *task.left_out)
        elif record.skipped in UNPARSED:
            batch.tasks[at] = task._replace(left_out=(record.skipped or "", record.detail))
        else:
            batch.answers[at] = record

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise EOFError

    def _extend(self) -> None:
        self.deadline = time.monotonic() + _patience(self._setup)

    def expire(self) -> None:
        """Kill the process because it makes no progress; the thread replaces it."""
        self.stalled = True
        self.deadline = None
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def kill(self) -> int:
        """End the process now and return its exit status."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return 0
        return child.kill(process)

    def close(self) -> None:
        """End the process and make the thread return."""
        self._closed = True
        with self._lock:
            if self._process is not None:
                self._process.kill()


class Pool:
    """Worker processes. Use as a context manager: leaving it kills them."""

    def __init__(self, setup: Setup, workers: int) -> None:
        allocator.use_one_arena()  # the answers of the workers arrive in a thread each
        self._setup = setup
        self._todo: queue.Queue[_Batch | Prepare | None] = queue.Queue()
        self._done: queue.Queue[_Batch | BaseException] = queue.Queue()
        self._workers: list[_Worker] = []
        self.grow(workers)

    def __enter__(self) -> Pool:
        return self

    def grow(self, workers: int) -> None:
        """Start workers until there are at least this many."""
        while len(self._workers) < workers:
            self._workers.append(_Worker(self._setup, self._todo, self._done))

    def prepare(self, languages: tuple[str, ...]) -> None:
        """Have the workers load what files of these languages need, before there is a batch; returns at once."""
        for _ in self._workers:  # each idle worker takes one
            self._todo.put(Prepare(languages))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers."""
        for worker in self._workers:
            worker.close()
            self._todo.put(None)
        for worker in self._workers:
            worker.thread.join()

    def run(self, batches: Iterable[list[Task]]) -> Iterator[list[tuple[Task, Answer]]]:
        """Yield the answers to each batch, in the order of the batches."""
        waiting: deque[_Batch] = deque()
        finished: set[int] = set()
        source = enumerate(batches)
        while True:
            while len(waiting) < WINDOW * len(self._workers) and (following := next(source, None)) is not None:
                number, tasks = following
                batch = _Batch(number, tasks, [None] * len(tasks))
                waiting.append(batch)
                self._todo.put(batch)
            if not waiting:
                return
            while waiting[0].number not in finished:
                finished.add(self._next_finished())
            batch = waiting.popleft()
            finished.discard(batch.number)
            yield [
                (task, answer) for task, answer in zip(batch.tasks, batch.answers, strict=True) if answer is not None
            ]

    def _next_finished(self) -> int:
        while True:
            try:
                result = self._done.get(timeout=0.25)
            except queue.Empty:
                now = time.monotonic()
                for worker in self._workers:
                    if worker.deadline is not None and worker.deadline < now:
                        worker.expire()
                continue
            if isinstance(result, BaseException):
                raise result
            return result.number


class WarmPools:
    """Lends a pool to one update after another, so that a saved file does not wait for a process to start.

    Call it where a `Pool` would be made. Thread-safe. `tidy` ends idle workers.
    """

    def __init__(self, *, several_for: float = 10.0, one_for: float = 600.0) -> None:
        """Keep more than one worker for `several_for` seconds after their last task, the last for `one_for`."""
        self._several_for, self._one_for = several_for, one_for
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._setup: Setup | None = None
        self._used = 0.0
        self._size = 0

    @contextmanager
    def __call__(self, setup: Setup, workers: int) -> Iterator[Pool]:
        """Lend a pool of at least `workers` workers."""
        with self._lock:
            pool = self._ready(setup, workers)
            try:
                yield pool
            except BaseException:
                self._drop()
                raise
            self._used = time.monotonic()

    def warm(self, setup: Setup) -> None:
        """Start one worker unless the pool is in use; returns at once."""
        if self._lock.acquire(blocking=False):
            try:
                self._ready(setup, 1)
                self._used = time.monotonic()
            finally:
                self._lock.release()

    def tidy(self) -> None:
        """End workers that have been idle for too long."""
        if self._pool is None or not self._lock.acquire(blocking=False):
            return
        try:
            idle, setup = time.monotonic() - self._used, self._setup
            if idle > self._one_for:
                self._drop()
            elif idle > self._several_for and self._size > 1 and setup is not None:
                self._drop()
                self._ready(setup, 1)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._drop()

    def _ready(self, setup: Setup, workers: int) -> Pool:
        if self._pool is not None and self._setup != setup:
            self._drop()
        if self._pool is None:
            self._pool, self._setup = Pool(setup, workers), setup
        self._pool.grow(workers)
        self._size = max(self._size, workers)
        return self._pool

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.close()
        self._pool, self._setup, self._size = None, None, 0
