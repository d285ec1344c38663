"""Prints matching lines with the symbols that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.header import FAINT, Header
from codesearch.cli.ui.render import print_json

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.core.types import Hit, Symbol
    from codesearch.exact.groups import LineGroup
    from codesearch.exact.scan import Line
    from codesearch.files.cells import Notebooks

MATCH = "1;31"
"""SGR codes of a match, as grep has them."""
INDENT = "  "

_Match = TypeVar("_Match")


def print_groups(
    printed: Answers, groups: Sequence[LineGroup], expressions: Sequence[str], most: int | None, each: int | None
) -> tuple[int, int]:
    """Print groups in any format, at most `most` lines and `each` per group; return the lines shown and all lines."""
    total = sum(len(one.lines) for one in groups)
    shown = limited(((one.symbol, one.lines) for one in groups), most, each)
    count = sum(len(lines) for _, lines in shown)
    if printed.format in (Format.json, Format.ndjson):
        about = {"expressions": list(expressions), "root": str(printed.index.root), "complete": printed.complete}
        results = [{**printed.symbol(one), "matches": to_json(printed.notebooks, one, lines)} for one, lines in shown]
        print_results(printed, {**about, "lines": total, "shown": count}, results)
    elif printed.format is Format.vimgrep:
        places = sorted((one.path, line.number, line) for one, lines in shown for line in lines)
        print_vimgrep(printed, ((path, line) for path, _, line in places))
    elif printed.format is Format.text:
        for number, (one, lines) in enumerate(shown):
            console.write(("\n" if number else "") + header(printed, one) + "".join(numbered(printed, one, lines)))
    else:
        printed.print_plain(one for one, _ in shown)
    return count, total


def print_results(printed: Answers, about: dict[str, Any], results: Iterable[dict[str, Any]]) -> None:
    """Print results as one JSON object with what is said `about` them, or one object per line."""
    if printed.format is Format.json:
        print_json({**about, "results": list(results)}, indent=2)
        return
    more: dict[str, Any] = {} if printed.complete else {"complete": False}
    for one in results:
        print_json({**one, **more})


def limited(
    groups: Iterable[tuple[Symbol, tuple[_Match, ...]]], most: int | None, each: int | None
) -> list[tuple[Symbol, tuple[_Match, ...]]]:
    """Return symbols with at most `each` matches, and at most `most` of all together; None for any number."""
    left = most
    shown = []
    for symbol, matches in groups:
        some = matches[:each][:left]
        if left is not None:
            left -= len(some)
        if some or (each == 0 and left != 0):
            shown.append((symbol, some))
    return shown


def rest_line(look: Look, left: int, what: str) -> str:
    """Return the line that says how many more there are; `what` is that in words."""
    return look.paint(look.fit(f"{'':>6} {look.bar} {look.more} {left:,} more {what}"), FAINT) + "\n"


def to_json(notebooks: Notebooks, symbol: Symbol, lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return matching lines of a symbol as output.schema.json describes them."""
    return [
        {"line": one.number, **notebooks.fields(symbol.path, one.number), "column": one.column, "text": one.text}
        for one in lines
    ]


def print_vimgrep(printed: Answers, places: Iterable[tuple[str, Line]]) -> None:
    """Print a line per match line: path, line, column, and the line itself."""
    for path, line in places:
        place = printed.paths.place(path, line.number)
        console.write(f"{clean(place)}:{line.column}:{clean(line.text)}\n")


@dataclass(frozen=True, slots=True)
class Matches:
    """Shows the matching lines of the hits of a question, by their rank."""

    printed: Answers
    lines: Mapping[int, tuple[Line, ...]]

    def text(self, hit: Hit, count: int) -> str:
        """Return the first lines that match, and how many more there are."""
        lines = self.lines[hit.rank]
        left = len(lines) - count
        rest = rest_line(self.printed.look, left, f"matching line{'s' if left > 1 else ''}") if left > 0 else ""
        return "".join(numbered(self.printed, hit.symbol, lines[:count])) + (rest if count else "")

    def json(self, hit: Hit) -> dict[str, Any]:
        """Return the lines as output.schema.json describes them."""
        return {"matches": to_json(self.printed.notebooks, hit.symbol, self.lines[hit.rank])}


def header(printed: Answers, symbol: Symbol) -> str:
    """Return the line above the matches of a symbol."""
    return Header(symbol, clean(printed.paths.shown(symbol.path)), printed.line(symbol)).text(printed.look)


def numbered(printed: Answers, symbol: Symbol, lines: Sequence[Line]) -> list[str]:
    """Return lines of a symbol with their numbers, the matches in them marked."""
    look = printed.look
    places = printed.notebooks.shorts(symbol.path, [one.number for one in lines])
    digits = max([4, *map(len, places)])
    out = []
    for one, place in zip(lines, places, strict=True):
        gutter = look.paint(f"{INDENT}{place:>{digits}} {look.bar}", FAINT)
        out.append(f"{gutter} {look.fit(_marked(look, one), digits + 5)}".rstrip() + "\n")
    return out


def _marked(look: Look, line: Line) -> str:
    """Return the text of a line with its matches marked; the part before the first is cut if it would be hidden."""
    text, out, at = line.text, [], 0
    start = _start(look, line)
    if start:
        out.append(look.paint(look.more, FAINT))
        at = start
    for first, last in line.spans:
        if first >= at:
            out += [clean(text[at:first].expandtabs(4)), look.paint(clean(text[first:last]), MATCH)]
            at = last
    return "".join([*out, clean(text[at:].expandtabs(4))])


def _start(look: Look, line: Line) -> int:
    """Return the character with which the shown part of a line begins."""
    width = console.LONGEST_LINE if look.width is None else look.width
    if not line.spans or line.spans[0][1] < width - 12:
        return 0
    return max(0, line.spans[0][0] - width // 3)
