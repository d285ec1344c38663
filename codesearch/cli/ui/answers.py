"""Output and exit status of the commands that answer a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import Format, IndexOptions, OutputOptions
from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesearch.cli.ui.render import Answers
    from codesearch.index import Index


def answers(
    index: Index,
    output: OutputOptions,
    use: IndexOptions,
    *,
    weak: bool = False,
    terms: Sequence[str] = (),
    complete: bool = True,
) -> Answers:
    """Return the printer for a command's results; it marks `terms` and, if `weak`, low scores."""
    from codesearch.cli.ui.page import Terms
    from codesearch.cli.ui.paths import Paths
    from codesearch.cli.ui.render import Answers
    from codesearch.search.rank import WEAK

    return Answers(
        index,
        output.chosen,
        console.look(index.settings.color),
        Paths.of(index.root),
        context=index.settings.context,
        snippet=output.snippet,
        snippet_lines=output.context,
        weak=WEAK if weak else 0.0,
        terms=Terms.of(terms),
        everything=output.everything,
        complete=complete,
        unchecked=not (use.update and complete),
        quiet=use.quiet,
    )


def nothing_above(least: float, best: float, printed: Answers, query: dict[str, Any], *, quiet: bool) -> int:
    """Report that all results are below --min-score; in JSON, print none. Return the exit status."""
    if not quiet:
        console.message(f"no results with a score of {least:g} or more; the best score is {best:.2f}")
    if printed.format is Format.json:
        printed.print_hits([], query)
    return NOTHING


def ended(index: Index, found: bool, *, quiet: bool) -> int:
    """Return the exit status of a query. Raises NotFoundError if the tree holds nothing that can be found."""
    if found:
        return FOUND
    if problem := session.nothing_to_search(index):
        raise NotFoundError(problem)
    if not quiet:
        console.flush()
        console.message("no results")
    return NOTHING
