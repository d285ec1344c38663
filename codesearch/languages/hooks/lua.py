"""Lua: names, methods with `self`, and the types of Luau, which the grammar does not know."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import (
    blanked,
    closing,
    definition_at,
    fewer_errors,
    in_namespaces,
    merged,
)

_INDEX = re.compile(r"\[\s*[\"']([^\"'\]]+)[\"']\s*\]")


def lua_name(text: str) -> tuple[str, str]:
    """Split `M.find`, `M:get` and `M["run"]`."""
    if "[" in text:
        text = _INDEX.sub(r".\1", text)
    scope, _, name = text.replace(":", ".").rpartition(".")
    return scope, name


_LUA_SELF = re.compile(rb"\w*\s*=?\s*(?:function\s*)?\(\s*self\b")


_TYPE = re.compile(rb"^[ \t]*(?:export[ \t]+)?type[ \t]+(\w+)[ \t]*(?:<[^<>\n]*>[ \t]*)?=", re.MULTILINE)
_FUNCTION = re.compile(rb"\bfunction\b[ \t]*(?:[\w.:]+[ \t]*)?(?:(<[^<>()\n]*>)[ \t]*)?\(")
_ANNOTATED = re.compile(
    rb"\blocal[ \t]+\w+([ \t]*:[^=\n]{1,300})(?:=|$)|[ \t](::[ \t]*[\w.]+)|(?<=[\w\]])[ \t]*([-+*/%^.]|\.\.)=(?!=)",
    re.MULTILINE,
)
"""`local x: T = 1`, `x :: T`, `x += 1`."""
_CONTINUE = re.compile(rb"^[ \t]*(continue)[ \t]*;?[ \t\r]*$", re.MULTILINE)
_PARAMETER_TYPE = re.compile(rb"[\w.][ \t]*(:[ \t\n]*)")


def _type_end(source: bytes, at: int, stops: bytes) -> int:
    """Return where a type ends: at one of `stops` outside brackets."""
    while at < len(source) and source[at] not in stops:
        if source[at] in b"{(<[":
            end = closing(source, at, 4_000)
            if end < 0:
                return at
            at = end
        else:
            at += 1
    return at


def _luau(scan: Scan) -> Scan:
    """Return a scan without the types of Luau, which become definitions of their own."""
    source = scan.source
    spans: list[tuple[int, int]] = []
    types: list[Definition] = []
    for found in _TYPE.finditer(source):
        end = _type_end(source, found.end(), b"\n")
        while source[end : end + 200].lstrip()[:1] in (b"|", b"&"):
            end = _type_end(source, end + 1, b"\n")
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        spans.append((start, end))
        types.append(definition_at("type", found[1].decode(), start, end, -1, found.start(1)))
    for found in _FUNCTION.finditer(source):
        spans += _signature_types(source, found)
    for found in _ANNOTATED.finditer(source):
        group = found.lastindex or 0
        spans.append(found.span(group))
    spans += [found.span(1) for found in _CONTINUE.finditer(source)]
    spans = merged(spans)
    if not spans:
        return scan
    other = scan.again(blanked(source, spans), changed=spans)
    if fewer_errors([scan, other]) is scan:
        return scan
    scan.adopt(other)
    known = {definition.name_start for definition in other.definitions}
    other.definitions += [one for one in types if one.name_start not in known]
    return other


def _signature_types(source: bytes, function: re.Match[bytes]) -> list[tuple[int, int]]:
    """Return the ranges of type parameters, of the types of parameters, and of the result."""
    spans = [function.span(1)] if function[1] else []
    at = function.end()
    close = closing(source, at - 1)
    if close < 0:
        return spans
    while found := _PARAMETER_TYPE.search(source, at, close):
        at = _type_end(source, found.end(), b",)")
        spans.append((found.start(1), at))
    if source[close : close + 1] == b":":
        spans.append((close, _type_end(source, close + 1, b"\n")))
    return spans


def lua(scan: Scan) -> list[Definition]:
    """`M:get` and what takes `self` are methods; `M.find` is a function of its table."""
    if scan.has_error:
        scan = _luau(scan)
    methods: list[Definition] = []
    others: list[Definition] = []
    for definition in scan.definitions:
        if definition.kind == "function" and definition.scope:
            at = definition.name_start + len(definition.scope.encode())
            selfish = _LUA_SELF.match(scan.source, at + 1, at + 200)
            (methods if selfish or scan.source[at : at + 1] == b":" else others).append(definition)
        else:
            others.append(definition)
    return methods + in_namespaces(others)
