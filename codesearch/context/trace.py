"""The tool `trace`: callers, callees, implementations and tests of a symbol, as far as they could be resolved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.context.clean import one_line
from codesearch.context.token_count import estimate
from codesearch.files.cells import Notebooks
from codesearch.references import graph
from codesearch.references.mentions import mentions

if TYPE_CHECKING:
    from codesearch.core.types import Symbol
    from codesearch.index import Index
    from codesearch.references.edges import Edge

DIRECTIONS: dict[str, Callable[[Index, Symbol], list[Edge]]] = {
    "callers": graph.callers,
    "callees": graph.callees,
    "implementations": graph.implementations,
    "tests": graph.tests,
    "mentions": mentions,
}
MOST_MENTIONS = 3
"""Sections that are named with the source of a symbol."""
MOST_LINES = 5
"""Lines of references that are listed per symbol."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The edges of a symbol, as text and as objects."""

    text: str
    value: dict[str, list[dict[str, Any]]]
    left_out: int


def traced(index: Index, symbol: Symbol, directions: Sequence[str], budget: float) -> Traced:
    """Return the edges of a symbol in some directions within a budget of tokens, the surest first."""
    found = {name: DIRECTIONS[name](index, symbol) for name in directions}
    notebooks = Notebooks.of(index)
    parts: list[str] = []
    value: dict[str, list[dict[str, Any]]] = {}
    left, left_out = budget, 0
    for place, (name, edges) in enumerate(found.items()):
        share = left / (len(found) - place)
        value[name] = []
        heading = f"{name}: {len(edges) or 'none found'}\n"
        parts.append(heading)
        share -= (spent := estimate(heading))
        for edge in edges:
            line = f"  {_line(notebooks, edge)}\n"
            cost = estimate(line)
            if cost > share:
                break
            parts.append(line)
            value[name].append(_json(notebooks, edge))
            share, spent = share - cost, spent + cost
        left -= spent
        left_out += len(edges) - len(value[name])
    return Traced("".join(parts), value, left_out)


def named_in(index: Index, symbol: Symbol) -> list[str]:
    """Return the first sections of prose that name a symbol; of a section, the first symbols that it names."""
    edges = mentions(index, symbol, confidence="exact")[:MOST_MENTIONS]
    number = Notebooks.of(index).number
    found = [one.symbol for one in edges]
    return [f"{one_line(one.path)}:{number(one.path, one.start_line)} {one_line(one.qualname)}" for one in found]


def supported(symbol: Symbol) -> bool:
    """Return whether the references of the symbol's language are known."""
    return graph.supported(symbol.language)


def _line(notebooks: Notebooks, edge: Edge) -> str:
    symbol = edge.symbol
    lines = ",".join(notebooks.number(edge.path, line) for line in edge.lines[:MOST_LINES])
    more = ",..." if len(edge.lines) > MOST_LINES else ""
    sure = "" if edge.confidence == "exact" else f" ({edge.confidence})"
    far = f" {edge.distance} calls away" if edge.distance > 1 else ""
    at = f" at {lines}{more}" if edge.lines else ""
    place = notebooks.number(symbol.path, symbol.start_line)
    return f"{one_line(symbol.path)}:{place} {symbol.kind} {one_line(symbol.qualname)}{at}{far}{sure}"


def _json(notebooks: Notebooks, edge: Edge) -> dict[str, Any]:
    symbol, lines = edge.symbol, edge.lines[:MOST_LINES]
    cells = [notebooks.fields(edge.path, line) or None for line in lines]
    return {
        "path": one_line(symbol.path),
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
        **notebooks.fields(symbol.path, symbol.start_line),
        "kind": symbol.kind,
        "name": one_line(symbol.qualname),
        "lines": list(lines),
        **({"cells": cells} if any(cells) else {}),
        "confidence": edge.confidence,
        "distance": edge.distance,
    }
