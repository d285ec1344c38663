"""Exact searches: every line that matches, or the hits of a question that hold a match."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import Format, IndexOptions, OutputOptions, ResultOptions
from codesearch.cli.ui import answers, console
from codesearch.cli.ui import exact as ui
from codesearch.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codesearch.cli.ui.render import Answers
    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer, Hit
    from codesearch.exact.pattern import Pattern
    from codesearch.exact.scan import Line
    from codesearch.index import Index
    from codesearch.search import Query, Ranked, Ranking

ON_TERMINAL = 200
"""Matches that are shown on a terminal without `--all`."""


class Wanted(NamedTuple):
    """What the hits of a question must hold."""

    patterns: tuple[Pattern, ...]
    quoted: tuple[Pattern, ...]
    """Quoted in the question: without such a symbol, the question is answered by meaning."""


def wanted(text: str | None, pattern: Pattern | None) -> Wanted:
    """Return what the hits of a question must hold, by `-e` and by the quotation marks in it."""
    from codesearch.exact import quoted

    return Wanted(
        (pattern,) if pattern is not None else (), tuple(quoted.patterns(text)) if text and '"' in text else ()
    )


def check_alone(results: ResultOptions) -> None:
    """Raise UsageError for options that need a question."""
    for option, given in (
        ("--batch", results.batch is not None),
        ("--explain", results.explain),
        ("--min-score", results.min_score is not None),
        ("--by", results.by is not None),
    ):
        if given:
            raise UsageError(f"{option} cannot be combined with -e alone: give a question as well, or omit it")


def alone(
    index: Index,
    pattern: Pattern,
    where: Filter,
    results: ResultOptions,
    output: OutputOptions,
    use: IndexOptions,
) -> int:
    """Print every line that matches, by symbol. Return the exit status."""
    from codesearch.exact.answers import matching_lines

    pattern.compiled()  # before the index is updated
    complete = session.prepare(index, update=use.update, quiet=use.quiet)
    found = matching_lines(index, pattern, where)
    session.tell(found.problem, quiet=use.quiet)
    if results.open_ is not None and found:
        places = [(one.symbol.path, one.lines[0].number) for one in found]
        return opened(index, places, results.open_, "matching lines")
    printed = answers.answers(index, output, use, complete=complete)
    most = most_shown(results.limit, printed, output)
    lines, total = ui.print_groups(printed, found, pattern.expressions, most, output.context)
    tell_shown(lines, total, "matching lines", results.limit, quiet=use.quiet)
    return answers.ended(index, bool(found), quiet=use.quiet)


def most_shown(limit: int | None, printed: Answers, output: OutputOptions) -> int | None:
    """Return how many matches are shown: the limit if there is one, else a number that a terminal has room for."""
    on_terminal = printed.look.height is not None and not output.everything and printed.format is Format.text
    return ON_TERMINAL if limit is None and on_terminal else limit


def tell_shown(count: int, total: int, what: str, limit: int | None, *, quiet: bool) -> None:
    """Say that not all matches are shown, if so, and how to see more."""
    if count < total and not quiet:
        console.flush()
        how = "--all shows all" if limit is None else "-n sets the number"
        console.message(f"{count:,} of {total:,} {what} shown ({how})")


def opened(index: Index, places: Sequence[tuple[str, int]], place: int, what: str) -> int:
    """Open the first match of a symbol in the editor; `places` are (path, line) by symbol. Return the exit status."""
    from codesearch.cli.ui import open_file

    if place > len(places):
        raise UsageError(f"--open {place}: the {what} are in {len(places)} symbols only")
    path, line = places[place - 1]
    open_file.open_at(index.root / path, line)
    return FOUND


# -- with a question --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The hits of a question that hold what is wanted, and the matching lines of each by its rank."""

    answer: Answer
    lines: Mapping[int, tuple[Line, ...]]
    """None if the question was answered by meaning."""
    reasons: Sequence[Ranked] = ()

    def print(self, printed: Answers, hits: Sequence[Hit], query: dict[str, Any], reasons: Sequence[Ranked]) -> None:
        """Print some of the hits with their matching lines."""
        if printed.format is Format.vimgrep:
            ui.print_vimgrep(printed, ((hit.symbol.path, line) for hit in hits for line in self.lines[hit.rank]))
        else:
            beside = ui.Matches(printed, self.lines)
            replace(printed, beside=beside).print_hits(hits, query, reasons)


def filtered(index: Index, query: Query, asked: Wanted, use: IndexOptions) -> Shown:
    """Answer a question with the symbols that hold what is wanted.

    If none holds what the question quotes, it is answered by meaning, and a note says so.
    """
    for pattern in (*asked.patterns, *asked.quoted):
        pattern.compiled()
    if use.update:
        index.prefetch(query)
    complete = session.prepare(index, update=use.update, quiet=use.quiet, words=query.words)
    shown = _holding(index, query, (*asked.patterns, *asked.quoted))
    if not shown.answer and asked.quoted:
        said = ", ".join(f'"{one.expressions[0]}"' for one in asked.quoted)
        session.tell(f"no result contains {said} as quoted; these are by meaning", quiet=use.quiet)
        shown = _holding(index, query, asked.patterns)
    session.tell(shown.answer.problem, quiet=use.quiet)
    return replace(shown, answer=replace(shown.answer, complete=complete and shown.answer.complete))


def _holding(index: Index, query: Query, patterns: Sequence[Pattern]) -> Shown:
    from codesearch.exact import answers as exact

    def rank(query: Query) -> Ranking:
        return index.rank(query, budget=session.later())

    limit = index.settings.limit
    if not patterns:
        ranking = rank(query)
        return Shown(ranking.answer(limit), {}, ranking.ranked[: limit + 1])
    kept = exact.holding(index, query, patterns, limit, rank)
    return Shown(kept.answer, kept.matches, kept.ranked)
