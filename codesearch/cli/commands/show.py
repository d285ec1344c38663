"""`codesearch show`: print the source of a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import options, session, targets
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
from codesearch.cli.ui import answers, console

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.index import Index


def show(
    what: Annotated[str, typer.Argument(metavar="NAME|FILE:LINE", help="Name of a symbol, or a line inside it.")],
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
    at = targets.place(what)
    tree = use.tree(path)
    root, file = use.located(at[0], path) if at is not None else (tree.root, "")
    with session.opened(root, db=use.db, color=options.value_of(color)) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        found = [index.symbol_at(file, at[1])] if at is not None else _named(index, what, tree.below)
        output = OutputOptions(format=Format(format.value))
        answers.answers(index, output, complete=complete).print_source(found[:limit])
        if not use.quiet:
            _say_the_rest(what, len(found), [f"{one.path}:{one.start_line}" for one in found[limit:]])
        return FOUND if found else NOTHING


def _named(index: Index, name: str, below: str) -> list[Symbol]:
    return [one for one in index.symbols_named(name) if not below or one.path.startswith(f"{below}/")]


def _say_the_rest(name: str, count: int, rest: list[str]) -> None:
    if rest:
        others = ", ".join(rest[:5]) + (", ..." if rest[5:] else "")
        console.message(f"{len(rest)} more with this name: {others} (-n {count} shows them)")
    if not count:
        console.message(f"no symbol is named {name}; use `codesearch query` to search by description")
