"""Compares a tree with its index: which files changed, which are gone, and whether everything must be read again."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from codesearch import embed
from codesearch.core.log import Log
from codesearch.extract import INDEXED_FORM
from codesearch.files import Discovery, FoundFile, discover, discover_only
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

FINE_GRAIN_NS = 50_000_000
COARSE_GRAIN_NS = 2_000_000_000
"""A file that changes again within the grain of its file system's clock keeps its times. So a file that was checked so
soon after its change is hashed again. Whole seconds reveal a coarse clock (FAT counts in steps of 2 s)."""

_POSIX = os.name == "posix"
"""Elsewhere ctime is the time of creation."""

log = Log("codesearch.indexing")


class Plan(NamedTuple):
    """The differences between an index and its tree."""

    discovery: Discovery
    changed: tuple[Task, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: int = 0
    rebuild: bool = False
    """Every file is read again: the index is new, or was made by other rules."""

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
    rebuild = store is None or not is_current(store, settings)
    found = None if paths is None or rebuild else discover_only(root, paths, settings.file_options())
    if found is None:
        paths = None
        found = discover(root, settings.file_options())
    known: dict[str, FileRow] = {}
    retried: dict[str, int] = {}
    if store is not None and not rebuild:
        known, retried = store.file_rows(paths), _retried(store, settings)
    changed = [task for file in found.files if (task := _task(file, known.pop(file.path, None), retried)) is not None]
    made = Plan(found, tuple(changed), tuple(known), len(found.files) - len(changed), rebuild)
    log.debug(
        "planned in %.0f ms: %d files, %d changed, %d deleted%s",
        1000 * (time.perf_counter() - started), len(found.files), len(changed), len(known),
        ", rebuild" if rebuild else "",
    )  # fmt: skip
    return made


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
    _, _, mtime_ns, ctime_ns, _, checked_ns, *_ = row
    grain = COARSE_GRAIN_NS if mtime_ns % 1_000_000_000 == 0 else FINE_GRAIN_NS
    return bool((max(mtime_ns, ctime_ns) if _POSIX else mtime_ns) + grain < checked_ns)


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
