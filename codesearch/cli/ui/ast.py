"""Prints matches of syntax with the symbols that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.exact import header, limited, numbered, print_results, print_vimgrep, rest_line

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.core.types import Hit, Symbol
    from codesearch.exact.nodes import NodeMatch, Part
    from codesearch.exact.structure import NodeGroup, Nodes
    from codesearch.files.cells import Notebooks


def print_groups(
    printed: Answers, groups: Sequence[NodeGroup], about: dict[str, Any], most: int | None, each: int | None
) -> tuple[int, int]:
    """Print groups in any format, at most `most` matches and `each` per group; return the matches shown and all."""
    total = sum(len(one.matches) for one in groups)
    shown = limited(((one.symbol, one.matches) for one in groups), most, each)
    count = sum(len(matches) for _, matches in shown)
    if printed.format in (Format.json, Format.ndjson):
        about = {"root": str(printed.index.root), "complete": printed.complete, **about}
        results = [{**printed.symbol(one), "matches": to_json(printed.notebooks, one, some)} for one, some in shown]
        print_results(printed, {**about, "matches": total, "shown": count}, results)
    elif printed.format is Format.vimgrep:
        places = sorted((one.path, match.whole.line, match.line) for one, some in shown for match in some)
        print_vimgrep(printed, ((path, line) for path, _, line in places))
    elif printed.format is Format.text:
        for number, (one, matches) in enumerate(shown):
            console.write(("\n" if number else "") + header(printed, one) + _lines(printed, one, matches))
    else:
        printed.print_plain(one for one, _ in shown)
    return count, total


def about_files(nodes: Nodes) -> dict[str, Any]:
    """Return what could not be searched as JSON."""
    return {
        "failed": [{"path": one.path, "reason": one.problem} for one in nodes.failed],
        "syntax_errors": nodes.partial,
    }


def to_json(notebooks: Notebooks, symbol: Symbol, matches: Sequence[NodeMatch]) -> list[dict[str, Any]]:
    """Return the matches of a symbol as output.schema.json describes them."""

    def placed(part: Part) -> dict[str, Any]:
        return {**_range(part), **notebooks.fields(symbol.path, part.line)}

    return [
        {**placed(match.whole), "captures": [{"name": one.name, **placed(one)} for one in match.captures]}
        for match in matches
    ]


def _range(part: Part) -> dict[str, Any]:
    return {
        "line": part.line,
        "column": part.column,
        "end_line": part.end_line,
        "end_column": part.end_column,
        "text": part.text,
    }


def _lines(printed: Answers, symbol: Symbol, matches: Sequence[NodeMatch]) -> str:
    """Return the first line of each match of a symbol, and how many follow."""
    out = []
    for line, match in zip(numbered(printed, symbol, [one.line for one in matches]), matches, strict=True):
        out.append(line)
        if more := match.whole.end_line - match.whole.line:
            out.append(rest_line(printed.look, more, f"line{'s' if more > 1 else ''}"))
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Matches:
    """Shows the matches in the hits of a question, by their rank."""

    printed: Answers
    matches: Mapping[int, Sequence[NodeMatch]]

    def text(self, hit: Hit, count: int) -> str:
        """Return the first matches, and how many more there are."""
        found = self.matches[hit.rank]
        left = len(found) - count
        rest = rest_line(self.printed.look, left, f"match{'es' if left > 1 else ''}") if left > 0 else ""
        return _lines(self.printed, hit.symbol, found[:count]) + (rest if count else "")

    def json(self, hit: Hit) -> dict[str, Any]:
        """Return the matches as output.schema.json describes them."""
        return {"matches": to_json(self.printed.notebooks, hit.symbol, self.matches[hit.rank])}
