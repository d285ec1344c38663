"""Brings an index up to date: plan what changed, have workers read it, write it in batches.

Each batch is one transaction that holds whole files. So an index is valid whenever the process dies, and the next run
finds the missing files in the same way as it finds changed ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch.core import allocator, machine
from codesearch.core.errors import StoreError
from codesearch.core.log import Log
from codesearch.indexing.plan import Plan, is_complete, plan, rules
from codesearch.indexing.request import Progress, Report, UpdateRequest
from codesearch.indexing.task import MACHINE_REASONS, Task
from codesearch.indexing.worker import Setup
from codesearch.settings import Settings
from codesearch.store import FileRecord, FileState, Store, location

if TYPE_CHECKING:
    from codesearch.indexing.pool import Pool
    from codesearch.indexing.request import PoolFactory

BATCH_BYTES = 256 * 1024
SMALL_BATCH_BYTES = BATCH_BYTES // 4
"""While a query waits: the update ends when the batches that the workers have are done."""
BATCH_FILES = 64
"""A batch of work is at most this much source and this many files: small enough to show progress and bound memory."""
COMMIT_SYMBOLS = 2000
COMMIT_SECONDS = 2.0
"""A transaction is committed after this many symbols or seconds; committed files survive a kill."""
STARTED_EARLY = 4
"""Workers that a first index starts before it knows how many files there are; the others follow when it does."""
MANY_FILES = 4 * BATCH_FILES
"""Changed files from which it is worth searching them for the words of a question before they are read."""
WORKER_MEMORY = 256 << 20
"""Bytes of a container's memory limit per worker. A worker needs 90 MB, and more while it reads a large file."""
OPTIMIZE_AFTER = 2000
"""Files changed in one run from which merging the full-text index is worth its time."""

log = Log("codesearch.indexing")


def update(
    root: Path,
    path: Path,
    settings: Settings,
    request: UpdateRequest,
    planned: Callable[[], Plan | None] = lambda: None,
) -> Report:
    """Bring the index at `path` up to date with the tree at `root`. `planned` may return a plan made just before.

    Raises IndexBusyError if another writer does not finish in time, UnwritableError if the index cannot be written,
    StoreError if it cannot be used. Interrupted at any moment, it leaves a valid index, and the next call continues.
    """
    started = time.perf_counter()
    with location.writer_lock(path, timeout=request.lock_timeout, on_wait=request.on_wait):
        if request.rebuild:
            location.remove(path)
        with Store(path, writable=True) as store, ExitStack() as early:
            _check_owner(root, store, path)
            pools, pool = request.pools, None
            if pools is None and "rules" not in store.meta():
                pool = early.enter_context(_started_early(root, settings))
                pools = _lent(pool)
            todo = planned() or plan(root, store, settings, request.paths)
            if pool is not None:
                pool.prepare(todo.languages)
            if todo.empty and is_complete(store):
                return Report(unchanged=todo.unchanged, seconds=time.perf_counter() - started)
            run = _Run(store, root, settings, request, todo, pools, started)
            report = run.apply()
    report = replace(report, seconds=time.perf_counter() - started, notes=todo.left_out.notes)
    log.info(
        "updated in %.0f ms: %d changed, %d deleted, %d symbols, %d left, %d failed",
        1000 * report.seconds, report.changed, report.deleted, report.symbols, report.left, len(report.failed),
    )  # fmt: skip
    return report


def _check_owner(root: Path, store: Store, path: Path) -> None:
    """Raise StoreError if a file named with `db` is the index of another tree that still exists.

    An index at the default place in its tree belongs to that tree: a copied checkout brings its index along.
    """
    owner = store.meta().get("root")
    if owner is None or location.is_own(root, path) or Path(owner) == root or not Path(owner).is_dir():
        return
    if not Path(owner).samefile(root):
        raise StoreError(
            f"{path}: this is the index of {owner}; indexing {root} into it would drop what it holds. "
            "Name another file with --db, or delete this one."
        )


def _started_early(root: Path, settings: Settings) -> Pool:
    """Start the workers of a first index while it is planned, since they will be needed."""
    from codesearch.indexing.pool import Pool

    return Pool(setup_of(root, settings), min(_workers(settings), STARTED_EARLY))


def _lent(pool: Pool) -> PoolFactory:
    """Return what lends a pool once. It ends when everything is read: what follows needs the memory of the workers."""

    def lend(setup: Setup, workers: int) -> AbstractContextManager[Pool]:
        pool.grow(workers)
        return pool

    return lend


