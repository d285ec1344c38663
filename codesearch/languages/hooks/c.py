"""C and C++: functions behind macros that the grammar does not know, tests that macros make, C++ modules."""

from __future__ import annotations

import re
from bisect import bisect_right

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import heads, regex
from codesearch.languages.hooks.made_by_macros import named_by_macros

_MACRO = rb"""
    [A-Z](?<![\w.>:"'][A-Z])                           # (found by its first letter, which is fast; only then what
    (?:                                               # precedes it is looked at)
    [A-Z0-9]*_[A-Z0-9_]*\b                            # an ALL_CAPS word with an underscore,
    (?:[ \t]*\((?:[^()\n]|\([^()\n]*\))*\))?           # perhaps with arguments,
    # before a declaration, last on its line, or last of the words behind a function
    (?=[ \t]+[A-Za-z_~\[]|[ \t]*\r?\n|[ \t]*[{;]|[ \t]*::|[ \t]*=[ \t]*(?:0|default|delete)[ \t]*;)
    |
    (?:(?<=\bclass[ ].)|(?<=\bstruct[ ].))              # any such word between `class` and the name of a definition:
    [A-Z0-9]+\b(?:[ \t]*\([^()\n]*\))?                  # `class API Shape : public Figure {`
    (?=[ \t]+(?!final\b)[A-Za-z_]\w*[ \t]*(?:final\b[^;\n]*|[:<{][^;\n]*)?\r?(?:\n|\Z))
    )
"""


_MACRO_OF_TYPE = (
    rb"^[ \t]*(?:class|struct)[ \t]+[A-Z][A-Z0-9_]+(?:\([^()\n]*\))?[ \t]+(?!final\b)\w+[ \t]*(?:[:{]|\r?$)"
)
"""`class API Shape {`, which the grammar may take for a function."""


_EXPORT = rb"^[ \t]*(export[ \t]+(?:module\b[^;\n]*;|(?=[\w:{])))"
"""C++20: `export module shapes;`, and `export` before a declaration."""


_TYPE_MACRO = rb"(?m:^)[A-Z][A-Z0-9_]*\(([A-Za-z_][\w \t*]*)\)[ \t]+\w+[ \t]*\("


_DIRECTIVE = rb"^[ \t]*\#(?:[^\\\n]|\\\r?\n|\\.)*"


_NAME = re.compile(
    r"(?!(?:if|else|for|while|do|switch|return|sizeof|catch)\Z)[^\W\d][\w$]*|~.*|operator\b.*|\w+<[^()]*>"
)
"""What a function or a type is called."""


def c_macros(scan: Scan) -> list[Definition]:
    """If a source has syntax errors, parse it again without its ALL_CAPS macros, and keep the better result."""
    doubtful = scan.has_error or regex(_MACRO_OF_TYPE, re.MULTILINE).search(scan.source)
    definitions = _without_macros(scan) if doubtful else scan.definitions
    kinds = ("function", "method", "type")
    return [one for one in named_by_macros(scan, definitions) if one.kind not in kinds or _NAME.fullmatch(one.name)]


def _without_macros(scan: Scan) -> list[Definition]:
    source = scan.source
    plain = bytearray(source)
    changed = _macros(source)
    for start, end in changed:
        returned = regex(_TYPE_MACRO).match(source, start)
        plain[start:end] = b" " * (end - start)
        if returned:  # API_FUNC(int) name(..) {
            plain[start : start + len(returned[1])] = returned[1]
    definitions = scan.definitions
    if plain != source:
        other = scan.again(bytes(plain), changed=changed)
        if (_bodies(other.definitions), -len(other.errors)) > (_bodies(definitions), -len(scan.errors)):
            scan.adopt(other)
            definitions = other.definitions
            scan.attributes |= {end: (start, "") for start, end in changed if source[end - 1 : end] != b";"}
    return definitions + heads(_C_FUNCTION, bytes(plain), [(0, len(source))], definitions, "function")


def _macros(source: bytes) -> list[tuple[int, int]]:
    """Return the ranges, in order, that stand in the way of the grammar: macros outside directives, and `export`."""
    macros = list(regex(_MACRO, re.VERBOSE).finditer(source))
    directives = [match.span() for match in regex(_DIRECTIVE, re.MULTILINE).finditer(source)] if macros else []
    starts = [start for start, _ in directives]
    found: list[tuple[int, int]] = []
    for match in macros:
        start, end = match.span()
        at = bisect_right(starts, start) - 1
        if at >= 0 and start < directives[at][1]:
            continue
        before = source[max(0, start - 200) : start].rstrip()
        after = source[end : end + 200].lstrip()[:1]
        if not before.endswith((b")", b"const", b"override", b"noexcept")) and (
            (b"(" in match[0] and after == b"{") or after == b"="
        ):
            continue  # TEST_F(Suite, name) { .. }, int LIMIT_OF_ALL = 0;
        found.append((start, end))
    if b"export" in source:
        found += [match.span(1) for match in regex(_EXPORT, re.MULTILINE).finditer(source)]
        found.sort()
    return found


_C_FUNCTION = rb"""
    ^(?P<start>
        # Words with blanks, `*` or `&` between them, perhaps on several lines: each character can be read in only one
        # way, and the length is limited, so that a long list of words takes linear time.
        (?:[A-Za-z_](?:[\w:<>,*&]|[ \t](?![*&]*[\d:<>,])|(?<=[ \t*&])\r?\n(?=[A-Za-z_~])){0,500}?(?<=[ \t*&\n]))??
        (?:[A-Za-z_]\w*::)*
    )
    (?P<name>~?[A-Za-z_]\w*)[ \t]*
    \((?:[^(){};\#]|\((?:[^(){};\#]|\([^(){};\#]*\))*\))*\)(?:[ \t]*(?:const|noexcept|override)){0,4}\s*
    (?:[\w*,][\w\s*,]*;\s*)*(?P<body>\{)
"""


def _bodies(definitions: list[Definition]) -> int:
    return sum(not definition.prototype for definition in definitions)
