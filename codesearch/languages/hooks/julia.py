"""Julia: names and methods."""

from __future__ import annotations

import re
from bisect import bisect_right

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import in_namespaces

# Julia

_TYPE_PARAMETERS = re.compile(r"\{.*$", re.DOTALL)


def julia_name(text: str) -> tuple[str, str]:
    """Split `Base.show`; `Point{T}` is `Point`, `(f::Functor)` is `Functor`, `Base.:+` is `+` of `Base`."""
    if text.startswith("(") and "::" in text:
        text = text.strip("()").rpartition("::")[2]
    text = _TYPE_PARAMETERS.sub("", text)
    scope, dot, name = text.rpartition(".")
    if not dot or not name or not scope or scope.endswith("."):
        return "", text
    return scope, name.removeprefix(":").strip("()")


def julia(scan: Scan) -> list[Definition]:
    """Cut signatures where the grammar marks no body: after the head of a function or a type."""
    heads = sorted(scan.marks.get("head", ()))
    starts = [start for start, _ in heads]
    for definition in scan.definitions:
        if definition.kind == "module":
            definition.body = definition.name_start + len(definition.name.encode())
        elif definition.body < 0:
            at = bisect_right(starts, definition.name_start) - 1
            if at >= 0 and definition.start <= starts[at]:
                definition.body = heads[at][1]
    return in_namespaces(scan.definitions)
