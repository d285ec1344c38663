"""How the commands that answer a question print their answers, and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND, NOTHING
from codesearch.cli.options import ColorChoice, EmbedChoice, Format
from codesearch.cli.ui import console
from codesearch.core.errors import NotFoundError

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.index import Index


def value_of(choice: ColorChoice | EmbedChoice | None) -> str | None:
    """Return an option's choice as settings take it."""
    return None if choice is None else choice.value


def answers(
    index: Index, format: Format | None, context: int | None, *, snippet: bool = False, weak: bool = False
) -> Answers:
    """Return what prints the answers of a command; `weak` marks those that hardly fit."""
    from codesearch.cli.ui.render import Answers
    from codesearch.search.rank import WEAK

    return Answers(
        index,
        format or Format.text,
        console.look(index.settings.color),
        context=index.settings.context,
        snippet=snippet,
        snippet_lines=context,
        weak=WEAK if weak else 0.0,
    )


def ended(index: Index, found: bool, *, quiet: bool) -> int:
    """Return the exit status of a question; say why if there is nothing that could have answered."""
    if found:
        return FOUND
    if problem := session.nothing_to_search(index.status()):
        raise NotFoundError(problem)
    if not quiet:
        console.flush()
        console.message("nothing found")
    return NOTHING
