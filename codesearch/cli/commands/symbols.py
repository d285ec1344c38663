"""`codesearch symbols`: list the indexed symbols."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import session
from codesearch.cli.options import FilterOptions, IndexOptions, OutputOptions, PathArgument
from codesearch.cli.ui import answers


def symbols(
    path: PathArgument = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, metavar="N", help="Maximum number of symbols.", show_default=False),
    ] = None,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List the indexed symbols, ordered by path and line.

    codesearch symbols --kind class
    codesearch symbols path/to/repo --lang go --name 'parse*' --format ndjson
    """
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        found = index.symbols(where, limit=-1 if limit is None else limit)
        count = answers.answers(index, output, use, complete=complete).print_symbols(found)
        session.tell(index.filter_note(where), quiet=use.quiet)
        return answers.ended(index, bool(count), quiet=use.quiet)
