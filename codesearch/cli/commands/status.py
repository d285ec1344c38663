"""`codesearch status`: what the index contains, and whether it is up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.store.sizes import Part


def status(
    path: PathArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="List all your indexes: size, last use, folder.")] = False,
    skipped: Annotated[bool, typer.Option("--skipped", help="List every skipped file.")] = False,
    bytes_: Annotated[
        bool, typer.Option("--bytes", help="Show where the bytes of the index are; reads all of it.")
    ] = False,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    root: RootOption = None,
    db: DbOption = None,
    quiet: QuietOption = False,
) -> int:
    """Show what the index contains and whether it is up to date.

    codesearch status
    codesearch status path/to/repo --skipped
    codesearch status --bytes
    codesearch status --format json
    codesearch status --all

    Exit status: 0 if there is an index, 1 if not.
    """
    from codesearch.cli.ui import index_bytes, keeper, render, reports

    if everything:
        if path is not None or root is not None or db is not None:
            raise UsageError("--all cannot be combined with PATH, --root or --db")
        return _all(format, console.look(color.value if color else "auto"))
    with session.opened(targets.root_of(path, root, db, quiet=quiet), db=db, color=options.value_of(color)) as index:
        keeps = keeper.of(index.path)
        found = index.status()
        parts = _parts(index) if bytes_ else []
        if format is ReportFormat.json:
            value = reports.status_object(found, list_skipped=skipped) | {"keeper": keeper.to_json(keeps)}
            render.print_json(value | {"bytes": index_bytes.to_json(parts)} if bytes_ else value, indent=2)
        else:
            for line in reports.status_lines(
                found, console.look(index.settings.color), list_skipped=skipped, notes=not quiet
            ):
                console.write(line + "\n")
            for line in keeper.lines(keeps, console.look(index.settings.color)):
                console.write(line + "\n")
            for line in index_bytes.lines(parts, found.source_bytes, console.look(index.settings.color)):
                console.write(line + "\n")
    return FOUND if found.exists else NOTHING


def _parts(index: Index) -> list[Part]:
    """Return where the bytes of an index are; nothing without an index."""
    from codesearch.store import sizes

    store = index.reader()
    return [] if store is None else sizes.parts(store.connection)


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
