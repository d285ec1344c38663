"""The examination: which checks there are, and how long each part may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from codesearch.cli.doctor import bounded, editors, index, natives, program, surroundings
from codesearch.cli.doctor.bounded import Task
from codesearch.cli.doctor.values import Check, Examination, Subject

FILES = 15.0
"""Seconds that a part may take that reads files of the tree or the index."""
QUICK = 8.0
BUSY = "The machine is very busy. Try again later."
NO_ANSWER = "The disk or network drive does not respond. Check its connection."


def examine(find_root: Callable[[], Path], db: str | None) -> Examination:
    """Examine the installation, and the index of the tree that `find_root` returns."""
    subjects: list[Subject] = []

    def found() -> Iterable[Check]:
        subject, problem = _subject(find_root(), db)
        subjects.append(subject)
        return [problem] if problem else []

    # What does not depend on the tree starts at once; a tree that does not respond must not hide it.
    first = bounded.run([Task("Folder", found, QUICK, NO_ANSWER)])
    of_tree: list[Task] = []
    if subjects:
        subject = subjects[0]
        of_tree = [
            Task("Settings", lambda: surroundings.settings(subject.root), QUICK, NO_ANSWER),
            Task("Index", lambda: index.index(subject), FILES, NO_ANSWER),
            Task("Tree", lambda: index.tree(subject), FILES, "The tree is very large, or its disk is slow."),
            Task("Watcher", lambda: index.watcher(subject), QUICK, "Run `codesearch watch --stop`."),
            Task("Disk", lambda: surroundings.disks(subject), QUICK, NO_ANSWER),
        ]
    model, rerank = "transformer", True
    if subjects:
        model, rerank = subjects[0].settings.model, bool(subjects[0].settings.second_stage)
    groups = bounded.run(
        [
            Task("Program", program.program, QUICK, BUSY),
            Task("Machine", program.this_machine, QUICK, BUSY),
            *of_tree,
            Task("Libraries", natives.libraries, natives.PATIENCE + 5, BUSY),
            Task("Models", lambda: natives.models(model, rerank=rerank), natives.PATIENCE + 5, BUSY),
            Task("Editors", editors.editors, FILES, BUSY),
            Task("Shell", surroundings.shell, QUICK, BUSY),
        ]
    )
    root = subjects[0].root if subjects else Path()
    return Examination(root, tuple(group for group in (*groups[:2], *first, *groups[2:]) if group.checks))


def _subject(root: Path, db: str | None) -> tuple[Subject, Check | None]:
    """Return what is examined; with a problem if the settings cannot be read, whose defaults are used then."""
    from codesearch import settings
    from codesearch.core.errors import CodesearchError, NotFoundError
    from codesearch.store.location import locate

    if not root.is_dir():
        raise NotFoundError(f"{root}: no such folder")
    problem = None
    try:
        wished = settings.load(root, {"db": db})
    except CodesearchError:
        wished = settings.Settings(db=db or "")  # the check of the settings says what is wrong
    try:
        place = locate(root, wished.db)
    except CodesearchError as error:
        return Subject(root, root / ".codesearch" / "index.db", wished), Check("index", str(error), "problem")
    if place.note:
        problem = Check("index", place.note, "note")
    return Subject(root, place.path, wished), problem
