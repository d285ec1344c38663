"""Languages whose functions are written in pieces: Elixir's clauses, Haskell's equations, OCaml's `let ... and`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from codesearch.languages.definition import Definition, Scan

_SPACE = re.compile(r"\s+")
_CLOSING = {b"("[0]: b")"[0], b"["[0]: b"]"[0], b"{"[0]: b"}"[0]}
_MAX_HEAD = 2_000
"""Bytes of a clause's head that are looked at."""


@dataclass(slots=True)
class _Level:
    """What stands directly inside one definition."""

    end: int
    last: Definition | None = None


def merge(
    definitions: list[Definition],
    belongs: Callable[[Definition, Definition], bool],
    join: Callable[[Definition, Definition], None],
) -> list[Definition]:
    """Merge neighbours on one level: where `belongs(earlier, later)`, `join` may change the earlier, which then
    reaches to the end of the later.
    """
    kept: list[Definition] = []
    levels = [_Level(end=1 << 62)]
    for definition in sorted(definitions, key=lambda one: (one.start, -one.end, one.name_start)):
        while levels[-1].end <= definition.start:
            levels.pop()
        level = levels[-1]
        earlier = level.last
        if earlier and earlier.end <= definition.start and belongs(earlier, definition):
            join(earlier, definition)
            earlier.end = definition.end
        else:
            level.last = definition
            kept.append(definition)
        levels.append(_Level(definition.end))
    return kept


# Elixir

_KEYWORD_BODY = re.compile(rb",\s*do:|\s+do\b(?!:)|\)\s*do\b(?!:)")
_IMPLEMENTED_FOR = re.compile(rb"\bfor:\s*([\w.]+)")


def elixir(scan: Scan) -> list[Definition]:
    """Merge consecutive clauses of one name and arity, and name implementations as Elixir does (`Size.Map`)."""
    source = scan.source
    arities: dict[int, int] = {}
    for definition in scan.definitions:
        head = source[definition.start : definition.start + 10]
        if definition.kind == "module" and head.startswith(b"defimpl"):
            limit = definition.body if definition.body > 0 else definition.name_start + _MAX_HEAD
            target = _IMPLEMENTED_FOR.search(source, definition.name_start, limit)
            if target:
                definition.name += "." + target[1].decode("utf-8", "replace")
        elif definition.kind in ("function", "macro") and head.startswith(b"def"):
            arities[definition.name_start] = _arity(source, definition)
            end = definition.body if definition.body > 0 else definition.end
            found = _KEYWORD_BODY.search(source, definition.name_start, min(end, definition.end))
            if found:
                definition.body = found.start() + (1 if found[0].startswith(b")") else 0)
            elif definition.body < 0:
                definition.body = definition.end

    def belongs(earlier: Definition, later: Definition) -> bool:
        return (
            earlier.name == later.name
            and earlier.kind == later.kind
            and arities.get(earlier.name_start, -1) == arities.get(later.name_start, -2)
        )

    return merge(scan.definitions, belongs, lambda earlier, later: None)


def _arity(source: bytes, definition: Definition) -> int:
    """Count the parameters; an operator has two."""
    at = definition.name_start + len(definition.name.encode())
    if not definition.name[:1].isalpha() and definition.name[:1] != "_":
        return 2
    if source[at : at + 1] != b"(":
        return 0
    commas, filled = 0, False
    depth: list[int] = []
    quote = 0
    for position in range(at, min(at + _MAX_HEAD, definition.end)):
        byte = source[position]
        if quote:
            if byte == quote and source[position - 1] != 0x5C:
                quote = 0
            continue
        if byte == 0x22:
            quote = byte
            filled = True
        elif byte in _CLOSING:
            filled = filled or bool(depth)
            depth.append(_CLOSING[byte])
        elif depth and byte == depth[-1]:
            depth.pop()
            if not depth:
                break
        elif byte == 0x2C and len(depth) == 1:
            commas += 1
        elif byte > 0x20:
            filled = True
    return commas + 1 if filled else 0


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


# OCaml

_BINDER = re.compile(
    rb"(?:\b(?:let|and|type|class|module)\b(?:%[\w.]+|\[@[^\]]*\])?\s*(?:\b(?:rec|nonrec|type|virtual|private)\b\s*)*"
    rb"(?:\[[^\]]*\]\s*)?)$"
)
_DOC_BELOW = re.compile(
    rb"[ \t]*(?:;;)?[ \t]*\n?[ \t]*\(\*\*(?!\*)((?:[^*]|\*(?!\)))*)\*\)[ \t]*(?=\n[ \t]*(?:\n|end\b|\}|\Z)|\Z)"
)
_DOC_ABOVE = re.compile(rb"\*\)[ \t]*\n[ \t]*\Z")


def ocaml_name(text: str) -> tuple[str, str]:
    """Unwrap `( + )`."""
    return "", text.strip("() ") or text


def ocaml(scan: Scan) -> list[Definition]:
    """Take `let`, `let rec`, `and` and the like into the ranges, and find documentation that stands below."""
    source = scan.source
    for definition in scan.definitions:
        low = max(0, definition.start - 80)
        binder = _BINDER.search(source[low : definition.start])
        if binder:
            definition.start = definition.head = low + binder.start()
        if definition.kind == "type":
            definition.body = -1  # what a type is made of belongs to its signature
        if not _DOC_ABOVE.search(source, max(0, definition.start - 200), definition.start):
            below = _DOC_BELOW.match(source, definition.end, definition.end + 8_000)
            if below:
                lines = below[1].decode("utf-8", "replace").splitlines()
                definition.documentation = "\n".join(line.strip() for line in lines).strip()
    return scan.definitions
