"""Haskell: clauses of one function."""

from __future__ import annotations

import re
from itertools import pairwise

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import merge

_SPACE = re.compile(r"\s+")


# Haskell

_WHERE = re.compile(rb"\bwhere\b")


def haskell_name(text: str) -> tuple[str, str]:
    """Unwrap `(<>)` and `` `div` ``."""
    return "", text.strip("()` ")


def haskell(scan: Scan) -> list[Definition]:
    """Merge the equations of one name, join them with their signature, and name instances by their whole head."""
    shared: dict[int, list[Definition]] = {}
    for definition in scan.definitions:
        if definition.kind == "impl":
            end = definition.body if definition.body > 0 else definition.end
            head = scan.source[definition.name_start : min(end, definition.name_start + 200)]
            text = re.split(rb"\swhere\b|\n\s*\n", head, maxsplit=1)[0].decode("utf-8", "replace")
            definition.name = _SPACE.sub(" ", text).strip() or definition.name
        elif definition.kind == "trait":
            where = _WHERE.search(scan.source, definition.name_start, definition.end)
            definition.body = where.start() if where else -1
        elif definition.prototype:
            shared.setdefault(definition.start, []).append(definition)
            definition.body = definition.end
    for names in shared.values():  # `x, y :: Int` declares several: one range each, or they would nest
        names.sort(key=lambda one: one.name_start)
        for one, following in pairwise(names):
            one.end = following.start = following.name_start

    def belongs(earlier: Definition, later: Definition) -> bool:
        return earlier.name == later.name and earlier.kind == later.kind == "function"

    def join(earlier: Definition, later: Definition) -> None:
        earlier.prototype = earlier.prototype and later.prototype

    return merge(scan.definitions, belongs, join)
