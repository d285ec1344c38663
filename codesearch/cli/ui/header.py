"""The header of a result: where it is, what it is, and its score, on one line, or on several of a narrow terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from codesearch.cli.ui import console, page
from codesearch.cli.ui.console import Look, clean

if TYPE_CHECKING:
    from codesearch.core.types import Symbol

PATH, LINE, KIND, NAME, FAINT = "35", "32", "2", "1", "2"
"""SGR codes for the parts of a header; path and line have grep's colours."""
INDENT = "     "
NARROW = 30
"""Columns for path and name below which the name gets a line of its own, unless both fit."""
SHORTEST_PATH = 8
"""Columns that are left for a path if the score is beside it."""


class Header(NamedTuple):
    """What a header says."""

    symbol: Symbol
    path: str
    """As it is printed."""
    line: str
    number: str = ""
    """The rank, as it is printed."""
    score: str = ""
    faint: bool = False

    def text(self, look: Look, linked: Callable[[str], str] = str) -> str:
        """Return the lines; `linked` adds a link to the path. What is too long is cut, a path in its middle."""
        kind: str = self.symbol.kind
        path, name = self.path, clean(self.symbol.qualname)
        if look.width is not None:
            room = look.width - console.columns(f"{self.number}:{self.line}") - 2
            room -= console.columns(self.score) + 2 if self.score else 0
            least = min(12, room // 2, console.columns(path))
            fits = console.columns(f"{path}{kind} {name}") <= room
            if console.columns(f"{kind} {name}") > room - least:
                name = clean(self.symbol.name)  # it says more than what it is in
            wide = console.columns(f"{kind} {name}")
            if not fits and (room < NARROW or wide > room - least):
                return self._below(look, linked, room + 2)
            path = page.shortened(path, max(least, room - wide), look.more)
        place, title = self._place(look, linked, path), self._title(look, kind, name)
        return _ended(look, f"{place[0]}  {title[0]}", f"{place[1]}  {title[1]}", self.score)

    def _below(self, look: Look, linked: Callable[[str], str], room: int) -> str:
        """Return the name below the path, and the score where there is room; `room` is that of the path beside it."""
        assert look.width is not None
        symbol, width = self.symbol, look.width - len(INDENT)
        kind, name = next(
            (one for one in ((symbol.kind, clean(symbol.qualname)), (symbol.kind, clean(symbol.name)))
             if console.columns(" ".join(one)) <= width),
            ("", console.cut(clean(symbol.name), width, look.more)),
        )  # fmt: skip
        title = self._title(look, kind, name)
        scores = ["", "", self.score]
        if room >= min(SHORTEST_PATH, console.columns(self.path)):
            scores = [self.score, "", ""]
        elif console.columns(title[0] + self.score) + 2 <= width:
            scores = ["", self.score, ""]
        if not scores[0]:
            room = look.width - console.columns(f"{self.number}:{self.line}")
        place = self._place(look, linked, page.shortened(self.path, max(1, room), look.more))
        lines = _ended(look, *place, scores[0]) + _ended(look, INDENT + title[0], INDENT + title[1], scores[1])
        return lines + (_ended(look, INDENT, INDENT, scores[2]) if scores[2] else "")

    def _place(self, look: Look, linked: Callable[[str], str], path: str) -> tuple[str, str]:
        """Return rank, path and line as text, and as they are shown."""
        plain = f"{self.number}{path}:{self.line}"
        if self.faint and look.color:
            return plain, look.paint(plain, FAINT)
        number, line = look.paint(self.number, NAME), look.paint(self.line, LINE)
        return plain, f"{number}{linked(look.paint(path, PATH))}:{line}"

    def _title(self, look: Look, kind: str, name: str) -> tuple[str, str]:
        """Return kind and name as text, and as they are shown."""
        plain = f"{kind} {name}" if kind else name
        if self.faint and look.color:
            return plain, look.paint(plain, FAINT)
        return plain, (f"{look.paint(kind, KIND)} " if kind else "") + look.paint(name, NAME)


def _ended(look: Look, plain: str, shown: str, score: str) -> str:
    """Return a line that ends in a score, at the right margin of a terminal."""
    if not score:
        return shown + "\n"
    gap = 2 if look.width is None else max(2, look.width - console.columns(plain + score))
    return f"{shown}{' ' * gap}{look.paint(score, FAINT)}\n"
