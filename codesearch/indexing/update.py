"""Bringing an index up to date: find what changed, have it read by workers, write it batch by batch.

Every batch is one transaction that holds whole files, so an index is valid whenever the process dies, and the next
run finds out what is missing the same way it finds out what changed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch import embed
from codesearch._version import __version__
from codesearch.core import machine
from codesearch.core.errors import StoreError
from codesearch.extract.documents import VERSION as INDEXED_FORM
from codesearch.files import Discovery, FoundFile, discover, discover_only
from codesearch.indexing.worker import Setup, Task
from codesearch.settings import Settings
from codesearch.store import FileRecord, FileState, Store, location
from codesearch.store.store import FileRow

if TYPE_CHECKING:
    from codesearch.indexing.pool import Pool

    PoolFactory = Callable[[Setup, int], AbstractContextManager[Pool]]

BATCH_BYTES = 256 * 1024
BATCH_FILES = 64
"""A batch of work is at most this much source and this many files: small enough to show progress and bound memory."""
COMMIT_SYMBOLS = 4000
COMMIT_SECONDS = 2.0
"""A transaction is closed after this many symbols or seconds; what is committed survives a kill."""
STARTED_EARLY = 4
"""Workers that a first index starts before it knows how many files there are; the rest follow when it does."""
OPTIMIZE_AFTER = 2000
"""Files changed in one run from which merging the full-text index is worth its time."""

FINE_GRAIN_NS = 50_000_000
COARSE_GRAIN_NS = 2_000_000_000
"""A file changed again within its file system's clock grain keeps its times: one looked at so soon after its change is
hashed again. Whole seconds betray a coarse clock (FAT counts in 2 s)."""


_POSIX = os.name == "posix"
"""Elsewhere ctime is the time of creation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What separates an index from its tree."""

    discovery: Discovery
    changed: tuple[Task, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: int = 0
    rebuild: bool = False
    """Everything is read again: the index is new or was made by other rules."""

    @property
    def empty(self) -> bool:
        """Whether the index is what the tree is."""
        return not (self.changed or self.deleted or self.rebuild)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is."""

    files: int
    files_total: int
    bytes: int
    bytes_total: int
    symbols: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What an update did."""

    changed: int = 0
    """Files read and indexed (or skipped) anew."""
    deleted: int = 0
    unchanged: int = 0
    symbols: int = 0
    """Symbols written."""
    bytes: int = 0
    """Bytes of source read."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    left: int = 0
    """Files that still differ from the index, because the update was ended early."""


def rules(settings: Settings) -> str:
    """Return what decides how a file is read; an index made by other rules is made anew."""
    return f"{__version__} {INDEXED_FORM} {settings.reading_rules()}"


def is_current(store: Store, settings: Settings) -> bool:
    """Return whether an index was made by the rules in force, with the static model of this program."""
    meta = store.meta()
    return meta.get("rules") == rules(settings) and meta.get("model") == embed.load(embed.STATIC).model_id


def is_complete(store: Store) -> bool:
    """Return whether the first update of an index, or the last one from scratch, has finished."""
    return store.meta().get("complete", "1") == "1"


def plan(root: Path, store: Store | None, settings: Settings, paths: Sequence[str] | None = None) -> Plan:
    """Compare a tree with what the index knows of it; reads no file's content.

    `paths`, files or folders relative to the root, restrict it to what is there, where that is possible.
    """
    rebuild = store is None or not is_current(store, settings)
    found = None if paths is None or rebuild else discover_only(root, paths, settings.file_options())
    if found is None:
        paths = None
        found = discover(root, settings.file_options())
    now = time.time_ns()
    known = {} if store is None or rebuild else store.file_rows(paths)
    changed: list[Task] = []
    for file in found.files:
        row = known.pop(file.path, None)
        if row is not None and _same(row, file):
            continue
        digest = row[6] if row is not None else None
        changed.append(Task(file.path, FileState(file.size, file.mtime_ns, file.ctime_ns, file.inode, now, digest)))
    return Plan(found, tuple(changed), tuple(known), len(found.files) - len(changed), rebuild)


def _same(row: FileRow, file: FoundFile) -> bool:
    if row[1:5] != file[1:5]:  # size, mtime, ctime, inode: of a hundred thousand files, so without names
        return False
    _, _, mtime_ns, ctime_ns, _, checked_ns, *_ = row
    grain = COARSE_GRAIN_NS if mtime_ns % 1_000_000_000 == 0 else FINE_GRAIN_NS
    return bool((max(mtime_ns, ctime_ns) if _POSIX else mtime_ns) + grain < checked_ns)


