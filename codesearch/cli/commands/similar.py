"""`codesearch similar`: find code like a symbol, or like code from stdin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from codesearch.cli import completion, named, session
from codesearch.cli.exit_codes import NOTHING
from codesearch.cli.options import (
    FilterOptions,
    IndexOptions,
    LimitOption,
    MinScoreOption,
    OpenOption,
    OutputOptions,
    PathArgument,
)
from codesearch.cli.ui import answers, console
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer
    from codesearch.index import Index


class Chosen(NamedTuple):
    """Which results are shown or opened."""

    limit: int | None
    least: float
    opened: int | None


def similar(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE:LINE|-",
            help="The code to compare with: the name of a symbol, a line inside it, or - for code from stdin.",
            autocompletion=completion.symbols,
        ),
    ],
    limit: LimitOption = None,
    path: PathArgument = None,
    min_score: MinScoreOption = None,
    open_: OpenOption = None,
    *,
    filters: FilterOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Find code similar to a function, method or type.

    codesearch similar src/cache.py:42
    codesearch similar Cache.get --path 'tests/**' -n 3
    xclip -o | codesearch similar -               code from the clipboard

    FILE may be absolute, relative to the current folder, or relative to the root of the index. If several
    symbols have the NAME, the best one is used and the others are listed. The language of code from stdin is
    guessed; --lang also names it.
    """
    chosen = Chosen(limit if open_ is None else max(open_, limit or 0), min_score or 0.0, open_)
    if what == "-":
        return _pasted(chosen, path, filters, output, use)
    wanted = named.wanted(what, path, use)
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(wanted.root, db=use.db, limit=chosen.limit, **output.settings) as index:
        complete = bool(wanted.file) or session.prepare(index, update=use.update, quiet=use.quiet)
        place = named.place(index, wanted, quiet=use.quiet)
        if place is None:
            named.tell_nothing(what, quiet=use.quiet)
            return NOTHING
        if wanted.file:
            hits = session.similar(index, *place, where, update=use.update, quiet=use.quiet)
        else:
            hits = replace(session.similar(index, *place, where, update=False, quiet=True), complete=complete)
            session.tell(hits.problem, quiet=use.quiet)
        return _ended(index, hits, chosen, output, use, {"file": place[0], "line": place[1]})


def _pasted(chosen: Chosen, path: str | None, filters: FilterOptions, output: OutputOptions, use: IndexOptions) -> int:
    from codesearch.files.content import decode

    read = decode(console.stdin().read())
    if isinstance(read, str) or not read[0].strip():
        raise UsageError("there is no code on stdin" if not isinstance(read, str) else f"stdin is no text ({read})")
    tree = use.tree(path)
    where = filters.where(tree) & tree.where
    with session.opened(tree.root, db=use.db, limit=chosen.limit, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        code = read[0].decode("utf-8", "replace")
        hits = replace(index.similar_to(code, _language(filters, where), where=where), complete=complete)
        session.tell(hits.problem, quiet=use.quiet)
        return _ended(index, hits, chosen, output, use, {"file": None, "line": None})


def _language(filters: FilterOptions, where: Filter) -> str:
    """Return the language of pasted code, if --lang names one."""
    return where.languages[0] if filters.lang and where.languages else ""


def _ended(
    index: Index, hits: Answer, chosen: Chosen, output: OutputOptions, use: IndexOptions, asked: dict[str, Any]
) -> int:
    kept = [hit for hit in hits if hit.score >= chosen.least]
    printed = answers.answers(index, output, use, complete=hits.complete)
    if hits and not kept:
        return answers.nothing_above(chosen.least, hits[0].score, printed, asked, quiet=use.quiet)
    if chosen.opened is not None:
        return session.open_answer(index, "", kept, chosen.opened)
    printed.print_hits(kept, asked)
    return answers.ended(index, bool(kept), quiet=use.quiet)
