"""C#: operators, destructors, and methods that the grammar loses."""

from __future__ import annotations

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import heads

# C#

_CSHARP_METHOD = rb"""
    ^[ \t]*(?:\[[^\]\n]*\][ \t]*)?
    (?:(?:public|private|protected|internal|static|virtual|override|abstract|sealed|async|unsafe|extern|new|partial)\s+){0,20}
    (?!(?:return|new|await|else|throw|case|in|yield|var|goto)\b)(?:[\w.<>\[\],?]+(?:[ \t]+|[^\S\n]*\n\s*))
    (?P<name>[A-Za-z_]\w*)[ \t]*(?:<[^<>(){};\n]*>)?[ \t]*
    \((?:[^(){};]|\([^(){};]*\))*\)[^(){};=]*(?P<body>\{|=>)
"""


def csharp(scan: Scan) -> list[Definition]:
    """Name operators and destructors; add methods inside syntax errors (`#if` around half a declaration)."""
    for definition in scan.definitions:
        before = scan.source[max(0, definition.name_start - 20) : definition.name_start].rstrip()
        if before.endswith(b"operator"):
            definition.name = f"operator {definition.name}"
        elif before.endswith(b"~"):
            definition.name = f"~{definition.name}"
    if not scan.has_error:
        return scan.definitions
    return scan.definitions + heads(_CSHARP_METHOD, scan.source, scan.errors, scan.definitions, "method")