def update(
    root: Path,
    path: Path,
    settings: Settings,
    *,
    rebuild: bool = False,
    lock_timeout: float = 600.0,
    progress: Callable[[Progress], None] | None = None,
    waiting: Callable[[str], None] | None = None,
    paths: Sequence[str] | None = None,
    should_stop: Callable[[], bool] | None = None,
    pools: PoolFactory | None = None,
    planned: Callable[[], Plan | None] = lambda: None,
) -> Report:
    """Bring the index at `path` up to date with the tree at `root`, or only with some `paths` of it.

    `progress` hears of every batch, `waiting` of another writer. `until` is asked before every batch; True ends the
    update early, with what changed last done first and `Report.left` saying what waits. `pools` lends the workers.
    `planned` may return a plan made just before.
    Raises IndexBusyError if another writer does not finish within `lock_timeout` seconds, StoreError if the index
    cannot be used. Interrupted at any moment, it leaves a valid index, and the next call goes on from there.
    """
    started = time.perf_counter()
    with location.writer_lock(path, timeout=lock_timeout, waiting=waiting):
        if rebuild:
            location.remove(path)
        with Store(path, writable=True) as store, ExitStack() as early:
            _check_owner(root, store, path)
            if pools is None and "rules" not in store.meta():
                pools = _started_early(early, root, settings)
            todo = planned() or plan(root, store, settings, paths)
            if todo.empty and is_complete(store):
                return Report(unchanged=todo.unchanged, seconds=time.perf_counter() - started)
            if todo.rebuild and store.meta():
                store.clear()
            embedder = embed.load(embed.STATIC)
            store.use_model(embedder.model_id, embedder.dims)
            begun = {"complete": ""} if todo.rebuild else {}
            store.set_meta(rules=rules(settings), root=str(root).encode("utf-8", "replace").decode(), **begun)
            store.remove(todo.deleted)
            if should_stop is not None:
                todo = replace(todo, changed=tuple(sorted(todo.changed, key=lambda task: -task.state.mtime_ns)))
            report = _apply(store, root, settings, todo, progress, started, should_stop, pools)
            if report.changed >= OPTIMIZE_AFTER:
                store.optimize()
            if not report.left:
                store.prune()
                if (paths is None or todo.rebuild) and not is_complete(store):
                    store.set_meta(complete="1")
    return replace(report, seconds=time.perf_counter() - started, notes=todo.discovery.notes)


def _started_early(early: ExitStack, root: Path, settings: Settings) -> PoolFactory:
    """Start the workers of a first index, which will have work to do, while it is planned; return what lends them."""
    from codesearch.indexing.pool import Pool

    pool = early.enter_context(Pool(setup_of(root, settings), min(_workers(settings), STARTED_EARLY)))

    def lend(setup: Setup, workers: int) -> AbstractContextManager[Pool]:
        pool.grow(workers)
        return nullcontext(pool)

    return lend


def _check_owner(root: Path, store: Store, path: Path) -> None:
    """Raise StoreError if the index is of another tree that still exists; one that is gone was moved here."""
    owner = store.meta().get("root")
    if owner is None or Path(owner) == root or not Path(owner).is_dir() or Path(owner).samefile(root):
        return
    raise StoreError(
        f"{path}: this is the index of {owner}; indexing {root} into it would drop what it holds. "
        "Name another file with --db, or delete this one."
    )


def _apply(
    store: Store,
    root: Path,
    settings: Settings,
    todo: Plan,
    progress: Callable[[Progress], None] | None,
    started: float,
    should_stop: Callable[[], bool] | None,
    pools: PoolFactory | None,
) -> Report:
    from codesearch.indexing.pool import Pool

    total = sum(task.state.size for task in todo.changed)
    files = same = read = symbols = 0
    pending: list[FileRecord] = []
    touched: list[tuple[str, FileState]] = []
    weight = 0
    committed = time.monotonic()

    def commit() -> None:
        nonlocal weight, committed
        store.replace(pending)
        store.touch(touched)
        pending.clear()
        touched.clear()
        weight, committed = 0, time.monotonic()

    batches = list(_batches(todo.changed))
    workers = min(_workers(settings), len(batches))
    if batches:
        with (pools or Pool)(setup_of(root, settings), workers) as pool:
            for answers in pool.run(_while_not(should_stop, batches)):
                for task, answer in answers:
                    files += 1
                    read += task.state.size
                    if isinstance(answer, FileState):
                        touched.append((task.path, answer))
                        same += 1
                    else:
                        pending.append(answer)
                        weight += len(answer.symbols)
                        symbols += len(answer.symbols)
                if weight >= COMMIT_SYMBOLS or time.monotonic() - committed >= COMMIT_SECONDS:
                    commit()
                if progress is not None:
                    progress(Progress(files, len(todo.changed), read, total, symbols, time.perf_counter() - started))
            commit()
    left = len(todo.changed) - files
    return Report(files - same, len(todo.deleted), todo.unchanged + same, symbols, read, left=left)


def _workers(settings: Settings) -> int:
    """Return how many worker processes an update may start."""
    return settings.workers or machine.cores()


def setup_of(root: Path, settings: Settings) -> Setup:
    """Return what the workers of an update must know."""
    return Setup(str(root), settings.file_options(), embed.STATIC, settings.parse_timeout)


def _while_not(should_stop: Callable[[], bool] | None, batches: Iterable[list[Task]]) -> Iterator[list[Task]]:
    for batch in batches:
        if should_stop is not None and should_stop():
            return
        yield batch


def _batches(tasks: tuple[Task, ...]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    size = 0
    for task in tasks:
        batch.append(task)
        size += task.state.size
        if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
