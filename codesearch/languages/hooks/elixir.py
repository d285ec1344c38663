"""Elixir: clauses of one function, protocols."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import fewer_errors, merge

_CLOSING = {b"("[0]: b")"[0], b"["[0]: b"]"[0], b"{"[0]: b"}"[0]}


_STRING = re.compile(rb'"(?:[^"]|(?<=\\)")*(?:"|\Z)')


_MAX_HEAD = 2_000
"""Bytes of the head of a clause that are read."""


# Elixir

_KEYWORD_BODY = re.compile(rb",\s*do:|(?<!\s)\s+do\b(?!:)|\)\s*do\b(?!:)")


_IMPLEMENTED_FOR = re.compile(rb"\bfor:\s*([\w.]+)")


_WORD = re.compile(rb'"""(?:[^"]|"(?!""))*"""|"(?:[^"\\]|\\.)*"|#[^\n]*|([\w\x80-\xff]+)', re.DOTALL)
"""Strings, comments, and words, which are the group."""


def _with_plain_names(scan: Scan) -> Scan:
    """Return a scan of a source whose names are ASCII: the grammar knows only some other letters."""
    if not scan.has_error or scan.source.isascii():
        return scan
    names = [found.span(1) for found in _WORD.finditer(scan.source) if found[1] and not found[1].isascii()]
    plain = bytearray(scan.source)
    for start, end in names:
        plain[start:end] = b"x" * (end - start)
    other = scan.again(bytes(plain), changed=names)
    if fewer_errors([scan, other]) is scan:
        return scan
    scan.adopt(other)
    ends = dict(names)
    for definition in other.definitions:
        if definition.name_start in ends:
            name = scan.source[definition.name_start : ends[definition.name_start]]
            definition.name = name.decode("utf-8", "replace")
    return other


def elixir(scan: Scan) -> list[Definition]:
    """Merge consecutive clauses of one name and arity, and name implementations as Elixir does (`Size.Map`)."""
    source = scan.source
    scan = _with_plain_names(scan)
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
    for byte in _STRING.sub(b"s", source[at : min(at + _MAX_HEAD, definition.end)]):
        if byte in _CLOSING:
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
