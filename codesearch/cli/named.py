"""Code that an argument names: FILE:LINE, or the NAME of a symbol. One rule for every command.

If several symbols have a name, the best one is meant, and a note lists the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from codesearch.cli import targets
from codesearch.cli.ui import console
from codesearch.cli.ui.paths import Paths
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.cli.options import IndexOptions
    from codesearch.core.types import Symbol
    from codesearch.index import Index

NAMED = 5
"""Other symbols of the same name that a note lists; the rest is counted."""


class Wanted(NamedTuple):
    """What an argument names, before an index is asked."""

    text: str
    root: Path
    """The root of the index to ask."""
    below: str
    """The folder that names are looked for in; see `targets.Tree`."""
    file: str = ""
    """Relative to the root; "" if a name was given."""
    line: int = 0


def wanted(text: str, path: str | None, use: IndexOptions) -> Wanted:
    """Return what NAME or FILE:LINE stands for. Raises UsageError for a file without a line, NotFoundError."""
    if not text.strip():
        raise UsageError("the name is empty: give the name of a symbol, or FILE:LINE")
    at = targets.place(text)
    if at is not None and (found := targets.in_repository(at[0])) is not None:
        return Wanted(text, found[0], "", found[1], at[1])
    tree = use.tree(path)
    if at is not None:
        root, file = use.located(at[0], path)
        return Wanted(text, root, tree.below, file, at[1])
    if Path(text).is_file() or (tree.root / text).is_file():
        raise UsageError(f"{text}: is a file; give FILE:LINE, for example {text}:1")
    return Wanted(text, tree.root, tree.below)


def symbols(index: Index, what: Wanted) -> list[Symbol]:
    """Return the symbols that are meant, best first; none if no symbol has the name. Raises NotFoundError.

    A service that runs has the model that ranks them in memory.
    """
    if what.file:
        return [index.symbol_at(what.file, what.line)]
    from codesearch.service import client

    found = client.symbols_named(index, what.text)
    if found is None:
        found = index.symbols_named(what.text)
    return [one for one in found if not what.below or one.path.startswith(f"{what.below}/")]


def place(index: Index, what: Wanted, *, quiet: bool) -> tuple[str, int] | None:
    """Return (file, line) of what is meant; say which symbol that is if there are several; None if there is none."""
    if what.file:
        return what.file, what.line
    found = chosen(index, what, quiet=quiet)
    return (found.path, found.start_line) if found is not None else None


def chosen(index: Index, what: Wanted, *, quiet: bool) -> Symbol | None:
    """Return the symbol that is meant; say which one that is if there are several; None if there is none.

    Raises NotFoundError if there is no symbol at the line.
    """
    found = symbols(index, what)
    if not quiet and not what.file:
        this = shown(index, found[0].path, found[0].start_line) if found else ""
        tell_others(what.text, found[1:], f"give FILE:LINE to choose; this is {this}", index)
    return found[0] if found else None


def tell_others(name: str, others: Sequence[Symbol], how: str, index: Index) -> None:
    """Say which other symbols have the same name, and how to choose one of them."""
    if others:
        named = ", ".join(shown(index, one.path, one.start_line) for one in others[:NAMED])
        named += ", ..." if others[NAMED:] else ""
        console.message(f"{len(others)} more with this name: {named} ({how})")


def shown(index: Index, path: str, line: int) -> str:
    """Return a place in a file of an index as people read it."""
    from codesearch.files.cells import Notebooks

    return Paths.of(index.root).place(path, Notebooks.of(index).line(path, line))


def tell_nothing(name: str, *, quiet: bool) -> None:
    """Say that no symbol has a name."""
    if not quiet:
        console.message(f"no symbol is named {name}; use `codesearch query` to search by description")
