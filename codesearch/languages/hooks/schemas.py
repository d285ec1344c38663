"""Protobuf and GraphQL: their declarations, fields and values, documented by comments or descriptions."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import Blocks, blanked, definition_at

MOST = 5000
"""Definitions of a file; a file with more is data."""
_BLANK_PROTO = re.compile(rb"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?")
_PROTO = re.compile(rb"^[ \t]*(message|enum|service|rpc|extend)[ \t]+([\w.]+)", re.MULTILINE)
_PROTO_KINDS = {
    b"message": "struct", b"enum": "enum", b"service": "interface", b"rpc": "method", b"extend": "namespace",
}  # fmt: skip
_PROTO_FIELD = re.compile(
    rb"^[ \t]*(?:(?:optional|required|repeated)[ \t]+)?(?!option\b|return\b)"
    rb"(?:map[ \t]*<[^<>\n]{1,120}>|\.?[A-Za-z][\w.]*)[ \t]+(\w+)[ \t]*=[ \t]*\d[^;{\n]*;?",
    re.MULTILINE,
)
_PROTO_VALUE = re.compile(
    rb"(?:^|(?<=[{;]))[ \t]*([A-Za-z]\w*)[ \t]*=[ \t]*-?(?:0x)?\w+[ \t]*(?:\[[^;\n]*)?;?", re.MULTILINE
)
_GRAPHQL = re.compile(
    rb"^[ \t]*(?:extend[ \t]+)?(type|interface|input|enum|union|scalar|directive|query|mutation|subscription|fragment)"
    rb"[ \t]+(@?\w+)",
    re.MULTILINE,
)
_GRAPHQL_KINDS = {
    b"type": "struct", b"input": "struct", b"interface": "interface", b"enum": "enum", b"union": "type",
    b"scalar": "type", b"directive": "macro",
}  # fmt: skip
_BLANK_GRAPHQL = re.compile(rb'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)|"(?:[^"\\\n]|\\.)*"?|#[^\n]*')
_GRAPHQL_FIELD = re.compile(
    rb"^[ \t]*(\w+)[ \t]*(?:\((?:[^()]|\([^()]*\)){0,4000}\)[ \t]*)?:[ \t]*[\[\w][^\n#]*", re.MULTILINE
)
_GRAPHQL_VALUE = re.compile(rb"^[ \t]*([A-Za-z_]\w*)(?=[ \t]*(?:@[^\n]*)?\r?$)", re.MULTILINE)
_DESCRIPTION = re.compile(rb'("""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)+")\s*\Z')


def protobuf(scan: Scan) -> list[Definition]:
    """Return the messages, enums, services and methods of Protobuf, their fields and values."""
    source = scan.source
    plain = blanked(source, [one.span() for one in _BLANK_PROTO.finditer(source)])
    found = _declarations(plain, _PROTO, _PROTO_KINDS)
    bodies = [(one.body, one.end) for one in found if one.kind == "enum" and one.body >= 0]
    for start, end in bodies:
        found += _details("member", _PROTO_VALUE, plain, start + 1, end - 1)
    values = {one.name_start for one in found}
    fields = _details("field", _PROTO_FIELD, plain, 0, len(plain))
    return (found + [one for one in fields if one.name_start not in values])[:MOST]


def graphql(scan: Scan) -> list[Definition]:
    """Return the types, enums, directives and named operations of GraphQL, their fields and values."""
    source = scan.source
    plain = blanked(source, [one.span() for one in _BLANK_GRAPHQL.finditer(source)])
    found = _declarations(plain, _GRAPHQL, _GRAPHQL_KINDS)
    for one in list(found):
        if one.kind in ("struct", "interface") and one.body >= 0:
            found += _details("field", _GRAPHQL_FIELD, plain, one.body + 1, one.end - 1)
        elif one.kind == "enum" and one.body >= 0:
            found += _details("member", _GRAPHQL_VALUE, plain, one.body + 1, one.end - 1)
    for one in found:
        one.documentation = _description(source, one.start)
    return found[:MOST]


def _declarations(plain: bytes, pattern: re.Pattern[bytes], kinds: dict[bytes, str]) -> list[Definition]:
    blocks = Blocks(plain)
    found = []
    for one in pattern.finditer(plain):
        line_end = plain.find(b"\n", one.end())
        line_end = len(plain) if line_end < 0 else line_end
        brace = plain.find(b"{", one.end(), line_end + 1)
        semicolon = plain.find(b";", one.end(), line_end)
        has_body = brace >= 0 and not 0 <= semicolon < brace
        end = blocks.end(brace) if has_body else one.end() + len(plain[one.end() : line_end].rstrip())
        start = one.start() + len(one[0]) - len(one[0].lstrip())
        name = one[2].decode("utf-8", "replace")
        body = brace if has_body else -1
        found.append(definition_at(kinds.get(one[1], "function"), name, start, end, body, one.start(2)))
    return found


def _details(kind: str, pattern: re.Pattern[bytes], plain: bytes, start: int, end: int) -> list[Definition]:
    found = []
    for one in pattern.finditer(plain, start, end):
        begin = one.start() + len(one[0]) - len(one[0].lstrip())
        name = one[1].decode("utf-8", "replace")
        detail = definition_at(kind, name, begin, one.start() + len(one[0].rstrip()), -1, one.start(1))
        detail.minor = True
        found.append(detail)
    return found


def _description(source: bytes, start: int) -> str | None:
    """Return the string that describes what begins at `start`; None without one."""
    before = source[max(0, start - 8000) : start].rstrip()
    found = _DESCRIPTION.search(before) if before.endswith(b'"') else None
    if found is None:
        return None
    lines = found[1].strip(b'"').decode("utf-8", "replace").splitlines()
    return "\n".join(line.strip() for line in lines).strip()
