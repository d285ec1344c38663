"""`codesearch status`: what the index contains, and whether it is up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import options, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import (
    ColorOption,
    DbOption,
    PathArgument,
    QuietOption,
    ReportFormat,
    ReportFormatOption,
    RootOption,
)
from codesearch.cli.ui import console


def status(
    path: PathArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="List all your indexes: size, last use, folder.")] = False,
    skipped: Annotated[bool, typer.Option("--skipped", help="List every skipped file.")] = False,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Show what the index contains and whether it is up to date.

    codesearch status
    codesearch status path/to/repo --skipped
    codesearch status --format json
    codesearch status --all

    Exit status: 0 if there is an index, 1 if not.
    """
    from codesearch.cli.ui import render, reports

    if everything:
        return _all(format, console.look(color.value if color else "auto"))
    with session.opened(targets.root_of(path, root, db, quiet=quiet), db=db, color=options.value_of(color)) as index:
        found = index.status()
        if format is ReportFormat.json:
            render.print_json(reports.status_object(found, list_skipped=skipped), indent=2)
        else:
            for line in reports.status_lines(
                found, console.look(index.settings.color), list_skipped=skipped, notes=not quiet
            ):
                console.write(line + "\n")
    return FOUND if found.exists else NOTHING


def _all(format: ReportFormat, look: console.Look) -> int:
    from codesearch.cli.ui import indexes, render
    from codesearch.store import registry

    found = registry.known()
    if format is ReportFormat.json:
        render.print_json(indexes.to_json(found), indent=2)
    elif found:
        for line in indexes.lines(found, look):
            console.write(line + "\n")
    else:
        console.message("there are no indexes")
    return FOUND if found else NOTHING
