"""The index of the tree, and the process that keeps it fresh."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.cli.doctor.values import Check, Subject, listed
from codesearch.cli.ui.reports import size
from codesearch.core.counts import number
from codesearch.store.location import rebuild_command

if TYPE_CHECKING:
    from codesearch.store import Store

RESPONSE_TIMEOUT = 2.0
"""Seconds that a watcher may take to answer."""
QUICK_CHECK_SECONDS = 5.0
"""Seconds that the check of the file's structure may take."""
NESTED_SECONDS = 3.0


def index(subject: Subject) -> Iterator[Check]:
    """Yield whether the index file can be used, and whether it is sound and complete."""
    path = subject.index
    yield Check("root", str(subject.root))
    yield Check("file", str(path))
    if not path.exists():
        yield Check("state", "not indexed yet", "note", "The first query or `codesearch index` makes the index.")
        yield from _writing(path)
        return
    from codesearch.store import NeedsMigrationError, Store

    age = time.time() - path.stat().st_mtime
    yield Check("size", f"{size(path.stat().st_size)}, last changed {_ago(age)}")
    yield from _writing(path)
    try:
        store = Store(path)
    except NeedsMigrationError:
        yield Check(
            "state",
            "written by an earlier version of codesearch",
            "note",
            "The next query or `codesearch index` migrates it.",
        )
        return
    with store:
        sound = _sound(store)
        yield sound
        if sound.state != "problem":  # else what it holds cannot be read
            yield _state(store, subject)


def _state(store: Store, subject: Subject) -> Check:
    from codesearch.indexing.plan import is_complete, is_current

    if not is_current(store, subject.settings):
        return Check(
            "state",
            "made by another version or with other settings",
            "note",
            "The next query or `codesearch index` reads all files again.",
        )
    if not is_complete(store):
        return Check(
            "state",
            "incomplete: the first run was interrupted or is still running",
            "note",
            "The next query or `codesearch index` finishes it.",
        )
    counts = store.counts()
    return Check(
        "state", f"complete: {number(counts.get('files', 0), 'file')}, {number(counts.get('symbols', 0), 'symbol')}"
    )


def _sound(store: Store) -> Check:
    """Check the structure of the file, for a limited time."""
    import apsw

    end = time.monotonic() + QUICK_CHECK_SECONDS
    raw = store.connection.raw
    raw.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        found = [str(row[0]) for row in raw.execute("PRAGMA quick_check(3)")]
    except apsw.InterruptError:
        return Check("integrity", f"no damage found in {QUICK_CHECK_SECONDS:g} s; too large for a full check")
    except (apsw.CorruptError, apsw.NotADBError) as error:
        found = [str(error)]
    finally:
        raw.set_progress_handler(None)
    if found == ["ok"]:
        return Check("integrity", "sound")
    advice = f"Run `{rebuild_command(store.path)}`. Your code is untouched."
    return Check("integrity", f"damaged: {' '.join('; '.join(found).split())[:200]}", "problem", advice)


def _writing(path: Path) -> Iterator[Check]:
    """Yield which process is writing the index, if one is."""
    from codesearch.core.lock import ProcessLock

    lock = ProcessLock(Path(f"{path}.lock"))
    try:
        if lock.is_free():
            return
    except OSError:
        return  # a lock of another user: opening the index says more
    pid = lock.holder().get("pid", "unknown")
    yield Check("writer", f"process {pid} is writing the index", "note", "Until it is done, queries use what is there.")


def _ago(seconds: float) -> str:
    if seconds < 90:
        return "just now"
    for unit, length in (("minute", 60), ("hour", 3600), ("day", 86400)):
        if seconds < 48 * length or unit == "day":
            return f"{number(round(seconds / length), unit)} ago"
    raise AssertionError


def tree(subject: Subject) -> Iterator[Check]:
    """Yield how the tree differs from the index, and the indexes inside it that hide nothing but take room."""
    from codesearch.indexing.plan import plan
    from codesearch.store import NeedsMigrationError, Store
    from codesearch.watch.network_fs import why_no_events

    if why := why_no_events(subject.root):
        advice = "The watcher polls here, and locks between machines may fail: keep the index local with `--db FILE`."
        yield Check("file system", why, "note", advice)
    yield _nested(subject.root)
    if not subject.index.exists():
        return
    try:
        store = Store(subject.index)
    except NeedsMigrationError:
        return  # the section about the index says so
    with store:
        todo = plan(subject.root, store, subject.settings)
        skipped = len(store.skipped()) + len(todo.left_out.skipped)
    text = f"{number(todo.unchanged + len(todo.changed), 'source file')}"
    if skipped:
        text += f", {number(skipped, 'file')} skipped (`codesearch status --skipped` lists them)"
    changed = len(todo.changed) + len(todo.deleted)
    if todo.empty or todo.rebuild:
        yield Check("files", text)
    else:
        yield Check("files", f"{text}; {number(changed, 'file')} changed since. The next query reads them.")
    for note in todo.left_out.notes:
        yield Check("files", note, "note")


def _nested(root: Path) -> Check:
    """Look for indexes inside the tree, for a limited time."""
    from codesearch.store.roots import has_index

    end = time.monotonic() + NESTED_SECONDS
    found = []
    for folder, inner, _ in os.walk(root):
        here = Path(folder)
        if here != root and has_index(here):
            found.append(here)
        inner[:] = [name for name in inner if name not in (".git", ".codesearch", "node_modules", ".venv")]
        if time.monotonic() > end:
            break
    if not found:
        return Check("nested", "no other index inside this tree")
    shown = listed(str(folder.relative_to(root)) for folder in found)
    advice = f"They are not used. `codesearch clean --root {found[0]}` deletes one."
    return Check("nested", f"{number(len(found), 'index', 'indexes')} inside this tree: {shown}", "note", advice)


def watcher(subject: Subject) -> Iterator[Check]:
    """Yield whether a watcher or an editor keeps the index, and whether it responds."""
    from codesearch._version import __version__
    from codesearch.service import client
    from codesearch.service.election import kept

    facts = kept(subject.index)
    if not facts:
        yield Check("watcher", "none is running; each query looks for changes itself")
        return
    name, pid = facts.get("name", "unknown"), facts.get("pid")
    who = f"{name} (process {pid})"
    start = time.monotonic()
    said = client.call(subject.index, "status", RESPONSE_TIMEOUT)
    if said is None:
        advice = "Run `codesearch watch --stop`." if name == "codesearch watch" else f"End process {pid} or its editor."
        yield Check("watcher", f"{who} does not respond", "problem", advice)
        return
    yield Check("watcher", f"{who} answered in {1000 * (time.monotonic() - start):.0f} ms")
    if said.get("version") != __version__:
        advice = "Queries do not use it. Stop it with `codesearch watch --stop`, or restart the editor."
        yield Check("version", f"it runs codesearch {said.get('version')}, this is {__version__}", "note", advice)
    if said.get("watching") == "polling":
        yield Check("events", f"it polls the tree: {said.get('why') or 'no reason given'}", "note")
    if problem := said.get("problem"):
        yield Check("trouble", str(problem), "problem", "`codesearch watch --status` names its log file.")
