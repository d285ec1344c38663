"""Prints callers, callees, tests, and what a change reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.cli.ui.render import FAINT, NAME, PATH, print_json

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.core.types import Symbol
    from codesearch.references.edges import Edge
    from codesearch.references.impact import Impact


def print_edges(answers: Answers, found: Sequence[Edge], of: Symbol) -> None:
    """Print the edges from or to a symbol, in any format."""
    if answers.format is Format.json:
        about = {"symbol": answers.symbol(of), "root": str(answers.index.root), "complete": answers.complete}
        print_json({**about, "results": [to_json(answers, one) for one in found]}, indent=2)
    elif answers.format is Format.ndjson:
        for one in found:
            print_json(to_json(answers, one))
    elif answers.format is Format.text:
        _print(answers, _rows(answers, found))
    else:
        _print_places(answers, [one.symbol for one in found])


def print_impact(answers: Answers, found: Impact, rev: str) -> None:
    """Print what a change reaches, in any format."""
    if answers.format is Format.json:
        value = {
            "rev": rev,
            "root": str(answers.index.root),
            "complete": answers.complete,
            "changed": [answers.symbol(one) for one in found.changed],
            "reached": [to_json(answers, one) for one in found.reached],
            "tests": [to_json(answers, one) for one in found.tests],
            "unknown": list(found.unknown),
        }
        print_json(value, indent=2)
    elif answers.format is Format.ndjson:
        for one in (*found.reached, *found.tests):
            print_json(to_json(answers, one))
    elif answers.format is Format.text:
        changed = [(_place(answers, one, one.start_line), one.kind, clean(one.qualname), "") for one in found.changed]
        for title, rows in (
            ("changed", changed),
            ("reached", _rows(answers, found.reached)),
            ("tests", _rows(answers, found.tests)),
        ):
            if rows:
                console.write(answers.look.paint(f"{title} ({len(rows)})", NAME) + "\n")
                _print(answers, rows, "  ")
    else:
        _print_places(answers, [*found.changed, *(one.symbol for one in (*found.reached, *found.tests))])


def to_json(answers: Answers, edge: Edge) -> dict[str, Any]:
    """Return an edge as output.schema.json describes it."""
    about = {"confidence": edge.confidence, "role": edge.role, "lines": list(edge.lines), "distance": edge.distance}
    return {**about, **answers.symbol(edge.symbol)}


Row = tuple[str, str, str, str]
"""Place, kind, name, what is to be said of it."""


def _rows(answers: Answers, found: Sequence[Edge]) -> list[Row]:
    return [
        (_place(answers, one.symbol, one.symbol.start_line), one.symbol.kind, clean(one.symbol.qualname), _said(one))
        for one in found
    ]


def _said(edge: Edge) -> str:
    lines = ", ".join(map(str, edge.lines[:3])) + (", ..." if edge.lines[3:] else "")
    distance = f", {edge.distance} calls away" if edge.distance > 1 else ""
    return f"{edge.confidence}, line{'s' * (len(edge.lines) > 1)} {lines}{distance}"


def _place(answers: Answers, symbol: Symbol, line: int) -> str:
    return clean(answers.paths.place(symbol.path, line))


def _print(answers: Answers, rows: Sequence[Row], indent: str = "") -> None:
    for line in _lines(answers, rows, indent):
        console.write(line + "\n")


def _lines(answers: Answers, rows: Sequence[Row], indent: str) -> Iterator[str]:
    look = answers.look
    for place, kind, name, said in rows:
        path, _, line = place.rpartition(":")
        shown = f"{indent}{look.paint(path, PATH)}{look.paint(':' + line, '32')}  {look.paint(kind, FAINT)} "
        yield look.fit(f"{shown}{look.paint(name, NAME)}  {look.paint(said, FAINT)}".rstrip())


def _print_places(answers: Answers, symbols: Sequence[Symbol]) -> None:
    if answers.format is Format.paths:
        answers.print_paths(answers.paths.shown(one.path) for one in symbols)
        return
    for one in symbols:
        console.write(f"{_place(answers, one, one.start_line)}:1:{clean(one.qualname)}\n")
