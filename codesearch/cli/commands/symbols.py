"""`codesearch symbols`: list the indexed symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import session
from codesearch.cli.options import FilterOptions, Format, IndexOptions, OutputOptions, PathArgument
from codesearch.cli.ui import answers
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index


def symbols(
    path: PathArgument = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, metavar="N", help="Maximum number of symbols.", show_default=False),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="ORDER",
            help="path, or concept:NAME for the highest score of a concept first.",
            show_default=False,
        ),
    ] = None,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List the indexed symbols, ordered by path and line.

    codesearch symbols --kind class
    codesearch symbols path/to/repo --lang go --name 'parse*' --format ndjson
    codesearch symbols --sort concept:io -n 20

    The score of a concept, 0 to 1, is printed with each symbol (`codesearch concept`).
    """
    concept = _concept(sort)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        if concept:
            return _by_concept(index, concept, where, limit, output, use, complete=complete)
        found = index.symbols(where, limit=-1 if limit is None else limit)
        count = answers.answers(index, output, use, complete=complete).print_symbols(found)
        session.tell(index.filter_note(where), quiet=use.quiet)
        return answers.ended(index, bool(count), quiet=use.quiet)


def _concept(sort: str | None) -> str:
    """Return the concept to sort by; "" to sort by path. Raises UsageError."""
    kind, _, name = (sort or "path").partition(":")
    if (kind, name) != ("path", "") and (kind != "concept" or not name):
        raise UsageError(f"--sort {sort}: not an order; use path or concept:NAME")
    return name


def _by_concept(
    index: Index,
    name: str,
    where: Filter,
    limit: int | None,
    output: OutputOptions,
    use: IndexOptions,
    *,
    complete: bool,
) -> int:
    from codesearch.atlas import concepts

    found = concepts.ranked(index, name, where=where or None, limit=limit)
    printed = answers.answers(index, output, use, complete=complete)
    if output.chosen is Format.text:
        printed.print_symbols((hit.symbol for hit in found), [hit.score for hit in found])
    else:
        printed.print_hits(found, {"concept": name})
    session.tell(found.problem, quiet=use.quiet)
    return answers.ended(index, bool(found), quiet=use.quiet)
