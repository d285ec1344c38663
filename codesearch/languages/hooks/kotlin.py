"""Kotlin: syntax that the grammar does not know, and definitions that it loses."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import blanked, closing, definition_at, fewer_errors, merged, regex

# Kotlin

_KOTLIN_DEFINITION = re.compile(
    rb"^([ \t]*)(?:(?:public|private|internal|protected|override|open|abstract|final|suspend|inline|operator|infix"
    rb"|tailrec|external|expect|actual|data|sealed|enum|annotation|value|inner|companion|@\w+(?:\([^()\n]*\))?)[ \t]+)*"
    rb"(?:(fun)[ \t]+(?:<[^\n()]{1,200}>[ \t]+)?(?:([\w.]+)(?:<[^\n()]{1,200}>)?\??\.)?(`[^`\n]+`|\w+)[ \t]*\("
    rb"|(class|interface|object|typealias)[ \t]+(\w+))",
    re.MULTILINE,
)
_ANNOTATION = rb"@(?:\w+:)?[\w.]+"
_CONTEXT = rb"^[ \t]*(context[ \t]*)\("
"""`context(log: Log)` before a declaration."""
_GUARD = rb"(?:^|[{;])[ \t]*(?:!?i[sn]\b|else\b|[A-Z\"\d])[^\n{}]{0,300}?[ \t](if\b[^\n{}]{0,300}?)->"
"""`is Text if it.length > 1 ->` in a `when`."""
_DOLLARS = rb"(?<!\$)(\$+)\""
"""`$$"price $a"`."""
_ONE_LINE = rb"\b(?:class|object|interface)\b[^\n\"{}]{0,300}\{[^\n\"]{0,300}\}[ \t\r]*$"
_UNENDED = rb"(?<=[^\s{};])([ \t])[ \t]*\}"
"""`object Limits { val most = 5 }`: the grammar needs a semicolon before the brace."""


_INDENTED = re.compile(rb"^([ \t]*)([^\s])", re.MULTILINE)


def kotlin(scan: Scan) -> list[Definition]:
    """Blank what the grammar does not know, and recognise by their lines the definitions that it still loses."""
    scan = _known(scan)
    return scan.definitions + _lost(scan) if scan.has_error else scan.definitions


def _known(scan: Scan) -> Scan:
    """Return a scan without annotations that the grammar takes for expressions, and without modern syntax."""
    spans = _annotations(scan)
    unended: list[int] = []
    if scan.has_error:
        unended = _unended(scan.source)
        spans += [(at, at + 1) for at in unended]
        spans += _contexts(scan.source)
        for pattern in (_GUARD, _DOLLARS):
            spans += [found.span(1) for found in regex(pattern, re.MULTILINE).finditer(scan.source)]
    if not spans:
        return scan
    spans = merged(spans)
    known = bytearray(blanked(scan.source, spans))
    for at in unended:
        known[at] = ord(";")
    other = scan.again(bytes(known), changed=spans)
    if scan.has_error and fewer_errors([scan, other]) is scan:
        return scan
    scan.adopt(other)
    scan.attributes |= {end: (start, "") for start, end in spans}
    return other


def _annotations(scan: Scan) -> list[tuple[int, int]]:
    """Return the annotations at the start of what the grammar takes for an annotated expression."""
    source = scan.source
    spans = []
    for start, stop in scan.marks.get("annotated", ()):
        at = start
        while found := regex(_ANNOTATION).match(source, at, stop):
            end = found.end()
            if source[end : end + 1] == b"(":
                end = closing(source, end)
                if end < 0:
                    break
            spans.append((found.start(), end))
            at = regex(rb"\s*").match(source, end, stop).end()  # type: ignore[union-attr]
    return spans


def _contexts(source: bytes) -> list[tuple[int, int]]:
    spans = []
    for found in regex(_CONTEXT, re.MULTILINE).finditer(source):
        end = closing(source, found.end(1))
        if end > 0:
            spans.append((found.start(1), end))
    return spans


def _unended(source: bytes) -> list[int]:
    """Return where a semicolon is to stand: before the brace that closes a body on one line."""
    bodies = regex(_ONE_LINE, re.MULTILINE).finditer(source)
    return [end.start(1) for body in bodies for end in regex(_UNENDED).finditer(source, *body.span())]


def _lost(scan: Scan) -> list[Definition]:
    source = scan.source
    out: list[Definition] = []
    known = {definition.name_start for definition in scan.definitions}
    for begin, end in scan.errors:
        begin = source.rfind(b"\n", 0, begin) + 1
        for found in _KOTLIN_DEFINITION.finditer(source, begin, end):
            group = 4 if found[2] else 6
            if found.start(group) in known:
                continue
            known.add(found.start(group))
            name = found[group].decode("utf-8", "replace").strip("`")
            start = found.end(1)
            stop = _indented_end(source, found)
            definition = definition_at(_kind(found), name, start, stop, -1, found.start(group))
            if found[3]:
                definition.scope = found[3].decode("utf-8", "replace").rpartition(".")[2]
            out.append(definition)
    return out


def _kind(found: re.Match[bytes]) -> str:
    if found[2]:
        return "function"
    if found[5] == b"class" and re.search(rb"\benum\b", found[0]):
        return "enum"
    return {b"interface": "interface", b"typealias": "type"}.get(found[5], "class")


def _indented_end(source: bytes, found: re.Match[bytes]) -> int:
    """Return the end of the lines indented deeper, with the closing bracket below them."""
    depth = len(found[1])
    at = source.find(b"\n", found.end())
    if at < 0:
        return len(source)
    end = at
    for line in _INDENTED.finditer(source, at + 1, at + 200_000):
        line_end = source.find(b"\n", line.end())
        line_end = len(source) if line_end < 0 else line_end
        if len(line[1]) < depth or (len(line[1]) == depth and line[2] not in (b"}", b")")):
            break
        end = line_end
        if len(line[1]) == depth and not source[line.start() : line_end].rstrip().endswith((b"{", b"(", b"=")):
            break
    return end
