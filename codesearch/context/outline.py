"""Outlines: of a repository by how much its symbols are used, of a file, and of what is around a symbol."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.context import file_outline
from codesearch.context.clean import one_line
from codesearch.context.file_outline import is_whole_file, line
from codesearch.context.token_count import estimate
from codesearch.core.filter import Filter
from codesearch.core.globs import escaped
from codesearch.core.tokens import split_identifier
from codesearch.core.types import Symbol
from codesearch.files.cells import Notebooks
from codesearch.store.importance import Mentioned, mentioned

if TYPE_CHECKING:
    from codesearch.index import Index

TYPES = frozenset({"class", "struct", "trait", "interface", "enum", "type"})
_MOST = 4000
"""Symbols that are considered for an outline; more never fit."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline as text and as objects."""

    text: str
    files: list[dict[str, Any]]
    symbols: int
    """Symbols that are shown."""
    total: int


def repository(index: Index, budget: float, path: str = "") -> Outline:
    """Return an outline of the most used symbols, file by file, within a budget of tokens."""
    store = index.reader()
    if store is None:
        return Outline("", [], 0, 0)
    where = Filter(under=(f"/{escaped(path)}", f"/{escaped(path)}/**")) if path else None
    # Ids tell which files were indexed first, which is different in each index; within a file they follow the text.
    scored = sorted((-_score(one), one.path, one.id) for one in mentioned(store, where))
    best = [(-score, number) for score, _, number in scored[:_MOST]]
    notebooks = Notebooks.of(index)
    symbols = store.symbols([number for _, number in best])
    chosen: dict[str, list[tuple[float, Symbol]]] = {}
    left = budget
    seen: set[tuple[str, str]] = set()
    for score, number in best:
        symbol = symbols[number].symbol
        if (symbol.path, symbol.qualname) in seen:  # an overload
            continue
        seen.add((symbol.path, symbol.qualname))
        cost = estimate(line(symbol, notebooks)) + (
            0 if symbol.path in chosen else estimate(one_line(symbol.path) + "\n")
        )
        if cost > left:
            break
        left -= cost
        chosen.setdefault(symbol.path, []).append((score, symbol))
    order = sorted(chosen, key=lambda name: (-sum(score for score, _ in chosen[name]), name))
    files = {name: [symbol for _, symbol in chosen[name]] for name in order}
    return _outline(files, notebooks, len(scored))


def scores(index: Index) -> dict[str, float]:
    """Return how much each name matters in an overview of the repository; nothing without an index."""
    found: dict[str, float] = {}
    for one in mentioned(store) if (store := index.reader()) is not None else ():
        found[one.name] = max(found.get(one.name, 0.0), _score(one))
    return found


def of_file(index: Index, path: str) -> Outline:
    """Return the outline of one file: every symbol but the rest of its code."""
    found = list(file_outline.of_index(index, Filter(under=(f"/{escaped(path)}",))))
    count = sum(one.symbols for one in found)
    notebooks = Notebooks.of(index)
    values = [
        _value(one.path, notebooks, [part.symbol for _, part in file_outline.walk(one.parts)])
        for one in found
        if one.parts
    ]
    text = "".join(file_outline.compact(one, notebooks) for one in found)
    return Outline(text if count else "", values, count, count)


def around(index: Index, symbol: Symbol, budget: float) -> str:
    """Return what contains a symbol, and the names and lines of what is beside it; "" if it is alone."""
    others = [one for one in index.symbols(Filter(under=(f"/{escaped(symbol.path)}",))) if not is_whole_file(one)]
    outer = _container(symbol, others)
    beside = [one for one in others if _container(one, others) == outer]
    if len(beside) < 2 and outer is None:
        return ""
    place = one_line(symbol.path) if outer is None else f"{outer.kind} {one_line(outer.qualname)}"
    number = Notebooks.of(index).number
    first = f":{number(outer.path, outer.start_line)}" if outer is not None else ""
    names = [
        one_line(one.name) if one == symbol else f"{one_line(one.name)}:{number(one.path, one.start_line)}"
        for one in beside
    ]
    at = beside.index(symbol) if symbol in beside else 0
    start, end = at, at + 1
    while end - start < len(names):  # the nearest first
        wider = (max(0, start - 1), min(len(names), end + 1))
        if estimate(", ".join(names[wider[0] : wider[1]])) > budget:
            break
        start, end = wider
    inside = ", ".join((*(["..."] * (start > 0)), *names[start:end], *(["..."] * (end < len(names)))))
    return f"In {place}{first}: {inside}\n"


def _container(symbol: Symbol, others: Iterable[Symbol]) -> Symbol | None:
    """Return the innermost symbol around another one."""
    found = [
        one
        for one in others
        if one != symbol and one.start_byte <= symbol.start_byte and symbol.end_byte <= one.end_byte
    ]
    return min(found, key=lambda one: one.end_byte - one.start_byte, default=None)


def _score(one: Mentioned) -> float:
    """Return how much a symbol matters in an overview: how often its name is used, and by what it is."""
    score = math.log2(1 + one.mentions / one.namesakes)
    if one.kind in TYPES:
        score *= 1.5
    elif len(split_identifier(one.name)) == 1:
        score *= 0.5  # `name`, `get`: other identifiers and texts contain the word, too
    if one.name.startswith("_") or len(one.name) < 3:
        score *= 0.5
    if one.roles or one.kind == "test":
        score *= 0.1
    return score


def _outline(files: dict[str, list[Symbol]], notebooks: Notebooks, total: int) -> Outline:
    parts, values, count = [], [], 0
    for path, symbols in files.items():
        parts.append(f"{one_line(path)}\n")
        listed: Sequence[Symbol] = sorted(symbols, key=lambda one: (one.start_line, -one.end_line))
        parts += [line(one, notebooks) for one in listed]
        count += len(listed)
        values.append(_value(path, notebooks, listed))
    return Outline("".join(parts), values, count, total)


def _value(path: str, notebooks: Notebooks, listed: Iterable[Symbol]) -> dict[str, Any]:
    """Return the symbols of a file as an object."""
    symbols = [
        {
            "line": one.start_line,
            **notebooks.fields(path, one.start_line),
            "kind": one.kind,
            "name": one_line(one.qualname),
        }
        for one in listed
    ]
    return {"path": one_line(path), "symbols": symbols}
