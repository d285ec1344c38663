"""C and C++: definitions that a macro makes, such as `TEST(Suite, name) {`, named by the arguments."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import Blocks, definition_at, regex

_HEAD = rb"""
    ^[ \t]*(?P<macro>[A-Z][A-Z0-9_]*|Test|ParameterizedTest)[ \t]*
    \((?P<args>(?:"(?:[^"\\\n]|\\.)*"|\([^(){};"]*\)|[^(){};"]){1,400})\)(?:\([^(){};]*\))?[ \t\r\n]*(?P<body>\{)
"""
"""A macro with arguments at the start of a line, and a body. The lower-case ones are those of Criterion."""
_INNER = rb"[A-Z][A-Z0-9_]*[ \t]*\([ \t]*(\w+)[ \t]*\)[ \t]*\("
"""A function whose name is written as a macro: `PRIV(find)(int a)`."""
_ARGUMENT = re.compile(r'\s*(?:[a-zA-Z]*"((?:[^"\\]|\\.)*)"|([\w:]+)\s*(?:,|\Z)|[^,"]*)\s*,?')
_TEST = re.compile(r"TEST|BENCHMARK|SCENARIO|PROP$|^(?:Parameterized)?Test$")
_SCOPED = re.compile(r"METHOD|_F$|_P$|TEST$|^BENCHMARK_(?:DEFINE|TEMPLATE)|Test$|PROP$")
"""Macros whose first argument is a suite, a fixture or a class, and whose second is the name."""
_FUNCTION = re.compile(r"DEFINE|METHOD|FUNCTION|IMPLEMENT|HANDLER")


def named_by_macros(scan: Scan, definitions: list[Definition]) -> list[Definition]:
    """Name functions and tests that macros make by their arguments, and add those that the grammar reads as calls.

    A `typedef` that repeats the tag of a type in the file counts only as its prototype.
    """
    made = {one.start: one for one in _made(scan.source)}
    tags = {one.name for one in definitions if one.kind in ("struct", "enum", "class")}
    for definition in definitions:
        if (
            definition.kind == "type"
            and definition.name in tags
            and scan.source.startswith(b"typedef", definition.start)
        ):
            definition.prototype = True
        elif definition.kind == "function" and (definition.name.isupper() or definition.start in made):
            _name(definition, made.pop(definition.start, None), scan.source)
    return definitions + _not_inside(list(made.values()), definitions)


def _name(definition: Definition, made: Definition | None, source: bytes) -> None:
    if made:
        definition.kind, definition.scope, definition.name = made.kind, made.scope, made.name
    elif inner := regex(_INNER).match(source, definition.name_start):
        definition.name = inner[1].decode("ascii", "replace")


def _not_inside(made: list[Definition], definitions: list[Definition]) -> list[Definition]:
    """Return those that are in no other function: inside, a macro with a block is a statement."""
    functions = sorted((one.start, one.end) for one in definitions if one.kind in ("function", "test") and one.body > 0)
    starts = [start for start, _ in functions]
    ends = list(accumulate((end for _, end in functions), max))
    bodies = {one.body for one in definitions}
    out = []
    for one in made:
        at = bisect_right(starts, one.start) - 1
        if one.body not in bodies and (at < 0 or ends[at] <= one.start):
            out.append(one)
    return out


def _made(source: bytes) -> list[Definition]:
    """Return what macros whose names say so make: tests, and functions."""
    out: list[Definition] = []
    blocks = Blocks(source)
    for found in regex(_HEAD, re.VERBOSE | re.MULTILINE).finditer(source):
        macro = found["macro"].decode()
        kind = "test" if _TEST.search(macro) else "function" if _FUNCTION.search(macro) else ""
        arguments = _ARGUMENT.findall(found["args"].decode("utf-8", "replace")) if kind else []
        title = next((text for text, _ in arguments if text), "")
        words = [word for _, word in arguments if word]
        if not title and not words:
            continue
        scope = ""
        if not title and len(words) > 1 and _SCOPED.search(macro):
            scope, title = words[0], words[1]
        body = found.start("body")
        one = definition_at(kind, title or words[0], found.start("macro"), blocks.end(body), body, found.start("args"))
        one.scope = scope
        out.append(one)
    return out
