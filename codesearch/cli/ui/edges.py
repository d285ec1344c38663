"""Prints callers, callees, tests, and what a change reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.cli.ui.header import FAINT, NAME, PATH
from codesearch.cli.ui.render import print_json

if TYPE_CHECKING:
    from codesearch.cli.ui.render import Answers
    from codesearch.core.types import Symbol
    from codesearch.files.cells import Notebooks
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
        changed = [(_place(answers, one), one.kind, clean(one.qualname), "") for one in found.changed]
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
    return {**about, **_cells(answers.notebooks, edge), **answers.symbol(edge.symbol)}


Row = tuple[tuple[str, str], str, str, str]
"""Path and line, kind, name, what is to be said of it."""


def _rows(answers: Answers, found: Sequence[Edge]) -> list[Row]:
    return [
        (_place(answers, one.symbol), one.symbol.kind, clean(one.symbol.qualname), _said(answers, one)) for one in found
    ]


def _said(answers: Answers, edge: Edge) -> str:
    said = _lines_of(answers.notebooks, edge)
    distance = f", {edge.distance} calls away" if edge.distance > 1 else ""
    return f"{edge.confidence}, {said}{distance}"


def _lines_of(notebooks: Notebooks, edge: Edge) -> str:
    """Return the first lines of an edge as people read them."""
    shown = ", ".join(notebooks.shorts(edge.path, edge.lines[:3])) + (", ..." if edge.lines[3:] else "")
    return shown if _cells(notebooks, edge) else f"line{'s' * (len(edge.lines) > 1)} {shown}"


def _cells(notebooks: Notebooks, edge: Edge) -> dict[str, Any]:
    """Return the cells of the lines of an edge, in their order, as JSON; nothing if they are in no notebook."""
    cells = [notebooks.fields(edge.path, line) for line in edge.lines]
    return {"cells": [one or None for one in cells]} if any(cells) else {}


def _place(answers: Answers, symbol: Symbol) -> tuple[str, str]:
    """Return the path and the line of a symbol as they are printed."""
    return clean(answers.paths.shown(symbol.path)), answers.line(symbol)


def _print(answers: Answers, rows: Sequence[Row], indent: str = "") -> None:
    for line in _lines(answers, rows, indent):
        console.write(line + "\n")


def _lines(answers: Answers, rows: Sequence[Row], indent: str) -> Iterator[str]:
    look = answers.look
    for (path, line), kind, name, said in rows:
        shown = f"{indent}{look.paint(path, PATH)}{look.paint(':' + line, '32')}  {look.paint(kind, FAINT)} "
        yield look.fit(f"{shown}{look.paint(name, NAME)}  {look.paint(said, FAINT)}".rstrip())


def _print_places(answers: Answers, symbols: Sequence[Symbol]) -> None:
    if answers.format is Format.paths:
        answers.print_paths(answers.paths.shown(one.path) for one in symbols)
        return
    for one in symbols:
        place = answers.paths.place(one.path, one.start_line)
        console.write(f"{clean(place)}:1:{clean(one.qualname)}\n")
