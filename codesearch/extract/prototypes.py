"""Prototypes: declarations that count only where the file has no definition of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codesearch.core.types import Symbol


def without_prototypes(symbols: Sequence[tuple[Symbol, bool]]) -> list[Symbol]:
    """Return the symbols without the prototypes whose definition is among them; the second of a pair says whether it
    is a prototype.

    The definition of a prototype takes over its documentation, unless it has one of its own.
    """
    defined: dict[str, list[int]] = {}
    for at, (symbol, is_prototype) in enumerate(symbols):
        if not is_prototype:
            defined.setdefault(symbol.qualname, []).append(at)
    dropped: dict[str, list[Symbol]] = {}
    kept: list[Symbol | None] = []
    for symbol, is_prototype in symbols:
        is_dropped = is_prototype and symbol.qualname in defined
        if is_dropped:
            dropped.setdefault(symbol.qualname, []).append(symbol)
        kept.append(None if is_dropped else symbol)
    for name, prototypes in dropped.items():
        for at, text in _documented(prototypes, [symbols[at][0] for at in defined[name]]).items():
            symbol = symbols[defined[name][at]][0]
            kept[defined[name][at]] = replace(symbol, documentation=text)
    return [symbol for symbol in kept if symbol is not None]


def _documented(prototypes: list[Symbol], definitions: list[Symbol]) -> dict[int, str]:
    """Return the documentation of definitions that have none, by their position.

    An overloaded function has several of each: those with as many parameters belong together, in their order.
    """
    if len(definitions) == 1:
        text = next((one.documentation for one in prototypes if one.documentation), "")
        return {} if definitions[0].documentation or not text else {0: text}
    by_count: dict[int, list[Symbol]] = {}
    for prototype in reversed(prototypes):
        by_count.setdefault(_parameters(prototype), []).append(prototype)
    out: dict[int, str] = {}
    for at, definition in enumerate(definitions):
        same = by_count.get(_parameters(definition))
        text = same.pop().documentation if same else ""
        if text and not definition.documentation:
            out[at] = text
    return out


def _parameters(symbol: Symbol) -> int:
    """Count the commas of a signature after the name: enough to tell overloads apart."""
    return symbol.signature.rpartition(symbol.name)[2].count(",")
