"""`codesearch callers`, `callees`, `tests` and `impact`: who calls what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from codesearch.cli import completion, named, session
from codesearch.cli.exit_codes import NOTHING
from codesearch.cli.options import IndexOptions, OutputOptions, PathArgument
from codesearch.cli.ui import answers
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.index import Index
    from codesearch.references.edges import Confidence, Edge

SymbolArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE:LINE",
        help="The name of a symbol, or a line inside it.",
        autocompletion=completion.symbols,
    ),
]
ConfidenceOption = Annotated[
    str,
    typer.Option(
        "--confidence",
        metavar="LEVEL",
        help="exact, likely (the default) or name: how sure the results must be at least.",
        autocompletion=lambda: ["exact", "likely", "name"],
        show_default=False,
    ),
]
StepsOption = Annotated[
    int, typer.Option("--steps", min=1, max=10, metavar="N", help="Calls that are followed.", show_default=True)
]


def callers(
    what: SymbolArgument,
    path: PathArgument = None,
    confidence: ConfidenceOption = "likely",
    *,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List what calls or constructs a symbol.

    codesearch callers Cache.get
    codesearch callers src/cache.py:42 --confidence name

    Calls are resolved within the index by scope, imports, types and inheritance. Each result says how sure it is.
    """
    return _listed("callers", what, path, confidence, output, use)


def callees(
    what: SymbolArgument,
    path: PathArgument = None,
    confidence: ConfidenceOption = "likely",
    *,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List the symbols of the index that a symbol calls or constructs.

    codesearch callees Cache.get
    codesearch callees src/cache.py:42 --format json
    """
    return _listed("callees", what, path, confidence, output, use)


def tests(
    what: SymbolArgument,
    path: PathArgument = None,
    confidence: ConfidenceOption = "likely",
    steps: StepsOption = 2,
    *,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List the tests that reach a symbol.

    codesearch tests Cache.get
    codesearch tests src/cache.py:42 --steps 1   only those that call it
    """
    return _listed("tests", what, path, confidence, output, use, steps)


def mentions(
    what: SymbolArgument,
    path: PathArgument = None,
    confidence: ConfidenceOption = "likely",
    *,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List the sections of documentation that name a symbol, or the symbols that a section names.

    codesearch mentions Cache.get
    codesearch mentions docs/cache.md:12         what that section names

    A name counts in a code span or a cross reference, if it can only mean one symbol.
    """
    return _listed("mentions", what, path, confidence, output, use)


def _listed(
    question: str,
    what: str,
    path: str | None,
    confidence: str,
    output: OutputOptions,
    use: IndexOptions,
    steps: int = 1,
) -> int:
    from codesearch.cli.ui import edges as ui

    least = _confidence(confidence)
    wanted = named.wanted(what, path, use)
    with session.opened(wanted.root, db=use.db, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        symbol = named.chosen(index, wanted, quiet=use.quiet)
        if symbol is None:
            named.tell_nothing(what, quiet=use.quiet)
            return NOTHING
        if question != "mentions":
            _tell_unsupported(symbol, quiet=use.quiet)
        found = _answer(index, question, symbol, least, steps)
        ui.print_edges(answers.answers(index, output, use, complete=complete), found, symbol)
        return answers.ended(index, bool(found), quiet=use.quiet)


def _answer(index: Index, question: str, symbol: Symbol, least: Confidence, steps: int) -> list[Edge]:
    from codesearch.references import graph

    if question == "mentions":
        from codesearch.references.mentions import mentions

        return mentions(index, symbol, confidence=least)
    if question == "tests":
        return graph.tests(index, symbol, confidence=least, steps=steps)
    ask = graph.callers if question == "callers" else graph.callees
    return ask(index, symbol, confidence=least)


def _tell_unsupported(symbol: Symbol, *, quiet: bool) -> None:
    from codesearch import languages
    from codesearch.references.graph import supported

    if not supported(symbol.language):
        display = languages.get(symbol.language).display
        session.tell(f"references of {display} are not known, so nothing is claimed", quiet=quiet)


def _confidence(text: str) -> Confidence:
    from codesearch.references.edges import CONFIDENCES

    for one in CONFIDENCES:
        if one == text:
            return one
    raise UsageError(f"--confidence: {text} is not one of {', '.join(CONFIDENCES)}")


def impact(
    rev: Annotated[
        str, typer.Argument(metavar="[REV]", help="The commit to compare the tree with.", show_default=True)
    ] = "HEAD",
    path: PathArgument = None,
    staged: Annotated[bool, typer.Option("--staged", help="Compare the commit with what is staged.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="The default: the difference between REV and the tree.")] = False,
    confidence: ConfidenceOption = "likely",
    steps: StepsOption = 3,
    *,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """List what a change reaches: changed symbols, what calls them, and the tests of both.

    codesearch impact --diff                      uncommitted changes
    codesearch impact --diff origin/main          everything since that commit
    codesearch impact --diff main -l | grep test  files with tests to run
    """
    from codesearch.cli.ui import edges as ui
    from codesearch.references import impact as reach

    least = _confidence(confidence)
    with session.opened(use.tree(path).root, db=use.db, **output.settings) as index:
        complete = session.prepare(index, update=use.update, quiet=use.quiet)
        found = reach.impact(index, rev, confidence=least, steps=steps, staged=staged)
        ui.print_impact(answers.answers(index, output, use, complete=complete), found, rev)
        if found.unknown:
            shown = ", ".join(found.unknown[:5]) + (", ..." if found.unknown[5:] else "")
            session.tell(f"nothing is known of {len(found.unknown)} changed files: {shown}", quiet=use.quiet)
        return answers.ended(index, bool(found.changed), quiet=use.quiet)
