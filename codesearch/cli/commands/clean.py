"""`codesearch clean`: delete the index of a folder, or all indexes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import ERROR, FOUND, NOTHING
from codesearch.cli.options import DbOption, PathArgument, QuietOption, RootOption
from codesearch.cli.ui import console
from codesearch.core.counts import number
from codesearch.core.errors import CodesearchError, UsageError

if TYPE_CHECKING:
    from codesearch.store.registry import Known


def clean(
    path: PathArgument = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all your indexes (`codesearch status --all` lists them).")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --all: do not ask.")] = False,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Delete the index of a folder. Source files are not touched.

    codesearch clean
    codesearch clean path/to/repo
    codesearch clean --all                 lists all your indexes, and asks

    Exit status: 0 if an index was deleted, 1 if there was none, or you said no.
    """
    if everything:
        if path is not None or root is not None or db is not None:
            raise UsageError("--all cannot be combined with PATH, --root or --db")
        return _all(yes=yes, quiet=quiet)
    with session.opened(targets.folder_of(path) if root is None else targets.root_of(path, root, db), db=db) as index:
        removed = index.remove()
        if not quiet:
            console.message(f"{index.path}: {'removed' if removed else 'there is no index'}")
    return FOUND if removed else NOTHING


def _all(*, yes: bool, quiet: bool) -> int:
    from codesearch.cli.ui import indexes
    from codesearch.cli.ui.reports import size
    from codesearch.store import registry

    found = registry.known()
    if not found:
        if not quiet:
            console.message("there are no indexes")
        return NOTHING
    if not yes:
        for line in indexes.lines(found, console.look("auto")):
            console.write(line + "\n")
        total = size(sum(indexes.bytes_of(one.file) for one in found))
        if not console.confirmed(f"Delete {number(len(found), 'index', 'indexes')} ({total})?", "--yes goes ahead"):
            return NOTHING
    failed = False
    for one in found:
        problem = _problem_of_removing(one)
        failed = failed or bool(problem)
        if problem:
            console.message(f"not deleted: {problem}")
        elif not quiet:
            console.message(f"{one.file}: removed")
    return ERROR if failed else FOUND


def _problem_of_removing(one: Known) -> str:
    try:
        _remove(one)
    except CodesearchError as error:
        return str(error)
    return ""


def _remove(one: Known) -> None:
    """Delete an index, and its folder if nothing else is in it. Raises CodesearchError while a process keeps it."""
    from codesearch.service.election import kept
    from codesearch.store import location

    if facts := kept(one.file):
        raise CodesearchError(f"{one.file}: process {facts.get('pid')} ({facts.get('name', 'unknown')}) keeps it fresh")
    with location.writer_lock(one.file, timeout=0.0):
        location.remove(one.file)
    with contextlib.suppress(OSError):  # what people keep there, such as the feedback log, stays
        for name in (f"{one.file.name}.lock", f"{one.file.name}.keeper"):
            one.file.with_name(name).unlink(missing_ok=True)
        left = {file.name for file in one.file.parent.iterdir()}
        if left <= {".gitignore"}:
            one.file.with_name(".gitignore").unlink(missing_ok=True)
            one.file.parent.rmdir()
