"""The lines that match a regular expression, by symbol, within a budget: `search_code` without a question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.context.clean import one_line
from codesearch.context.entries import Entry, heading
from codesearch.context.token_count import estimate
from codesearch.core.types import Hit
from codesearch.exact.answers import MatchingLines, matching_lines
from codesearch.exact.pattern import Pattern
from codesearch.files.cells import Notebooks

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.core.types import Symbol
    from codesearch.exact.groups import LineGroup
    from codesearch.exact.scan import Line
    from codesearch.index import Index

LONGEST = 240
"""Characters of a line that are shown."""
REST_TOKENS = 12.0
"""Tokens of the line that says how many lines of a symbol are left out."""


@dataclass(frozen=True, slots=True)
class Group:
    """A symbol with those of its matching lines that are shown."""

    group: LineGroup
    shown: int
    notebooks: Notebooks

    def text(self) -> str:
        """Return the symbol's heading, its lines, and how many more there are."""
        left = len(self.group.lines) - self.shown
        rest = [f"  ... {left:,} more lines\n"] if left else []
        lines = [_shown(self.notebooks, self.group.symbol, line) for line in self.group.lines[: self.shown]]
        return "".join([f"{_heading(self.notebooks, self.group.symbol)}\n", *lines, *rest])

    def json(self) -> dict[str, Any]:
        """Return the group as an object."""
        symbol, lines = self.group.symbol, self.group.lines[: self.shown]
        matches = [
            {"line": one.number, **self.notebooks.fields(symbol.path, one.number), "text": _cut(one.text)}
            for one in lines
        ]
        cell = self.notebooks.place(symbol.path, symbol.start_line)
        return {
            **Entry(Hit(1, 0.0, symbol), "locations", cell=cell).json(),
            "matches": matches,
            "lines": len(self.group.lines),
        }


@dataclass(frozen=True, slots=True)
class Matches:
    """The symbols that fit a budget, and what there is in all."""

    groups: tuple[Group, ...]
    all: MatchingLines
    start: int
    """Symbols before them that are left out."""

    @property
    def end(self) -> int:
        """The place of the first symbol after them."""
        return self.start + len(self.groups)

    @property
    def lines(self) -> int:
        """The number of all lines that match."""
        return sum(len(one.lines) for one in self.all)

    @property
    def is_cut(self) -> bool:
        """Whether a symbol after these, or a line of theirs, is left out."""
        return self.end < len(self.all) or any(one.shown < len(one.group.lines) for one in self.groups)

    def summary(self) -> str:
        """Return how much matches, and how much of it is shown."""
        some = f"{_counted(self.lines, 'line')} in {_counted(len(self.all), 'symbol')}"
        if self.start == 0 and not self.is_cut:
            return f"{some} match; this is all of them."
        shown = sum(one.shown for one in self.groups)
        last = f"symbols {self.start + 1:,}-{self.end:,}" if self.groups else "none"
        return f"{some} match; shown: {last}, {_counted(shown, 'line')}."


def found(index: Index, expression: str, where: Filter | None, *, limit: int, budget: float, start: int = 0) -> Matches:
    """Return the lines that an expression matches, from symbol `start` on, by path and line.

    Raises UsageError if the expression cannot be understood, or takes too long.
    """
    every = matching_lines(index, Pattern((expression,), said="exact"), where)
    notebooks = Notebooks.of(index)
    return Matches(tuple(_fitting(every.groups[start : start + limit], budget, notebooks)), every, start)


def _fitting(groups: Sequence[LineGroup], budget: float, notebooks: Notebooks) -> Iterable[Group]:
    """Yield the groups that fit; the last one, or one alone with too many lines, may be cut."""
    left = budget
    for place, group in enumerate(groups):
        room = left - estimate(f"{_heading(notebooks, group.symbol)}\n") - REST_TOKENS
        shown = 0
        for line in group.lines:
            room -= estimate(_shown(notebooks, group.symbol, line))
            if room < 0:
                break
            shown += 1
        if not shown and place:
            return
        yield (made := Group(group, max(shown, 1), notebooks))
        left -= estimate(made.text())


def _heading(notebooks: Notebooks, symbol: Symbol) -> str:
    return heading(Hit(1, 0.0, symbol), notebooks.place(symbol.path, symbol.start_line))


def _shown(notebooks: Notebooks, symbol: Symbol, line: Line) -> str:
    return f"  {notebooks.number(symbol.path, line.number)}: {_cut(line.text)}\n"


def _cut(text: str) -> str:
    text = one_line(text.strip())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
