"""Qualified names: whether a symbol with the last name is where the query says (`Engine.run`, `shop::cart::total`).

A container is a class, a namespace, a folder, a file or the tree itself, whatever the case style.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from codesearch.core.names import identity, split
from codesearch.core.tokens import name_key
from codesearch.core.types import CALLABLES, Symbol
from codesearch.search.query import Query

_ANYWHERE = frozenset({"self", "this", "cls", "super", "crate", "prototype"})
"""Words before a name that name no container: `self.run`, `crate::run`."""
_SEPARATORS = re.compile(r"::|->|[#/]")


def containers(symbol: Symbol) -> list[str]:
    """Return the containers that a symbol's name is written with, outermost first."""
    last = last_part(symbol) or symbol.name
    return list(filter(None, _SEPARATORS.sub(".", symbol.qualname.removesuffix(last)).split(".")))


def is_elsewhere(query: Query, symbol: Symbol) -> bool:
    """Return whether the query writes containers before the name that the symbol is not in."""
    wanted = set(query.scope) - _ANYWHERE
    if not wanted:
        return False
    around = {*map(name_key, containers(symbol)), query.tree}
    if wanted <= around:
        return False
    *folders, file = symbol.path.split("/")
    around.update(map(name_key, (*folders, *file.split("."))))
    return not wanted <= around


def halved(total: float, calibration: tuple[float, float]) -> float:
    """Return what to subtract from a sum so that its score is half of what it was."""
    slope, intercept = calibration
    odds = max(-60.0, slope * total + intercept)
    return (odds + math.log1p(2 * math.exp(-odds))) / slope


def last_part(symbol: Symbol) -> str:
    """Return the last part of a name with its namespaces, `Schema` of `Ecto.Schema`; "" for all other names.

    A file is not a namespace: `schema.test` is the name of schema.test.ts.
    """
    name = symbol.name
    at = max(name.rfind("."), name.rfind("::") + 1)
    if at <= 0 or not name[at + 1 :].isidentifier() or symbol.kind in CALLABLES:
        return ""
    is_file = symbol.kind == "module" and PurePosixPath(symbol.path).name.startswith(name + ".")
    return "" if is_file else name[at + 1 :]


def missing(query: Query, symbols: Iterable[Symbol]) -> str:
    """Return what to say if symbols have the last name of a query, but none is where the query says; else ""."""
    if not query.scope:
        return ""
    found = list(symbols)
    named = [one for one in found if is_namesake(query, one)]
    is_file = any(one.path.endswith(query.text) for one in found)  # `cart.py`
    return note(query) if named and not is_file and all(is_elsewhere(query, one) for one in named) else ""


def is_namesake(query: Query, symbol: Symbol) -> bool:
    """Return whether a symbol has the name of a query, wherever it is."""
    if query.signs:
        return identity(symbol.name) == (query.name, query.signs)
    return query.name in (name_key(symbol.name), name_key(last_part(symbol)))


def note(query: Query) -> str:
    """Return that the name of a query is not where the query says."""
    named = split(query.text)
    return f"no `{query.text}` was found: `{named[0] if named else query.name}` is in other containers"
