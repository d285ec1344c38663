"""Objective-C: selectors, macros, methods that the grammar loses, and the C++ of Objective-C++."""

from __future__ import annotations

import re
from bisect import bisect_right

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import blanked, definition_at
from codesearch.languages.hooks.c import c_macros

_CLOSED = re.compile(rb"^\}[ \t\r]*$", re.MULTILINE)


_ENUM_MACRO = re.compile(rb"\bNS_(?:CLOSED_|ERROR_)?(?:ENUM|OPTIONS)[ \t]*\([^(),]*,[ \t]*(\w+)[ \t]*\)")


_BLANK_MACRO = re.compile(
    rb"\b(?:NS|CF|UI)_?[A-Z_]*(?:NONNULL_(?:BEGIN|END)|DESIGNATED_INITIALIZER|REQUIRES_SUPER|INLINE|UNAVAILABLE|NOESCAPE"
    rb"|REFINED_FOR_SWIFT|FORMAT_FUNCTION\([^()]*\)|SWIFT_NAME\((?:[^()]|\([^()]*\))*\)|SWIFT_UNAVAILABLE\([^()]*\)"
    rb"|EXTENSION_UNAVAILABLE(?:_IOS)?\([^()]*\)|EXTERN_C_(?:BEGIN|END))\b(?:\)\b)?"
    rb"|\b(?:FOUNDATION_EXPORT|UIKIT_EXTERN|FOUNDATION_EXTERN|OBJC_EXTERN|extern[ \t]+\"C\"(?=[ \t]+\w))"
    rb"|\b(?:API_(?:UN)?AVAILABLE|API_DEPRECATED(?:_WITH_REPLACEMENT)?|NS_AVAILABLE(?:_\w+)?|NS_DEPRECATED(?:_\w+)?"
    rb"|NS_CLASS_AVAILABLE(?:_\w+)?|NS_SWIFT_NAME|NS_SWIFT_UI_ACTOR|__deprecated_msg|__attribute__)"
    rb"[ \t]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
)


def _spaces(found: re.Match[bytes]) -> bytes:
    return b"".join(b"\n" if byte == 0x0A else b" " for byte in found[0])


def objc_macros(source: bytes) -> bytes:
    """Write Apple's macros as the C they stand for, or blank them; the grammar knows only some."""
    source = _ENUM_MACRO.sub(lambda found: (b"enum " + found[1]).ljust(len(found[0])), source)
    return _BLANK_MACRO.sub(_spaces, source)


_SELECTOR_TYPE = re.compile(rb"^\s*[-+]\s*(?:\((?:[^()]|\([^()]*\))*\))?")


_SELECTOR_PART = re.compile(rb"\s*(\w*)\s*:\s*(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*(?:__unused\s+)?\w+")


_OBJC_METHOD = re.compile(
    rb"^([-+][ \t]*\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)[ \t]*(\w+)[^;{@]{0,1000}?)(?:(\{)|;)", re.MULTILINE
)


_OBJC_CONTAINER = re.compile(rb"^@(?:implementation|interface|protocol)[ \t]+(\w+)|^@end\b", re.MULTILINE)


_UNARY_SELECTOR = re.compile(rb"\s*(\w+)")


_STATEMENTS = frozenset({"if", "for", "while", "switch", "return", "sizeof"})
"""Words that the grammar takes for functions where `#if` divides a statement."""


def _include_macros(scan: Scan) -> None:
    """Let declarations begin at the lines of macros above them."""
    macros = {found.end(): found.start() for found in _MACRO_LINES.finditer(scan.original)}
    for definition in scan.definitions:
        definition.start = macros.get(definition.start, definition.start)


def objc(scan: Scan) -> list[Definition]:
    """Put selectors together (`findKey:inStore:`), one definition for each method."""
    kept: list[Definition] = []
    methods: set[int] = set()
    source = scan.source
    _include_macros(scan)
    if scan.has_error:
        scan.definitions += _lost_methods(scan)
    containers = ("class", "interface", "impl")
    definitions = _with_cpp(scan) if scan.has_error and _CPP.search(source) else scan.definitions
    for definition in sorted(definitions, key=lambda one: one.name_start):
        if definition.name in _STATEMENTS and definition.kind == "function":
            continue
        if source[definition.start : definition.start + 1] in (b"-", b"+"):
            if definition.start in methods:
                continue
            methods.add(definition.start)
            brace = source.find(b"{", definition.name_start, definition.end)
            definition.body = brace
            head = source[definition.start : brace if brace >= 0 else definition.end][:1_000]
            definition.name = _selector(head) or definition.name
        elif definition.kind in containers and source[definition.head : definition.head + 1] == b"@":
            definition.body = source.find(b"\n", definition.name_start, definition.end)
            if definition.kind == "class" and source.startswith(b"@implementation", definition.head):
                definition.prototype = True  # a symbol only where the file has no @interface
        kept.append(definition)
    return kept


