"""C#: operators, destructors, `#if` around half a declaration, extension blocks, and the XML of documentation."""

from __future__ import annotations

import html
import re
from itertools import pairwise

from codesearch.languages.definition import TYPE_KINDS, Definition, Scan
from codesearch.languages.hooks._common import Blocks, blanked, fewer_errors, heads, merged, regex

_CSHARP_METHOD = rb"""
    ^[ \t]*(?:\[[^\]\n]*\][ \t]*)?
    (?:(?:public|private|protected|internal|static|virtual|override|abstract|sealed|async|unsafe|extern|new|partial)\s+){0,20}
    (?!(?:return|new|await|else|throw|case|in|yield|var|goto)\b)(?:[\w.<>\[\],?]+(?:[ \t]+|[^\S\n]*\n\s*))
    (?P<name>[A-Za-z_]\w*)[ \t]*(?:<[^<>(){};\n]*>)?[ \t]*
    \((?:[^(){};]|\([^(){};]*\))*\)[^(){};=]*(?P<body>\{|=>)
"""


_EXTENSION = rb"^[ \t]*(extension[ \t]*(?:<[^<>(){};]{0,200}>[ \t]*)?\([^(){};]{0,300}\)[^(){};]{0,300})(?P<body>\{)"
"""C# 14: `extension(string s) {`; its members belong to the class around it."""
_CONDITION = rb"^[ \t]*#[ \t]*(if|elif|else|endif)\b[^\r\n]*"
_IF = rb"^[ \t]*#[ \t]*if\b[^\r\n]*"
"""Stands between a definition and its comment."""
_TAG = re.compile(r"<(/?)(\w+)((?:\s+\w+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*(/?)>")
_VALUE = re.compile(r"\w+\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_XML_TAGS = frozenset(
    "summary remarks param typeparam returns value exception see seealso paramref typeparamref c code para list item "
    "term description listheader inheritdoc example include permission b i br a em strong".split()
)


def csharp(scan: Scan) -> list[Definition]:
    """Name operators and destructors; repair what the grammar does not know, and add methods it still loses."""
    definitions = _repaired(scan)
    for definition in definitions:
        before = scan.source[max(0, definition.name_start - 20) : definition.name_start].rstrip()
        if before.endswith(b"operator"):
            definition.name = f"operator {definition.name}"
        elif before.endswith(b"~"):
            definition.name = f"~{definition.name}"
    return definitions


def _repaired(scan: Scan) -> list[Definition]:
    source = scan.source
    best = scan
    extensions = _extension_blocks(source) if b"extension" in source else []
    if extensions:
        best = _blanked(scan, merged(extensions))
    if best.has_error and b"#if" in source:
        scan.attributes |= {found.end(): (found.start(), "") for found in regex(_IF, re.MULTILINE).finditer(source)}
        branches = (merged(extensions + _conditions(source, first)) for first in (True, False))
        best = fewer_errors([best, *(_blanked(scan, spans) for spans in branches)])
    if best is not scan:
        scan.adopt(best)
    if not best.has_error:
        return best.definitions
    definitions = _without_lost_calls(best)
    known = {one.name_start for one in best.definitions}
    lost = heads(_CSHARP_METHOD, best.source, best.errors, definitions, "method")
    return definitions + [one for one in lost if one.name_start not in known]


def _blanked(scan: Scan, spans: list[tuple[int, int]]) -> Scan:
    return scan.again(blanked(scan.source, spans), changed=spans)


def _extension_blocks(source: bytes) -> list[tuple[int, int]]:
    """Return the heads of extension blocks with their braces, in order."""
    blocks = Blocks(source)
    spans = []
    for found in regex(_EXTENSION, re.MULTILINE).finditer(source):
        end = blocks.end(found.start("body"))
        spans += [(found.start(1), found.end()), (end - 1, end)]
    return sorted(spans)


def _conditions(source: bytes, first: bool) -> list[tuple[int, int]]:
    """Return the lines of conditional compilation, and all branches but the first (or all but the last)."""
    spans: list[tuple[int, int]] = []
    opened: list[list[tuple[int, int]]] = []
    for found in regex(_CONDITION, re.MULTILINE).finditer(source):
        if found[1] == b"if":
            opened.append([])
        if not opened:
            continue
        opened[-1].append(found.span())
        if found[1] == b"endif":
            lines = opened.pop()
            spans += lines
            between = [(above[1], below[0]) for above, below in pairwise(lines)]
            del between[0 if first else -1]
            spans += between
    return spans


def _without_lost_calls(scan: Scan) -> list[Definition]:
    """Leave out what looks like a constructor but has not the name of its type: a call in half a body."""
    constructors = set(scan.marks.get("constructor", ()))
    kept: list[Definition] = []
    around: list[Definition] = []
    for definition in sorted(scan.definitions, key=lambda one: (one.start, -one.end)):
        while around and around[-1].end <= definition.start:
            around.pop()
        if (definition.start, definition.end) in constructors and (not around or around[-1].name != definition.name):
            continue
        kept.append(definition)
        if definition.kind in TYPE_KINDS:
            around.append(definition)
    return kept


def csharp_documentation(text: str) -> str:
    """Return the text of an XML comment: tags go, `<see cref="User"/>` is User, `<param name="user">` is `user:`."""
    if "<" not in text:
        return text
    return html.unescape(re.sub(r"\n{3,}", "\n\n", _TAG.sub(_tag, text))).strip("\n ")


def _tag(found: re.Match[str]) -> str:
    closing, name, attributes, _ = found.groups()
    if name.lower() not in _XML_TAGS:
        return found[0]
    value = _VALUE.search(attributes or "")
    text = (value[1] if value[1] is not None else value[2]) if value else ""
    if closing or not text:
        return ""
    if name in ("param", "typeparam", "exception"):
        return f"{_short(text)}: "
    return _short(text) if name in ("see", "seealso", "paramref", "typeparamref") else ""


def _short(reference: str) -> str:
    """Return what a reference names without its kind: `T:Shop.User` is Shop.User."""
    return re.sub(r"^[A-Z]:", "", reference)
