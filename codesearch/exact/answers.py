"""Exact searches of an index: every line that matches, or the hits of a question that hold a match."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from codesearch.core.globs import escaped
from codesearch.core.types import Answer, Hit
from codesearch.exact import groups
from codesearch.exact.groups import LineGroup
from codesearch.exact.pattern import Pattern
from codesearch.exact.scan import Line
from codesearch.exact.tree import tree_of
from codesearch.search import Query, Ranked, Ranking, filter_note, parse, resolved

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index

MOST_FILES = 200
"""If no more files match, a question is asked about them alone."""

_T = TypeVar("_T", covariant=True)
_Match = TypeVar("_Match")


@dataclass(frozen=True, slots=True)
class MatchingLines(Sequence[LineGroup]):
    """Every line of a tree that matches, by symbol. Use it as a sequence of groups."""

    groups: tuple[LineGroup, ...] = ()
    problem: str = ""
    """What is not searched: files that cannot be read, a path filter that no file passes; "" if everything is."""
    complete: bool = True
    """Whether the first index of this tree was finished; if not, whole files may be missing."""

    def __getitem__(self, at: int) -> LineGroup:  # type: ignore[override]
        return self.groups[at]

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[LineGroup]:
        return iter(self.groups)


class Matching(Protocol[_T]):
    """What matches in the files of a tree."""

    @property
    def paths(self) -> list[str]:
        """The files with matches."""

    def matching(self, hit: Hit) -> tuple[Hit, tuple[_T, ...]] | None:
        """Return a hit and its matches, or a symbol folded into it and those; None if neither has any."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[_Match]):
    """The hits of a question that hold a match."""

    answer: Answer
    matches: dict[int, tuple[_Match, ...]] = field(default_factory=dict)
    """The matches of each hit, by its rank."""
    ranked: list[Ranked] = field(default_factory=list)
    """What ranks the hits, and the next one."""


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """The hits of a question that hold a matching line, best first, and these lines."""

    answer: Answer
    lines: dict[int, tuple[Line, ...]]
    """The matching lines of each hit, by its rank."""


def pattern_of(expression: str | Pattern) -> Pattern:
    """Return a pattern; a text is a regular expression."""
    return Pattern((expression,)) if isinstance(expression, str) else expression


def matching_lines(index: Index, pattern: str | Pattern, where: Filter | None = None) -> MatchingLines:
    """Return every line that a pattern matches, by symbol, in the files of an index as they are now.

    A text is a regular expression. Raises UsageError if it cannot be understood or takes too long, NotFoundError if
    there is no index.
    """
    pattern = pattern_of(pattern)
    tree = tree_of(index)
    where = None if where is None else resolved(where, index.root, index.path)
    found = tuple(groups.grouped(tree, groups.found(tree, pattern, where), where))
    notes = (filter_note(tree.store, where), tree.not_searched())
    return MatchingLines(found, "; ".join(note for note in notes if note), index.complete)


def query_matching(
    index: Index, text: str | Query, pattern: str | Pattern, *, limit: int | None = None, where: Filter | None = None
) -> ExactAnswer:
    """Answer as `Index.query`, with the symbols only that hold a line that a pattern matches.

    Raises as `Index.query` and `matching_lines`.
    """
    query = parse(text, where)
    kept = holding(index, query, [pattern_of(pattern)], index.settings.limit if limit is None else limit)
    return ExactAnswer(kept.answer, kept.matches)


def holding(
    index: Index,
    query: Query,
    patterns: Sequence[Pattern],
    limit: int,
    rank: Callable[[Query], Ranking] | None = None,
) -> Kept[Line]:
    """Return the first hits of a question that hold a line for each pattern. `rank` ranks instead of `Index.rank`."""
    tree = tree_of(index)
    where = resolved(query.where, index.root, index.path)
    lines = groups.Lines([groups.found(tree, one, where) for one in patterns])
    if not lines.paths:
        return Kept(Answer(problem=filter_note(tree.store, where), complete=index.complete))
    return kept(lines, (rank or index.rank)(about(query, lines.paths)), limit)


def about(query: Query, paths: Sequence[str]) -> Query:
    """Return a query about some files, if they are few; they have passed its filter."""
    if len(paths) > MOST_FILES:
        return query
    return replace(query, where=replace(query.where, under=tuple(f"/{escaped(one)}" for one in paths)))


def kept(found: Matching[_Match], ranking: Ranking, limit: int) -> Kept[_Match]:
    """Return the hits of a ranking that hold a match, and what ranks them and the next one."""
    hits: list[Hit] = []
    matches: dict[int, tuple[_Match, ...]] = {}
    ranked: list[Ranked] = []
    for hit, reason in zip(ranking.answer(None).hits, ranking.ranked, strict=True):
        if (inside := found.matching(hit)) is None:
            continue
        ranked.append(reason)
        if len(hits) == limit:
            break
        hits.append(replace(inside[0], rank=len(hits) + 1))
        matches[len(hits)] = inside[1]
    answer = Answer(tuple(hits), ranking.problem, complete=ranking.complete, refined=ranking.refined)
    return Kept(answer, matches, ranked)
