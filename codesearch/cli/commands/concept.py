"""`codesearch concept`: names for what examples have in common, to filter, sort and colour by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesearch.cli import completion, named, session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import IndexOptions, PathArgument, ReportFormat, ReportFormatOption
from codesearch.cli.registration import command, group
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.core.counts import number
from codesearch.core.errors import NotFoundError

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.index import Index
    from codesearch.store.concepts import Concept

app = group("Name what examples have in common: `concept:NAME>0.6` then is a filter, an order and a colour.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the concept.", show_default=False)]
USUAL = 0.6
"""The score above which symbols are counted."""
SHOWN = 5
"""Symbols that `show` lists."""


@command(app)
def add(
    name: NameArgument,
    path: PathArgument = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            "--like",
            metavar="SYMBOL",
            help="A symbol that is an example: its name, or FILE:LINE. Repeatable.",
            show_default=False,
            autocompletion=completion.symbols,
        ),
    ] = None,
    unlike: Annotated[
        list[str] | None,
        typer.Option(
            "--unlike",
            metavar="SYMBOL",
            help="A symbol that is near, but no example. Repeatable.",
            show_default=False,
            autocompletion=completion.symbols,
        ),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option("--query", metavar="TEXT", help="What it is about, in words. Repeatable.", show_default=False),
    ] = None,
    replaces: Annotated[bool, typer.Option("--replace", help="Replace the concept that has this name.")] = False,
    *,
    use: IndexOptions,
) -> int:
    """Make a concept of examples, of a text, or of both.

    codesearch concept add io --like read_file --like Store.flush --unlike parse
    codesearch concept add auth --query "authentication: passwords and tokens"

    Every symbol then has a score for it, 0 to 1: 0 is the average symbol, 1 is like the examples.
    """
    from codesearch.atlas import concepts

    with session.opened(use.tree(path).root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        wanted, unwanted = ([_symbol(index, one, path, use) for one in some or ()] for some in (like, unlike))
        made = concepts.add(index, name, like=wanted, unlike=unwanted, texts=query or (), replaces=replaces)
        _tell_made(index, made, use)
    return FOUND


def _symbol(index: Index, text: str, path: str | None, use: IndexOptions) -> Symbol:
    wanted = named.wanted(text, path, use)
    found = named.symbols(index, wanted)
    if not found:
        raise NotFoundError(f"no symbol is named {text}; use `codesearch query` to search by description")
    at = named.place(index, wanted, quiet=use.quiet)
    return found[0] if at is None else index.symbol_at(*at)


def _tell_made(index: Index, made: Concept, use: IndexOptions) -> None:
    from codesearch.atlas import concepts

    above, every = concepts.above(index, made, USUAL)
    session.tell(
        f"concept:{made.name} is made of {_made_of(made)}; {number(above, 'symbol')} of "
        f"{every:,} have a score above {USUAL} (`codesearch symbols --sort concept:{made.name}`)",
        quiet=use.quiet,
    )


def _made_of(made: Concept) -> str:

    parts = [number(len(made.like), "example")] if made.like else []
    parts += [number(len(made.unlike), "counterexample")] if made.unlike else []
    parts += [number(len(made.texts), "text")] if made.texts else []
    return ", ".join(parts)


@command(app, "list")
def list_command(
    path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, *, use: IndexOptions
) -> int:
    """List the concepts, and how many of their examples still exist.

    Exit status: 0, or 1 if there are none.
    """
    from codesearch.atlas import concepts

    with session.opened(use.tree(path).root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        found = concepts.listed(index)
        if format is ReportFormat.json:
            from codesearch.cli.ui.render import print_json

            print_json([_to_json(index, one) for one in found], indent=2)
        for one in found if format is ReportFormat.text else ():
            gone = [example for example, now in concepts.examples(index, one).items() if now is None]
            note = f"; {len(gone)} of the examples no longer exist" if gone else ""
            console.write(f"{one.name}  {_made_of(one)}{note}\n")
    if not found:
        session.tell("there are no concepts; `codesearch concept add` makes one", quiet=use.quiet)
    return FOUND if found else NOTHING


@command(app)
def show(
    name: NameArgument, path: PathArgument = None, format: ReportFormatOption = ReportFormat.text, *, use: IndexOptions
) -> int:
    """Show what a concept is made of, where that is now, and the symbols with the highest scores."""
    from codesearch.atlas import concepts
    from codesearch.search.concepts import concept

    with session.opened(use.tree(path).root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        found = concept(index.path, name)
        if format is ReportFormat.json:
            from codesearch.cli.ui.render import print_json

            print_json(_to_json(index, found), indent=2)
            return FOUND
        now = concepts.examples(index, found)
        console.write(f"{found.name}  {_made_of(found)}\n")
        for text in found.texts:
            console.write(f"  text    {clean(text)}\n")
        for side, some in (("like", found.like), ("unlike", found.unlike)):
            for one in some:
                here = now[one]
                where = f"{clean(here.path)}:{here.line}" if here else clean(one.path)
                state = "no longer exists" if here is None else "" if here.state == "same" else here.state
                console.write(f"  {side:6}  {clean(one.qualname)}  {where}{f'  ({state})' if state else ''}\n")
        console.write("highest scores\n")
        for hit in concepts.ranked(index, name, limit=SHOWN):
            best = hit.symbol
            console.write(f"  {hit.score:.2f}    {clean(best.qualname)}  {clean(best.path)}:{best.start_line}\n")
        if any(here is None or here.state != "same" for here in now.values()):
            session.tell(f"`codesearch concept refresh {name}` makes it again from what exists", quiet=use.quiet)
    return FOUND


def _to_json(index: Index, found: Concept) -> dict[str, Any]:
    """Return a concept as output.schema.json describes it."""
    from codesearch.atlas import concepts

    now = concepts.examples(index, found)

    def side(some: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [
            {
                "name": one.qualname,
                "path": here.path if (here := now[one]) else one.path,
                "line": here.line if here else None,
                "state": here.state if here else "gone",
            }
            for one in some
        ]

    return {"name": found.name, "like": side(found.like), "unlike": side(found.unlike), "texts": list(found.texts)}


@command(app)
def refresh(name: NameArgument, path: PathArgument = None, *, use: IndexOptions) -> int:
    """Make a concept again from its examples as they are now; those that no longer exist are left out."""
    from codesearch.atlas import concepts

    with session.opened(use.tree(path).root, db=use.db) as index:
        session.prepare(index, update=use.update, quiet=use.quiet)
        _tell_made(index, concepts.refresh(index, name), use)
    return FOUND


@command(app)
def remove(name: NameArgument, path: PathArgument = None, *, use: IndexOptions) -> int:
    """Delete a concept.

    Exit status: 0, or 1 if there is none with this name.
    """
    from codesearch.atlas import concepts

    with session.opened(use.tree(path).root, db=use.db) as index:
        there = concepts.remove(index, name)
    session.tell(f"concept:{name} is deleted" if there else f"there is no concept `{name}`", quiet=use.quiet)
    return FOUND if there else NOTHING
