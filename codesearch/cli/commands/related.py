"""`codesearch related`: find what is related to a symbol or to a whole file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import completion, named, nearest, session, targets
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import FilterOptions, IndexOptions, LimitOption, OutputOptions, PathArgument
from codesearch.cli.ui import answers, console
from codesearch.core.counts import number
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index


def related(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|NAME|FILE:LINE",
            help="A file, the name of a symbol, or a line inside it.",
            show_default=False,
            autocompletion=completion.symbols,
        ),
    ] = None,
    path: PathArgument = None,
    limit: LimitOption = None,
    update: Annotated[
        bool, typer.Option("--update", help="Bring the table of the nearest of every symbol up to date.")
    ] = False,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Find what is related to a file or to a symbol.

    codesearch related src/cache.py
    codesearch related Cache.get -n 5
    codesearch related --update               for programs that read the index

    For a file, other files are listed, with the symbols that make them related. For a symbol, the most
    similar symbols are listed. The index keeps the ten nearest of every symbol; `--update` computes them,
    and later runs keep them up to date.
    """
    if what is None:
        if not update:
            raise UsageError("name a file or a symbol, or use --update")
        return _update(path, use)
    file, wanted = _file(what, path, use)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(wanted.root, db=use.db, limit=limit, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        _refresh(index, asked=update, use=use)
        if file:
            return _of_file(index, file, where, complete, output, use)
        return _of_symbol(index, wanted, where, complete, output, use)


def _file(what: str, path: str | None, use: IndexOptions) -> tuple[str, named.Wanted]:
    """Return the file that is meant, "" for a symbol, and what names it."""
    if targets.place(what) is None and (Path(what).is_file() or (use.tree(path).root / what).is_file()):
        root, file = use.located(what, path)
        return file, named.Wanted(what, root, "", file)
    return "", named.wanted(what, path, use)


def _update(path: str | None, use: IndexOptions) -> int:
    with session.opened(use.tree(path).root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        _refresh(index, asked=True, use=use)
    return FOUND


def _refresh(index: Index, *, asked: bool, use: IndexOptions) -> None:
    """Bring the table up to date: if it is asked for, or if it is quick; a question goes on without it."""
    from codesearch.atlas import related
    from codesearch.core.errors import IndexBusyError, UnwritableError

    if not asked and not related.is_small(index):
        session.tell(
            "the nearest of each symbol are not in the index yet, so this answer is computed alone; "
            "`codesearch related --update` computes them all",
            quiet=use.quiet,
        )
        return
    try:
        done = nearest.refreshed(index, quiet=use.quiet)
    except (IndexBusyError, UnwritableError):
        if asked:
            raise
        return
    if asked and not use.quiet:
        console.message(
            f"{index.root}: {number(done.texts, 'text')} with their nearest "
            f"({done.computed:,} compared in {done.seconds:.1f} s)"
        )


def _of_symbol(
    index: Index, wanted: named.Wanted, where: Filter, complete: bool, output: OutputOptions, use: IndexOptions
) -> int:
    from codesearch.atlas import related

    place = named.place(index, wanted, quiet=use.quiet)
    if place is None:
        named.tell_nothing(wanted.text, quiet=use.quiet)
        return NOTHING
    hits = related.of_symbol(index, *place, where=where)
    session.tell(hits.problem, quiet=use.quiet)
    printed = answers.answers(index, output, use, complete=complete)
    printed.print_hits(list(hits), {"file": place[0], "line": place[1]})
    return answers.ended(index, bool(hits), quiet=use.quiet)


def _of_file(index: Index, file: str, where: Filter, complete: bool, output: OutputOptions, use: IndexOptions) -> int:
    from codesearch.atlas import related
    from codesearch.cli.ui import related as ui

    found = related.of_file(index, file, limit=index.settings.limit, where=where)
    session.tell(index.filter_note(where), quiet=use.quiet)
    ui.print_files(answers.answers(index, output, use, complete=complete), found, file)
    return answers.ended(index, bool(found), quiet=use.quiet)