def _workers(settings: Settings) -> int:
    """Return how many worker processes an update may start: as processors and memory allow, unless that is set."""
    if settings.workers:
        return settings.workers
    memory = machine.memory_limit()
    return machine.cores() if memory is None else max(1, min(machine.cores(), memory // WORKER_MEMORY))


def setup_of(root: Path, settings: Settings) -> Setup:
    """Return what the workers of an update need to know."""
    return Setup(str(root), settings.file_options(), embed.STATIC, settings.parse_timeout)


@dataclass(slots=True)
class _Run:
    """One update under the writer's lock: its progress, and the records that wait to be committed."""

    store: Store
    root: Path
    settings: Settings
    request: UpdateRequest
    todo: Plan
    pools: PoolFactory | None
    started: float
    files: int = 0
    same: int = 0
    read: int = 0
    symbols: int = 0
    failed: list[str] = field(default_factory=list)
    pending: list[FileRecord] = field(default_factory=list)
    touched: list[tuple[str, FileState]] = field(default_factory=list)
    weight: int = 0
    """Symbols in `pending`."""
    committed: float = field(default_factory=time.monotonic)

    def apply(self) -> Report:
        """Write what the plan asks for."""
        store, todo = self.store, self.todo
        if todo.rebuild and store.meta():
            store.clear()
        embedder = embed.load(embed.STATIC)
        store.use_model(embedder.model_id, embedder.dims)
        begun = {"complete": ""} if todo.rebuild else {}
        owner = str(self.root).encode("utf-8", "replace").decode()
        store.set_meta(rules=rules(self.settings), root=owner, **begun)
        store.remove(todo.deleted)
        tasks = self._ordered(todo.changed)
        self._read(tasks)
        left = len(tasks) - self.files
        changed = self.files - self.same
        first_pass = not left and (self.request.paths is None or todo.rebuild) and not is_complete(store)
        if changed >= OPTIMIZE_AFTER:
            store.optimize(whole=first_pass)
        if not left:
            store.prune()
        if first_pass:
            store.set_meta(complete="1")
        if first_pass or todo.deleted or changed >= OPTIMIZE_AFTER:
            store.compact(whole=first_pass)
        unchanged = todo.unchanged + self.same
        return Report(
            changed, len(todo.deleted), unchanged, self.symbols, self.read, left=left, failed=tuple(self.failed)
        )

    def _ordered(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Return the tasks in the order in which they matter to who may stop the update."""
        if self.request.should_stop is None:
            return tasks
        if self.request.words and len(tasks) > MANY_FILES:
            from codesearch.indexing.promise import by_promise

            return by_promise(self.root, tasks, self.request.words)
        return sorted(tasks, key=lambda task: -task.state.mtime_ns)

    def _read(self, tasks: Sequence[Task]) -> None:
        """Have workers read files, and write their records."""
        from codesearch.indexing.pool import Pool

        small = self.request.should_stop is not None and bool(self.request.words)
        batches = list(_batches(tasks, SMALL_BATCH_BYTES if small else BATCH_BYTES))
        if not batches:
            return
        total = sum(task.state.size for task in tasks)
        with (self.pools or Pool)(
            setup_of(self.root, self.settings), min(_workers(self.settings), len(batches))
        ) as pool:
            for answers in pool.run(self._until_stopped(batches)):
                for task, answer in answers:
                    self._take(task, answer)
                if self.weight >= COMMIT_SYMBOLS or time.monotonic() - self.committed >= COMMIT_SECONDS:
                    self._commit()
                if self.request.on_progress is not None:
                    seconds = time.perf_counter() - self.started
                    self.request.on_progress(Progress(self.files, len(tasks), self.read, total, self.symbols, seconds))
            self._commit()

    def _until_stopped(self, batches: Sequence[list[Task]]) -> Iterator[list[Task]]:
        should_stop = self.request.should_stop
        for batch in batches:
            if should_stop is not None and should_stop():
                return
            yield batch

    def _take(self, task: Task, answer: FileRecord | FileState) -> None:
        self.files += 1
        self.read += task.state.size
        if isinstance(answer, FileState):
            self.touched.append((task.path, answer))
            self.same += 1
            return
        if answer.skipped in MACHINE_REASONS:
            self.failed.append(task.path)
            log.info("left out %s: %s: %s", task.path, answer.skipped, answer.detail)
        self.pending.append(answer)
        self.weight += len(answer.symbols)
        self.symbols += len(answer.symbols)

    def _commit(self) -> None:
        self.store.replace(self.pending)
        self.store.touch(self.touched)
        log.debug("committed %d files, %d symbols", len(self.pending), self.weight)
        self.pending.clear()
        self.touched.clear()
        allocator.give_back()
        self.weight, self.committed = 0, time.monotonic()


def _batches(tasks: Sequence[Task], most: int) -> Iterator[list[Task]]:
    """Yield the tasks in batches of up to about `most` bytes."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        batch.append(task)
        size += task.state.size
        if size >= most or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
