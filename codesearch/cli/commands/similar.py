"""`codesearch similar`: find code like the function at a line."""

from __future__ import annotations

from typing import Annotated

import typer

from codesearch.cli import session, targets
from codesearch.cli.options import FilterOptions, IndexOptions, LimitOption, OutputOptions, PathArgument
from codesearch.cli.ui import answers
from codesearch.core.errors import UsageError


def similar(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A line inside the code to compare with.")],
    limit: LimitOption = None,
    path: PathArgument = None,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Find code similar to the function at a line.

    codesearch similar src/cache.py:42
    codesearch similar src/cache.py:42 --path 'tests/**' -n 3

    FILE may be absolute, relative to the current folder, or relative to the root of the index.
    """
    at = targets.place(place)
    if at is None:
        raise UsageError(f"{place}: expected FILE:LINE, for example src/cache.py:42")
    root, file = use.located(at[0], path)
    where = filters.where() & use.tree(path).where
    with session.opened(root, db=use.db, limit=limit, **output.settings) as index:
        hits = session.similar(index, file, at[1], where, update=use.update, quiet=use.quiet)
        answers.answers(index, output, complete=hits.complete).print_hits(hits, {"file": file, "line": at[1]})
        return answers.ended(index, bool(hits), quiet=use.quiet)
