"""Kotlin: definitions that the grammar loses."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

# Kotlin

_KOTLIN_DEFINITION = re.compile(
    rb"^([ \t]*)(?:(?:public|private|internal|protected|override|open|abstract|final|suspend|inline|operator|infix"
    rb"|tailrec|external|expect|actual|data|sealed|enum|annotation|value|inner|companion|@\w+(?:\([^()\n]*\))?)[ \t]+)*"
    rb"(?:(fun)[ \t]+(?:<[^\n()]{1,200}>[ \t]+)?(?:([\w.]+)(?:<[^\n()]{1,200}>)?\??\.)?(`[^`\n]+`|\w+)[ \t]*\("
    rb"|(class|interface|object)[ \t]+(\w+))",
    re.MULTILINE,
)


_INDENTED = re.compile(rb"^([ \t]*)([^\s])", re.MULTILINE)


def kotlin(scan: Scan) -> list[Definition]:
    """Where the grammar fails, recognise definitions by their lines, and their ends by indentation."""
    if not scan.has_error:
        return scan.definitions
    source = scan.source
    known = {definition.name_start for definition in scan.definitions}
    for begin, end in scan.errors:
        begin = source.rfind(b"\n", 0, begin) + 1
        for found in _KOTLIN_DEFINITION.finditer(source, begin, end):
            group = 4 if found[2] else 6
            if found.start(group) in known:
                continue
            known.add(found.start(group))
            kind = "function" if found[2] else "interface" if found[5] == b"interface" else "class"
            name = found[group].decode("utf-8", "replace").strip("`")
            start = found.end(1)
            definition = definition_at(kind, name, start, _indented_end(source, found), -1, found.start(group))
            if found[3]:
                definition.scope = found[3].decode("utf-8", "replace").rpartition(".")[2]
            scan.definitions.append(definition)
    return scan.definitions


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
