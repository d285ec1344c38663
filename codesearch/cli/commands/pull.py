"""`codesearch pull`: take the index of a repository from a server."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.commands.index import updated
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import DbOption, PathArgument, QuietOption
from codesearch.cli.ui import console


def pull(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server: https://HOST.")],
    path: PathArgument = None,
    repo: Annotated[
        str,
        typer.Option(
            "--repo",
            metavar="NAME",
            help="The repository on the server (default: the one that this clone is of).",
            show_default=False,
        ),
    ] = "",
    ref: Annotated[
        str,
        typer.Option(
            "--ref", metavar="BRANCH", help="The branch on the server (default: the nearest).", show_default=False
        ),
    ] = "",
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Replace an index that is there already.")] = False,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Start the index of a folder from the one that CI has pushed, and then read only what differs.

    codesearch pull https://code.example.org
    codesearch pull https://code.example.org --repo shop --ref main

    The environment variable CODESEARCH_TOKEN has the token. CI pushes with `codesearch push --artifact`. Without --ref,
    it is the branch whose commit is nearest to HEAD.
    """
    from codesearch.artifacts import adoption
    from codesearch.server import packed
    from codesearch.server.remote import Server
    from codesearch.store import location

    server = Server(url)
    root = targets.root_of(path, db=db)
    with session.opened(root, db=db) as index:
        index.check_model()
        if index.current and index.complete and not rebuild:
            session.tell(f"{index.root}: indexed already; pull is not needed (--rebuild uses it)", quiet=quiet)
        else:
            session.tell(server.warning, quiet=quiet)
            listed = server.get("/refs")
            chosen, behind = packed.choose(index.root, listed["refs"], repo, ref, listed.get("missing", ()))
            name, branch = str(chosen["repository"]), str(chosen["ref"])
            target = index.path.with_name(f"{index.path.name}-pulled")
            with location.writer_lock(target, timeout=0):  # the parts of an earlier download may be there
                packed.fetch(server, name, branch, target)
                try:
                    taken = adoption.adopt(index, target)
                finally:
                    target.unlink()
            if not quiet:
                steps = f", {behind:,} commit{'s' if behind > 1 else ''} before this one" if behind > 0 else ""
                note = f"; {taken.note}" if taken.note else ""
                console.message(f"{index.root}: started from {name} {branch} of {url}{steps}{note}")
        updated(index, None, rebuild=False, quiet=quiet, text=True)
    return FOUND
