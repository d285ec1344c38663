"""The type that a function returns, as far as its signature says it."""

from __future__ import annotations

import re

from codesearch.core.types import Symbol
from codesearch.extract.receivers import type_name

_ARROW = re.compile(r"->\s*(.+)$")
_COLON = re.compile(r"\)\s*:\s*(.+)$")
_BEFORE = frozenset({"java", "c", "cpp", "csharp", "dart", "objc"})
"""Languages that name the type before the function."""


def returned(symbol: Symbol) -> str:
    """Return the name of the type that a function returns; "" if it is not known."""
    signature = symbol.signature
    if symbol.language in _BEFORE:
        before = signature.partition(symbol.name + "(")[0].split()
        while before and before[0] in _MODIFIERS:
            before.pop(0)
        return type_name(" ".join(before).rpartition("::")[0] if before and "::" in before[-1] else " ".join(before))
    if symbol.language == "go":
        return type_name(_after_parameters(signature, symbol.name))
    found = _ARROW.search(signature) or _COLON.search(signature)
    return type_name(found[1]) if found else ""


_MODIFIERS = frozenset(
    "public private protected static final abstract synchronized native default inline virtual explicit constexpr "
    "extern override async internal sealed const".split()
)


def _after_parameters(signature: str, name: str) -> str:
    """Return what follows the parameters of a Go function: `(T, error)`, `*T`."""
    at = signature.find("(", signature.find(name))
    depth = 0
    for position in range(max(at, 0), len(signature)):
        depth += {"(": 1, ")": -1}.get(signature[position], 0)
        if not depth:
            rest = signature[position + 1 :].strip()
            return rest.lstrip("(").partition(",")[0]
    return ""
