"""`codesearch diff`: what a change does to the symbols of a tree."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorOption, DbOption, PathArgument, QuietOption, RootOption
from codesearch.cli.ui import console
from codesearch.core.counts import number


class DiffFormat(str, Enum):
    """How a difference is printed."""

    text = "text"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"
    github = "github"
    gitlab = "gitlab"


def diff(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="Commit or branch to compare with.")
    ] = options.UNCOMMITTED,
    path: PathArgument = None,
    format: Annotated[
        DiffFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, json, markdown (a comment), sarif (code scanning), github (annotations in a log) or gitlab "
            "(Code Quality report).",
            show_default=False,
        ),
    ] = DiffFormat.text,
    like: Annotated[
        float, typer.Option("--like", min=0.0, max=1.0, metavar="X", help="Similarity from which new code is reported.")
    ] = 0.75,
    color: ColorOption = None,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Show which symbols a change adds, changes, moves and removes.

    codesearch diff                        what is not committed yet
    codesearch diff main                   what this branch changes
    codesearch diff main --format markdown > comment.md

    New functions are shown with existing code that is like them, changed ones with what calls them, removed ones with
    what still does. The comparison starts at the commit where HEAD left BASE.

    Exit status: 0 if a symbol differs, 1 if none does.
    """
    from codesearch.artifacts import changes, revision
    from codesearch.cli.ui import changes as shown
    from codesearch.cli.ui import findings
    from codesearch.cli.ui.render import print_json

    with session.opened(targets.root_of(path, root, db), db=db, color=options.value_of(color)) as index:
        session.prepare(index, update=True, quiet=quiet)
        found = changes.difference(index, base, like=like)
        look = console.look(index.settings.color)
        prefix = revision.prefix(index.root)
    if format is DiffFormat.json:
        print_json(shown.as_object(found), indent=2)
    elif format is DiffFormat.sarif:
        print_json(findings.sarif(shown.RULE, shown.findings(found), prefix), indent=2)
    elif format is DiffFormat.gitlab:
        print_json(findings.gitlab(shown.RULE, shown.findings(found), prefix), indent=2)
    else:
        if format is DiffFormat.github:
            lines = findings.github(shown.RULE, shown.findings(found), prefix)
        else:
            lines = shown.markdown(found) if format is DiffFormat.markdown else shown.text(found, look)
        for line in lines:
            console.write(line + "\n")
        if format is DiffFormat.text and not quiet:
            differing = number(found.files, "file differs", "files differ")
            console.message(f"{shown.counts(found)} since {found.base[:12]} ({differing})")
    return FOUND if found.changes else NOTHING