_MACRO_LINES = re.compile(
    rb"(?:^[ \t]*(?!\w*_(?:BEGIN|END)\b)(?:[A-Z_][A-Z0-9_]{3,}|__attribute__)[ \t]*"
    rb"(?:\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\))?[ \t]*\r?\n){1,6}(?=@(?:interface|protocol)\b)",
    re.MULTILINE,
)
"""Lines of macros above a declaration, such as `API_AVAILABLE(ios(13.0))`."""
_CPP = re.compile(
    rb"^[ \t]*(?:(?:inline[ \t]+)?namespace\b[^;\n]*\{|template[ \t]*<|class[ \t]+\w+[^;\n]*\{"
    rb"|[\w<>*& \t]+::~?\w+[ \t]*\()",
    re.MULTILINE,
)
"""A line of C++ in Objective-C++."""
_OBJC_BLOCK = re.compile(rb"^@(?:implementation|interface|protocol\b[^;\n]*$)|^@end\b", re.MULTILINE)


def _with_cpp(scan: Scan) -> list[Definition]:
    """Read what is outside Objective-C's blocks as C++."""
    blocks: list[tuple[int, int]] = []
    start = -1
    for found in _OBJC_BLOCK.finditer(scan.source):
        if found[0] != b"@end":
            start = found.start() if start < 0 else start
        elif start >= 0:
            blocks.append((start, found.end()))
            start = -1
    cpp = scan.again(blanked(scan.source, blocks), "cpp")
    definitions = c_macros(cpp)
    scan.adopt(cpp, part=True)
    starts = [start for start, _ in blocks]

    def is_inside(offset: int) -> bool:
        at = bisect_right(starts, offset) - 1
        return at >= 0 and offset < blocks[at][1]

    return [one for one in scan.definitions if is_inside(one.start)] + definitions


def _method(source: bytes, found: re.Match[bytes]) -> Definition | None:
    """Return the method whose head was found; None if its body never ends."""
    close = _CLOSED.search(source, found.end()) if found[3] else None
    if found[3] and not close:
        return None
    end = close.end() if close else found.end()
    body = found.start(3) if found[3] else found.end() - 1
    name = found[2].decode("utf-8", "replace")
    method = definition_at("method", name, found.start(), end, body, found.start(2))
    method.prototype = not found[3]
    return method


def _lost_methods(scan: Scan) -> list[Definition]:
    """Return the methods that a syntax error hid from the query, recognised by their lines."""
    source = scan.source
    known = {one.start for one in scan.definitions}
    around = [(one.start, one.end) for one in scan.definitions if source.startswith(b"@", one.start)]
    containers = list(_OBJC_CONTAINER.finditer(source))
    starts = [found.start() for found in containers]
    out: list[Definition] = []
    for found in _OBJC_METHOD.finditer(source):
        at = bisect_right(starts, found.start()) - 1
        if found.start() in known or at < 0 or not containers[at][1]:
            continue
        method = _method(source, found)
        if method is None:
            break
        if not any(start <= found.start() < stop for start, stop in around):
            method.scope = containers[at][1].decode("utf-8", "replace")
        out.append(method)
        for one in scan.definitions:
            if one.kind == "method" and one.start < found.start() < one.end:
                one.end = one.start + len(source[one.start : found.start()].rstrip())  # it had swallowed this one
    return out


def _selector(head: bytes) -> str:
    opened = _SELECTOR_TYPE.match(head)
    at = opened.end() if opened else 0
    parts = []
    while part := _SELECTOR_PART.match(head, at):
        parts.append(part[1] + b":")
        at = part.end()
    if not parts and (unary := _UNARY_SELECTOR.match(head, at)):
        parts.append(unary[1])
    return b"".join(parts).decode("utf-8", "replace")
