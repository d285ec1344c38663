"""`codesearch push`: put the index of a repository on a server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import DbOption, NoUpdateOption, QuietOption
from codesearch.cli.ui import console
from codesearch.core.counts import number

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.server.remote import Server


def push(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server: https://HOST.")],
    path: Annotated[
        str | None,
        typer.Argument(metavar="[PATH]", help="Folder (default: the current one).", show_default=False),
    ] = None,
    repo: Annotated[
        str, typer.Option("--repo", metavar="NAME", help="The repository on the server.", show_default=False)
    ] = "",
    ref: Annotated[str, typer.Option("--ref", metavar="BRANCH", help="The branch on the server.")] = "main",
    commit: Annotated[
        str | None,
        typer.Option("--commit", metavar="SHA", help="What the index is of (default: HEAD).", show_default=False),
    ] = None,
    no_source: Annotated[
        bool,
        typer.Option("--no-source", help="Send no source: the page of the server shows places and signatures only."),
    ] = False,
    artifact: Annotated[
        bool,
        typer.Option("--artifact", help="Also send the index itself, packed, for `codesearch pull`."),
    ] = False,
    no_update: NoUpdateOption = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Put the index of a folder on a server: only what the server lacks, then the branch in one step.

    codesearch push https://code.example.org --repo shop --ref main
    codesearch push https://code.example.org --repo shop --artifact  for `pull`

    The environment variable CODESEARCH_TOKEN has the token. Readers see the old state of the branch or the new
    one. A push that was cut off is run again, and sends the rest.
    """
    from codesearch.cli.ui.reports import size
    from codesearch.core.errors import UsageError
    from codesearch.server import push as pushing
    from codesearch.server.remote import Server, UnreachableError

    if not repo:
        raise UsageError("name the repository on the server with --repo")
    server = Server(url)
    root = targets.root_of(path, db=db)
    with session.opened(root, db=db) as index:
        if not no_update:
            index.update()
        store = index.required_reader()
        at = commit if commit is not None else _head(root)
        session.tell(server.warning, quiet=quiet)
        try:
            source = pushing.Source(root, index.settings.file_options(), sent=not no_source)
            done = pushing.push(store, server, repo, ref, at, source)
            packed = _send_packed(index, server, repo, ref) if artifact else 0
        except UnreachableError as error:
            raise UnreachableError(f"{error}. What was sent is kept: run the same push again") from error
    if not quiet:
        console.message(
            f"{repo} {ref}: {number(done.files, 'file')}; sent {done.sent:,} of them with "
            f"{number(done.symbols, 'symbol')} and {number(done.vectors, 'vector')}, and the source of {done.sources:,}"
        )
        if done.coverage is not None:
            with_vector, total = done.coverage
            more = "" if with_vector >= total else "; `codesearch index --embed full` makes the others before a push"
            console.message(
                f"the second stage has vectors of {with_vector:,} of {number(total, 'symbol')}; "
                f"sent {done.reranked:,}{more}"
            )
        if artifact:
            console.message(f"the packed index has {size(packed)}")
    return FOUND


def _send_packed(index: Index, server: Server, repo: str, ref: str) -> int:
    """Send an index as an artifact; return its bytes."""
    from codesearch.artifacts import packing
    from codesearch.server import packed

    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        target = Path(folder) / "index.codesearch"
        packing.pack(index, target)
        packed.send(server, repo, ref, target)
        return target.stat().st_size


def _head(root: Path) -> str:
    """Return the commit of a folder; "" if there is none."""
    from codesearch.artifacts import revision
    from codesearch.core.errors import NotFoundError

    try:
        return revision.find(root).commit
    except NotFoundError:
        return ""
