"""Compares a tree with its index: which files changed, which are gone, and whether everything must be read again."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from codesearch import embed
from codesearch.core.log import Log
from codesearch.extract import INDEXED_FORM
from codesearch.files import Discovery, FoundFile, LeftOut, discover, discover_only
from codesearch.files.times import settled
from codesearch.indexing import quick
from codesearch.indexing.task import (
    INTERRUPTED,
    LIMIT_IN_DETAIL,
    MOST_TRIES,
    NO_GRAMMAR,
    PACKAGE_IN_DETAIL,
    TRIES_IN_DETAIL,
    Task,
)
from codesearch.settings import Settings
from codesearch.store import FileState, Store
from codesearch.store.store import FileRow

COMMON_SHARE = 0.05
"""The share of the files of a tree that a common language has: every worker will read some of them."""

log = Log("codesearch.indexing")


class Plan(NamedTuple):
    """The differences between an index and its tree."""

    left_out: LeftOut
    """What the look at the tree found beside candidate files."""
    changed: tuple[Task, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: int = 0
    rebuild: bool = False
    """Every file is read again: the index is new, or was made by other rules."""
    languages: tuple[str, ...] = ()
    """Of a rebuild: languages that many of its files have, the commonest first."""

    @property
    def empty(self) -> bool:
        """Whether the index matches the tree."""
        return not (self.changed or self.deleted or self.rebuild)


def rules(settings: Settings) -> str:
    """Return the rules by which files are read; an index made by other rules is rebuilt.

    The version of the program is not among them, so that an index outlives an upgrade.
    """
    return f"form={INDEXED_FORM} {settings.reading_rules()}"


def is_current(store: Store, settings: Settings) -> bool:
    """Return whether an index was made by the rules in force, with the static model of this program."""
    meta = store.meta()
    return meta.get("rules") == rules(settings) and meta.get("model") == embed.load(embed.STATIC).model_id


def is_complete(store: Store) -> bool:
    """Return whether the first update of an index, or the last one from scratch, has finished."""
    return store.meta().get("complete", "1") == "1"


def plan(root: Path, store: Store | None, settings: Settings, paths: Sequence[str] | None = None) -> Plan:
    """Compare a tree with its index. Reads the content of no file.

    `paths`, files or folders relative to the root, restrict the comparison to them where that is possible.
    """
    started = time.perf_counter()
    if store is None or not is_current(store, settings):
        return _compared(discover(root, settings.file_options()), {}, {}, started, rebuild=True)
    some = None if paths is None else discover_only(root, paths, settings.file_options())
    if some is not None:
        return _compared(some, store.file_rows(paths), _retried(store, settings), started)
    looked = quick.Looked(root, store, settings.file_options())
    if (by_cache := _quick_plan(looked, settings)) is not None:
        return by_cache
    trail = looked.trail()
    found = discover(root, settings.file_options(), trail)
    made = _compared(found, store.file_rows(), _retried(store, settings), started)
    if trail is not None and made.empty:
        looked.keep(found, trail)
    return made


def _compared(
    found: Discovery, rows: dict[str, FileRow], retried: Mapping[str, int], started: float, *, rebuild: bool = False
) -> Plan:
    """Return the plan for the files that were found. Takes their rows out of `rows`: the others are to be deleted."""
    changed = [task for file in found.files if (task := _task(file, rows.pop(file.path, None), retried)) is not None]
    log.debug(
        "planned in %.0f ms: %d files, %d changed, %d deleted%s",
        1000 * (time.perf_counter() - started), len(found.files), len(changed), len(rows),
        ", rebuild" if rebuild else "",
    )  # fmt: skip
    languages = _common_languages(found.files) if rebuild else ()
    return Plan(found, tuple(changed), tuple(rows), len(found.files) - len(changed), rebuild, languages)


def _common_languages(files: Sequence[FoundFile]) -> tuple[str, ...]:
    counts = Counter(file.language for file in files)
    return tuple(language for language, count in counts.most_common() if count >= COMMON_SHARE * len(files))


def _quick_plan(looked: quick.Looked, settings: Settings) -> Plan | None:
    """Return the plan if the tree cache shows what changed; None if the tree must be listed."""
    store = looked.store
    if not looked.worth_it or _retried(store, settings):
        return None
    started = time.perf_counter()
    found = looked.again()
    if found is None:
        return None
    rows = store.file_rows([file.path for file in found.changed]) if found.changed else {}
    tasks = tuple(task for file in found.changed if (task := _task(file, rows.get(file.path), {})) is not None)
    unchanged = found.unchanged + len(found.changed) - len(tasks)
    log.debug(
        "planned by the tree cache in %.0f ms: %d unchanged, %d changed",
        1000 * (time.perf_counter() - started), unchanged, len(tasks),
    )  # fmt: skip
    return Plan(found.left_out, tasks, unchanged=unchanged)


def _task(file: FoundFile, row: FileRow | None, retried: Mapping[str, int]) -> Task | None:
    """Return the task to read a file; None if the index has it as it is."""
    tries = retried.get(file.path, 0)
    if row is not None and not tries and _same(row, file):
        return None
    digest = row[6] if row is not None else None
    state = FileState(file.size, file.mtime_ns, file.ctime_ns, file.inode, time.time_ns(), digest)
    return Task(file.path, state, tries if row is not None and row[1:5] == file[1:5] else 0)


def _same(row: FileRow, file: FoundFile) -> bool:
    if row[1:5] != file[1:5]:  # size, mtime, ctime, inode: by position, as there may be a hundred thousand files
        return False
    return settled(row[2], row[3], row[5])


def _retried(store: Store, settings: Settings) -> dict[str, int]:
    """Return the files to read again though they did not change, with the number of tries so far.

    The reason they were left out may have been the machine, not the file: it had no memory, or was stopped. Such files
    get MOST_TRIES tries. A file that exceeded the time limit is read again when the limit is raised, and one without a
    grammar when that is installed.
    """
    found = {}
    for path, detail in store.skipped_for(INTERRUPTED):
        tries = int(match.group(1)) if (match := re.search(TRIES_IN_DETAIL, detail)) else 1
        if tries < MOST_TRIES:
            found[path] = tries
    for path, detail in store.skipped_for("parse timeout"):
        limit = float(match.group(1)) if (match := re.search(LIMIT_IN_DETAIL, detail)) else 0.0
        if settings.parse_timeout > limit:
            found[path] = 1
    for path, detail in store.skipped_for(NO_GRAMMAR):
        if (match := re.search(PACKAGE_IN_DETAIL, detail)) and find_spec(match.group(1).replace("-", "_")):
            found[path] = 1
    return found
