"""Exact searches: every line that matches, or the hits of a question that hold a match."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.cli import session
from codesearch.cli.exit_codes import FOUND
from codesearch.cli.options import Format, IndexOptions, OutputOptions, ResultOptions
from codesearch.cli.ui import answers, console
from codesearch.cli.ui import exact as ui
from codesearch.core.errors import UsageError
from codesearch.core.types import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesearch.cli.ui.render import Answers
    from codesearch.core.filter import Filter
    from codesearch.core.types import Hit
    from codesearch.index import Index
    from codesearch.search import Query, Ranked, Ranking
    from codesearch.search.exact.groups import Group, Lines, Tree
    from codesearch.search.exact.pattern import Pattern
    from codesearch.search.exact.scan import Line

ON_TERMINAL = 200
"""Lines that are shown on a terminal without `--all`."""
MOST_FILES = 200
"""If no more files match, a question is asked about them alone."""
_NOT_SEARCHED = ("binary", "encoding", "too large", "unreadable", "parse timeout", "parse failed", "no grammar")
"""Reasons to leave a file out that a person may not expect."""


class Wanted(NamedTuple):
    """What the hits of a question must hold."""

    patterns: tuple[Pattern, ...]
    quoted: tuple[Pattern, ...]
    """Quoted in the question: without such a symbol, the question is answered by meaning."""


def wanted(text: str | None, pattern: Pattern | None) -> Wanted:
    """Return what the hits of a question must hold, by `-e` and by the quotation marks in it."""
    from codesearch.search.exact import quoted

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
    from codesearch.search.exact import groups

    pattern.compiled()  # before the index is updated
    complete = session.prepare(index, update=use.update, quiet=use.quiet)
    where = _resolved(index, where)
    tree = _tree(index)
    found = list(groups.grouped(tree, groups.found(tree, pattern, where), where))
    session.tell(index.filter_note(where), quiet=use.quiet)
    session.tell(_not_searched(tree), quiet=use.quiet)
    if results.open_ is not None and found:
        return _opened(index, found, results.open_)
    printed = answers.answers(index, output, use, complete=complete)
    most = results.limit
    if most is None and printed.look.height is not None and not output.everything and printed.format is Format.text:
        most = ON_TERMINAL
    lines, total = ui.print_groups(printed, found, pattern.expressions, most, output.context)
    if lines < total and not use.quiet:
        console.flush()
        how = "--all shows all" if results.limit is None else "-n sets the number"
        console.message(f"{lines:,} of {total:,} matching lines shown ({how})")
    return answers.ended(index, bool(found), quiet=use.quiet)


def _opened(index: Index, found: Sequence[Group], place: int) -> int:
    from codesearch.cli.ui import open_file

    if place > len(found):
        raise UsageError(f"--open {place}: the matching lines are in {len(found)} symbols only")
    open_file.open_at(index.root / found[place - 1].symbol.path, found[place - 1].lines[0].number)
    return FOUND


def _not_searched(tree: Tree) -> str:
    """Return which files are not searched though one may expect it; "" if there are none."""
    from codesearch.store import exact

    reasons = exact.left_out(tree.store)
    said = ", ".join(f"{reasons[one]:,} {one}" for one in _NOT_SEARCHED if reasons.get(one))
    return f"files not searched: {said} (`codesearch status --skipped` lists them)" if said else ""


def _tree(index: Index) -> Tree:
    from codesearch.search.exact.groups import Tree

    settings = index.settings
    return Tree(index.root, index.required_reader(), settings.file_options(), settings.parse_timeout)


def _resolved(index: Index, where: Filter) -> Filter:
    from codesearch.search import resolved

    return resolved(where, index.root, index.path)


# -- with a question --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """The hits of a question that hold what is wanted."""

    answer: Answer
    lines: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    """The matching lines of each hit, by its rank; none if it was answered by meaning."""
    reasons: list[Ranked] = field(default_factory=list)

    def print(self, printed: Answers, hits: Sequence[Hit], query: dict[str, Any], reasons: Sequence[Ranked]) -> None:
        """Print some of the hits with their matching lines."""
        if printed.format is Format.vimgrep:
            ui.print_vimgrep(printed, ((hit.symbol.path, line) for hit in hits for line in self.lines[hit.rank]))
        else:
            beside = ui.Matches(printed.look, self.lines)
            replace(printed, beside=beside).print_hits(hits, query, reasons)


def filtered(index: Index, query: Query, asked: Wanted, use: IndexOptions) -> Kept:
    """Answer a question with the symbols that hold what is wanted.

    If none holds what the question quotes, it is answered by meaning, and a note says so.
    """
    for pattern in (*asked.patterns, *asked.quoted):
        pattern.compiled()
    if use.update:
        index.prefetch(query)
    complete = session.prepare(index, update=use.update, quiet=use.quiet, words=query.words)
    kept = _kept(index, query, (*asked.patterns, *asked.quoted))
    if not kept.answer and asked.quoted:
        said = ", ".join(f'"{one.expressions[0]}"' for one in asked.quoted)
        session.tell(f"no result contains {said} as quoted; these are by meaning", quiet=use.quiet)
        kept = _kept(index, query, asked.patterns)
    session.tell(kept.answer.problem, quiet=use.quiet)
    return replace(kept, answer=replace(kept.answer, complete=complete and kept.answer.complete))


def _kept(index: Index, query: Query, patterns: Sequence[Pattern]) -> Kept:
    from codesearch.search.exact import groups

    limit = index.settings.limit
    if not patterns:
        ranking = index.rank(query, budget=session.later())
        return Kept(ranking.answer(limit), reasons=ranking.ranked[: limit + 1])
    tree, where = _tree(index), _resolved(index, query.where)
    lines = groups.Lines([groups.found(tree, one, where) for one in patterns])
    if not lines.paths:
        return Kept(Answer(problem=index.filter_note(where)))
    return _holding(index.rank(_about(query, lines.paths), budget=session.later()), lines, limit)


def _about(query: Query, paths: Sequence[str]) -> Query:
    """Return a query about some files, if they are few; they have passed its filter."""
    from codesearch.core.globs import escaped

    if len(paths) > MOST_FILES:
        return query
    return replace(query, where=replace(query.where, under=tuple(f"/{escaped(one)}" for one in paths)))


def _holding(ranking: Ranking, lines: Lines, limit: int) -> Kept:
    """Return the hits of a ranking that hold matching lines, and what ranks them and the next one."""
    hits: list[Hit] = []
    shown: dict[int, tuple[Line, ...]] = {}
    reasons: list[Ranked] = []
    for hit, reason in zip(ranking.answer(None).hits, ranking.ranked, strict=True):
        if (found := lines.matching(hit)) is None:
            continue
        reasons.append(reason)
        if len(hits) == limit:
            break
        hits.append(replace(found[0], rank=len(hits) + 1))
        shown[len(hits)] = found[1]
    answer = Answer(tuple(hits), ranking.problem, complete=ranking.complete, refined=ranking.refined)
    return Kept(answer, shown, reasons)
