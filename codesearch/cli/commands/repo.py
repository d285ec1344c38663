"""`codesearch repo`: repositories with names, to be searched together."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import completion, session
from codesearch.cli.exit_codes import ERROR, FOUND, NOTHING
from codesearch.cli.options import ColorOption, QuietOption, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.core.dirs import expand_home
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError

if TYPE_CHECKING:
    from codesearch.repositories.registry import Repository

app = group("Name repositories, local ones and clones, and search them together (`codesearch query --repo`).")

GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GROUP", help="Put it into this group. Repeatable.", show_default=False),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=1.0, metavar="SECONDS", help="Time that git may take for each repository.")
]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Repositories or groups (default: all).",
        show_default=False,
        autocompletion=completion.repositories,
    ),
]


@command(app)
def add(
    what: Annotated[str, typer.Argument(metavar="FOLDER|URL", help="A folder, or a URL that git clones from.")],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Its name (default: the last part of WHAT).", show_default=False),
    ] = None,
    groups: GroupOption = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="BRANCH", help="Clone this branch or tag.", show_default=False)
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option("--commit", metavar="COMMIT", help="Clone this commit (its whole id).", show_default=False),
    ] = None,
    no_index: Annotated[bool, typer.Option("--no-index", help="Do not index it now.")] = False,
    timeout: TimeoutOption = 600.0,
    quiet: QuietOption = False,
) -> int:
    """Give a repository a name, clone it if it is a URL, and index it.

    codesearch repo add ~/src/shop --group backend
    codesearch repo add https://github.com/gin-gonic/gin --branch v1.10.0
    codesearch repo add git@example.org:team/billing.git --name billing

    A folder stays where it is. A URL is cloned into the cache folder, with your git and its credentials: only
    the newest commit, without submodules, hooks and filters. Adding it again adds groups.
    """
    from codesearch.repositories import cloning, registry

    new = _described(what, name, groups or [], branch, commit)
    before = registry.load()
    is_new = new.name not in before
    registry.put(before, new)  # before cloning takes its time
    if new.is_clone and (is_new or not new.folder.is_dir()):
        _tell(f"cloning {new.url}", quiet=quiet)
        cloning.fetch(new, timeout)
    with registry.changing() as known:
        if (old := known.get(new.name)) is not None:
            new = replace(new, groups=tuple(dict.fromkeys((*old.groups, *new.groups))))
        registry.put(known, new)
    grouped = f" (in {', '.join(new.groups)})" if new.groups else ""
    _tell(f"{new.name}: {new.folder}{grouped}", quiet=quiet)
    if not no_index:
        _index(new, quiet=quiet)
    return FOUND


def _described(what: str, name: str | None, groups: list[str], branch: str | None, commit: str | None) -> Repository:
    """Return the repository that is to be added. Raises UsageError, NotFoundError."""
    from codesearch.repositories import cloning, registry

    if branch is not None and commit is not None:
        raise UsageError("give --branch or --commit, not both")
    if not what or what.startswith("-"):
        raise UsageError(f"{what!r}: give a folder or a URL")
    branch = "" if branch is None else cloning.checked_reference(branch, "--branch")
    commit = "" if commit is None else cloning.checked_commit(commit)
    folder = Path(os.path.abspath(expand_home(what)))  # noqa: PTH100 -- as the user named it
    url = _url_of(what, folder, is_other=bool(branch or commit))
    chosen = registry.checked_name(name if name is not None else registry.name_for(url or str(folder)))
    put_in = tuple(dict.fromkeys(map(registry.checked_name, groups)))
    place = registry.clones() / chosen if url else folder
    return registry.Repository(chosen, place, url, branch, commit, put_in)


def _url_of(what: str, folder: Path, *, is_other: bool) -> str:
    """Return what is cloned; "" for a folder that is used as it is. With `is_other`, another commit of it is wanted."""
    from codesearch.files import git
    from codesearch.repositories import cloning

    if not folder.is_dir():
        if cloning.is_url(what):
            return cloning.checked_url(what)
        raise NotFoundError(f"{what}: no such folder, and no URL")
    return str(folder) if is_other or git.is_bare(os.fsencode(folder)) else ""


@command(app, "list")
def list_command(
    names: NamesArgument = None, format: ReportFormatOption = ReportFormat.text, color: ColorOption = None
) -> int:
    """List the repositories: groups, where they are, and what is indexed.

    Exit status: 0, or 1 if there are none.
    """
    from codesearch.cli.ui import repositories as ui
    from codesearch.cli.ui.render import print_json
    from codesearch.repositories import registry, selection

    known = registry.load()
    chosen = selection.choose(names or [], known=known) if known or names else []
    rows = [ui.Row.of(one) for one in chosen]
    if format is ReportFormat.json:
        print_json(ui.to_json(rows), indent=2)
    elif rows:
        for line in ui.lines(rows, console.look("auto" if color is None else color.value)):
            console.write(line + "\n")
    else:
        console.message("there are no repositories yet: `codesearch repo add FOLDER|URL` adds one")
    return FOUND if rows else NOTHING


@command(app)
def update(names: NamesArgument = None, timeout: TimeoutOption = 600.0, quiet: QuietOption = False) -> int:
    """Bring repositories up to date: fetch clones again, and index what changed.

    codesearch repo update                all of them
    codesearch repo update backend gin    a group and a repository

    If one fails, the others are updated, and the exit status is 2.
    """
    from codesearch.repositories import selection

    problems = [_problem_of_updating(one, timeout, quiet=quiet) for one in selection.choose(names or [])]
    return ERROR if any(problems) else FOUND


def _problem_of_updating(one: Repository, timeout: float, *, quiet: bool) -> str:
    """Update a repository; say and return what went wrong, "" if nothing."""
    from codesearch.repositories import cloning

    try:
        if one.is_clone:
            before = cloning.commit_of(one)
            now = cloning.fetch(one, timeout)
            _tell(f"{one.name}: {'now' if now != before else 'unchanged,'} at {now[:12]}", quiet=quiet)
        elif not one.folder.is_dir():
            raise NotFoundError(f"{one.folder} is missing; `codesearch repo remove {one.name}` forgets it")
        _index(one, quiet=quiet)
    except (CodesearchError, OSError) as error:
        problem = str(error) if str(error).startswith(f"{one.name}: ") else f"{one.name}: {error}"
        console.message(problem)
        return problem
    return ""


@command(app)
def remove(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Repositories.", autocompletion=completion.repositories),
    ],
    groups: GroupOption = None,
    quiet: QuietOption = False,
) -> int:
    """Forget repositories. Clones are deleted; folders of yours, and their indexes, stay.

    codesearch repo remove gin
    codesearch repo remove shop --group backend    only take it out of a group
    """
    from codesearch.repositories import cloning, registry, selection

    chosen = [selection.one(name) for name in names]
    for one in chosen:
        if groups:
            left = tuple(group for group in one.groups if group not in groups)
            with registry.changing() as known:
                known[one.name] = replace(one, groups=left)
            _tell(f"{one.name}: in {', '.join(left) or 'no group'}", quiet=quiet)
            continue
        if one.is_clone:
            _stop_service(one)
            cloning.delete(one)
        with registry.changing() as known:
            known.pop(one.name, None)
        _tell(f"{one.name}: removed" + (", with its clone" if one.is_clone else f"; {one.folder} stays"), quiet=quiet)
    return FOUND


def _stop_service(one: Repository) -> None:
    """End the process that keeps the index of a clone, which would otherwise wait for its folder to return."""
    from codesearch.service import client

    if one.folder.is_dir():
        with session.opened(one.folder) as index:
            client.call(index.path, "stop")


def _index(one: Repository, *, quiet: bool) -> None:
    """Index what has changed in a repository. Raises NotFoundError if there is nothing to search."""
    from codesearch.cli.commands.index import updated

    with session.opened(one.folder) as index:
        updated(index, None, rebuild=False, quiet=quiet, text=True)


def _tell(text: str, *, quiet: bool) -> None:
    if not quiet:
        console.message(text)
