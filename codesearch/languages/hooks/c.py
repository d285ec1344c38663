"""C: functions behind macros that the grammar does not know."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import heads, regex

# C and C++

_MACRO = rb"""
    [A-Z](?<![\w.>:"'][A-Z])[A-Z0-9]*_[A-Z0-9_]*\b     # an ALL_CAPS word with an underscore (found by its first
                                                      # letter, which is fast; only then what precedes it is looked at)
    (?:[ \t]*\((?:[^()\n]|\([^()\n]*\))*\))?           # perhaps with arguments,
    (?=[ \t]+[A-Za-z_~\[]|[ \t]*\r?\n|[ \t]*[{;]|[ \t]*::)   # before a declaration, or last on its line
"""


_TYPE_MACRO = rb"(?m:^)[A-Z][A-Z0-9_]*\(([A-Za-z_][\w \t*]*)\)[ \t]+\w+[ \t]*\("


_DIRECTIVE = rb"^[ \t]*\#(?:[^\\\n]|\\\r?\n|\\.)*"


def c_macros(scan: Scan) -> list[Definition]:
    """If a source has syntax errors, parse it again without its ALL_CAPS macros, and keep the better result."""
    if not scan.has_error:
        return scan.definitions
    source = scan.source
    plain = bytearray(source)
    macros = list(regex(_MACRO, re.VERBOSE).finditer(source))
    directives = [match.span() for match in regex(_DIRECTIVE, re.MULTILINE).finditer(source)] if macros else []
    directive = 0
    changed: list[tuple[int, int]] = []
    for match in macros:
        start, end = match.span()
        while directive < len(directives) and directives[directive][1] <= start:
            directive += 1
        if directive < len(directives) and directives[directive][0] <= start:
            continue
        before = source[max(0, start - 200) : start].rstrip()
        after = source[end : end + 200].lstrip()[:1]
        if b"(" in match[0] and after == b"{" and not before.endswith((b")", b"const", b"override", b"noexcept")):
            continue  # TEST_F(Suite, name) { .. }
        returned = regex(_TYPE_MACRO).match(source, start)
        plain[start:end] = b" " * (end - start)
        changed.append((start, end))
        if returned:  # API_FUNC(int) name(..) {
            plain[start : start + len(returned[1])] = returned[1]
    definitions = scan.definitions
    if plain != source:
        other = scan.again(bytes(plain), changed=changed)
        if (_bodies(other.definitions), -len(other.errors)) > (_bodies(definitions), -len(scan.errors)):
            scan.adopt(other)
            definitions = other.definitions
    return definitions + heads(_C_FUNCTION, bytes(plain), [(0, len(source))], definitions, "function")


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
