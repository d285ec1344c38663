"""`codesearch show`: print the source of a symbol."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import completion, named, options, session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import (
    ColorOption,
    Format,
    IndexOptions,
    OutputOptions,
    PathArgument,
    ReportFormat,
    ReportFormatOption,
)
from codesearch.cli.ui import answers


def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE:LINE",
            help="Name of a symbol, or a line inside it.",
            autocompletion=completion.symbols,
        ),
    ],
    path: PathArgument = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="Show up to N symbols with that name.")
    ] = 1,
    format: ReportFormatOption = ReportFormat.text,
    color: ColorOption = None,
    *,
    use: IndexOptions,
) -> int:
    """Print the source of a symbol.

    codesearch show Engine.ServeHTTP
    codesearch show parse_config -n 5       up to 5 symbols with that name
    codesearch show src/cache.py:42 | less
    """
    wanted = named.wanted(what, path, use)
    with session.opened(wanted.root, db=use.db, color=options.value_of(color)) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        found = named.symbols(index, wanted)
        output = OutputOptions(format=Format(format.value))
        answers.answers(index, output, use, complete=complete).print_source(found[:limit])
        if not found:
            named.tell_nothing(what, quiet=use.quiet)
        elif not use.quiet:
            named.tell_others(what, found[limit:], f"-n {len(found)} shows them", index)
        return FOUND if found else NOTHING
