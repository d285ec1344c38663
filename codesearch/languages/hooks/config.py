"""Configuration and markup: the named parts of YAML, JSON, TOML, INI, Dockerfiles, makefiles, CMake, style sheets, XML
builds, environment files, Protobuf and GraphQL, found by scanners over their lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import Blocks, blanked, definition_at

MOST = 400
"""Parts of a file; a file with more is data."""
_DEPTH = 4
"""Levels of keys of which the parts are listed."""
_YAML_KEY = re.compile(
    rb"""([ \t]*)((?:-[ \t]+)*)(?:"([^"\n]{1,120})"|'([^'\n]{1,120})'"""
    rb"""|([^\s#'"{}\[\],&*!|>%@-](?:[^\n:#]|:(?=[^\s:])){0,119}?))[ \t]*:(?=[ \t\r]|$)[ \t]*([^\n]*)"""
)
_YAML_NAMES = (b"name", b"id", b"title")
"""Keys whose value names an item of a list."""
_SAID = ("description", "summary")
"""Keys whose value describes what holds them."""
_COMMENT_ABOVE = re.compile(rb"[ \t]*#+[ \t]?([^\n\r]*)")
_DIRECTIVE_ABOVE = re.compile(rb"[ \t]*(?:#|\{\{-?[ \t]*(?:if|else|end|with|range)\b[^\n]*\}\}[ \t\r]*$)", re.MULTILINE)
"""A comment, or a condition of a template around what follows."""
_OBJECT_KIND = re.compile(rb"^kind:[ \t]*([\w.-]+)", re.MULTILINE)
_OBJECT_NAME = re.compile(
    rb"^metadata:[ \t]*\r?\n(?:[ \t]+[^\n]*\n){0,8}?[ \t]+name:[ \t]*[\"']?([\w.{}$ -]+)"
    rb"|^metadata:[ \t]*\{(?:[^{}\n]*,)?[ \t]*name:[ \t]*[\"']?([\w.-]+)",
    re.MULTILINE,
)
_TABLE = re.compile(rb"^[ \t]*\[{1,2}[ \t]*([^\]\n]{1,120}?)[ \t]*\]{1,2}[ \t]*(?:[#;][^\n]*)?\r?$", re.MULTILINE)
_LONG_STRING = re.compile(rb'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)' + rb"|'''(?:[^']|'(?!''))*(?:'''|\Z)", re.DOTALL)
_VALUE = re.compile(rb"""[ \t]+\[+[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[\d.+-]+)[ \t]*\]+\s*""")
"""A line of a list: one value in brackets."""
_STAGE = re.compile(rb"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.MULTILINE | re.IGNORECASE)
_TARGET = re.compile(
    rb"^([A-Za-z0-9_./%$(){}-][^\s:=#]*(?:[ \t]+[^\s:=#]+){0,8}?)[ \t]*::?(?![=:])([^\n]*)", re.MULTILINE
)
_SPECIAL = re.compile(
    rb"\.[A-Z_]+\b|(?:else[ \t]+)?ifn?(?:eq|def)\b|(?:define|endef|override|undefine|vpath|-?include)[ \t]"
    rb"|\$[({](?:info|error|warning|eval|call|foreach|if|shell)[ \t]"
)
"""A line that looks like a target and is a directive or a call."""
_OF_TARGET = re.compile(rb"[ \t]*(?:(?:export|override|private)[ \t]+)*[\w.-]+[ \t]*[:?+!]*=")
"""What follows the target where a variable is set for it."""
_HELP = re.compile(rb"##[ \t]*([^\n\r]+)")
_MAKE_VARIABLE = re.compile(rb"^(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:[:?+!]|::)?=[^\n]*", re.MULTILINE)
_SETTING = re.compile(rb"^(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[^\n]*", re.MULTILINE)
_COMMENTED_SETTING = re.compile(rb"^#[ \t]?([A-Z][A-Z0-9_]{2,})=[^\n]*", re.MULTILINE)
_CMAKE = re.compile(
    rb"^[ \t]*(function|macro|add_(?:executable|library|custom_target|custom_command|test)|option|set|project)"
    rb"[ \t]*\([ \t\r\n]*(?:NAME[ \t]+|OUTPUT[ \t]+)?(\"[^\"\n]{1,80}\"|[^\s()\"]{1,80})",
    re.MULTILINE | re.IGNORECASE,
)
_CMAKE_END = {b"function": rb"^[ \t]*endfunction\b[^\n]*", b"macro": rb"^[ \t]*endmacro\b[^\n]*"}
_CMAKE_KINDS = {b"function": "function", b"macro": "macro", b"set": "variable", b"option": "variable"}
_RULE = re.compile(
    rb"(?:^|(?<=[;{}]))[ \t\r\n]*(?=[^ \t\r\n])"
    rb"((?:@mixin|@function|@keyframes|@media|@layer|@include)?[^;{}@]{1,200}?)[ \t\r\n]*\{"
)
_STYLE_COMMENT = re.compile(rb"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|(?<![:\w])//[^\n]*")
_STYLE_CALLABLE = re.compile(r"@(?:mixin|function)[ \t]+([\w-]+)")
_STYLE_VARIABLE = re.compile(rb"^[ \t]*((?:--|\$|@)[\w-]+)[ \t]*:[^\n;]*;?", re.MULTILINE)
_XML_TARGET = re.compile(
    rb"<(target|Target|profile|task|PropertyGroup|ItemGroup|bean|dependency|plugin)\b([^<>]{0,300})>"
)
_XML_NAME = re.compile(rb"""\b(?:name|Name|id|Label|Condition)\s*=\s*(?:"([^"\n]{1,120})"|'([^'\n]{1,120})')""")
_QUOTED = re.compile(r"""(["'])([^"']*)\1""")
_SCALAR = re.compile(rb"""[ \t]*(?:"(?:[^"\\]|\\.)*(?P<double>")?|'(?:[^']|'')*(?P<single>')?)""", re.DOTALL)
"""A text in quotation marks, which may take several lines; the group is empty if it is not closed."""
_DOCUMENT_BORDER = re.compile(rb"^---[^\n]*\n", re.MULTILINE)
"""The line of dashes between the documents of a file."""


class _Key(NamedTuple):
    """A key of a file of nested keys."""

    indent: int
    name: str
    value: str
    start: int
    """Offset of its line."""
    name_start: int
    is_item: bool
    """Whether it begins an item of a list."""


def _text(value: bytes) -> str:
    return " ".join(value.decode("utf-8", "replace").split())


def _part(name: str, start: int, end: int, body: int = -1, kind: str = "config") -> Definition:
    return definition_at(kind, name[:120], start, end, body, start)


def _line_end(source: bytes, at: int) -> int:
    end = source.find(b"\n", at)
    return len(source) if end < 0 else end


def nested(scan: Scan) -> list[Definition]:
    """Return the parts of YAML and JSON: keys that hold more than one line, and named items of lists."""
    source = scan.source
    keys = list(_keys(source))
    borders = [one.start() for one in _DOCUMENT_BORDER.finditer(source)]
    found: list[Definition] = []
    for at, key in enumerate(keys):
        depth = _depth(keys, at)
        if depth > _DEPTH and not key.is_item:
            continue
        border = bisect_right(borders, key.start)
        end = min([_end(source, keys, at), *borders[border : border + 1]])
        end = _before_comments(source, end, _DIRECTIVE_ABOVE)
        in_scripts = depth == 2 and _parent(keys, at) == "scripts"
        if in_scripts:
            end = _line_end(source, key.start)
        name = _item_name(keys, at) if key.is_item else key.name
        if not name or not (in_scripts or b"\n" in source[key.start : end].rstrip()):
            continue
        part = _part(name, key.start, end, _line_end(source, key.start))
        part.documentation = _said(keys, at)
        found.append(part)
    return (found + list(_objects(source)))[:MOST]


def _said(keys: list[_Key], at: int) -> str | None:
    """Return what a part says of itself under `description` or `summary`; None if it does not."""
    key, inner = keys[at], 0
    for one in keys[at + 1 : at + 20]:
        if one.indent <= key.indent - key.is_item:
            break
        inner = inner or one.indent
        if one.indent == inner and one.name in _SAID and one.value and one.value[0] not in "|>{[&*":
            return one.value
    return None


def _objects(source: bytes) -> Iterator[Definition]:
    """Yield the objects of Kubernetes, `Deployment/web`: a file may hold several between lines of dashes."""
    if b"apiVersion:" not in source:
        return
    borders = [0, *(one.end() for one in _DOCUMENT_BORDER.finditer(source)), len(source)]
    for start, end in pairwise(borders):
        kind = _OBJECT_KIND.search(source, start, end)
        name = _OBJECT_NAME.search(source, start, end)
        if kind and name:
            part = _part(f"{_text(kind[1])}/{_text(name[1] or name[2])}", start, end, _line_end(source, start))
            yield part


def _keys(source: bytes) -> Iterator[_Key]:
    at, block = 0, -1  # the indentation of a text of several lines, which has no keys
    while at < len(source):
        end = _line_end(source, at)
        found = _YAML_KEY.match(source, at, end)
        line = source[at:end]
        if block >= 0 and line.strip():
            block = block if len(line) - len(line.lstrip()) > block else -1
        if found is not None and block < 0:
            dashes = len(found[2])
            indent = len(found[1]) + dashes
            value = _text(found[6])
            name = _text(found[3] or found[4] or found[5])
            yield _Key(indent, name, value.rstrip(",").strip("\"'"), at, found.start(2), dashes > 0)
            if value[:1] in ("|", ">"):
                block = indent
            elif value[:1] in ("'", '"'):
                scalar = _SCALAR.match(source, found.start(6))
                if scalar is not None and (scalar["double"] or scalar["single"]):
                    end = _line_end(source, scalar.end())
        at = end + 1


def _depth(keys: list[_Key], at: int) -> int:
    depth, indent = 1, keys[at].indent
    for above in range(at - 1, max(-1, at - 400), -1):
        if keys[above].indent < indent:
            depth, indent = depth + 1, keys[above].indent
        if indent == 0:
            break
    return depth


def _parent(keys: list[_Key], at: int) -> str:
    above = next((one for one in reversed(keys[max(0, at - 400) : at]) if one.indent < keys[at].indent), None)
    return above.name if above else ""


def _end(source: bytes, keys: list[_Key], at: int) -> int:
    """Return where a part ends: before the next key that is no deeper, or the next item of its list."""
    key = keys[at]
    for later in keys[at + 1 :]:
        if later.indent < key.indent or (later.indent == key.indent and (not key.is_item or later.is_item)):
            return later.start
    return len(source)


def _item_name(keys: list[_Key], at: int) -> str:
    """Return the name of an item of a list: the value of its key `name`, `id` or `title`."""
    item = keys[at]
    for key in [item, *keys[at + 1 : at + 12]]:
        if key is not item and (key.indent < item.indent or (key.is_item and key.indent == item.indent)):
            break
        if key.indent == item.indent and key.name.encode() in _YAML_NAMES and key.value:
            return key.value
    return ""


def tables(scan: Scan) -> list[Definition]:
    """Return the tables of TOML, and the sections of INI files."""
    source = scan.source
    plain = blanked(source, [one.span() for one in _LONG_STRING.finditer(source)])
    found = [one for one in _TABLE.finditer(plain) if not _VALUE.fullmatch(one[0])]
    ends = [*(one.start() for one in found[1:]), len(source)][: len(found)]
    return [
        _part(_table(one[1]), one.start(), _before_comments(source, end), one.end())
        for one, end in zip(found, ends, strict=True)
    ][:MOST]


def _table(name: bytes) -> str:
    """Return the name of a table, without quotes only if all of it is quoted."""
    text = _text(name)
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text


def _before_comments(source: bytes, end: int, comment: re.Pattern[bytes] = _COMMENT_ABOVE) -> int:
    """Return the end of a part without the comment lines that describe the next one."""
    while end > 0:
        above = source.rfind(b"\n", 0, end - 1) + 1
        if not comment.match(source, above, end) or above == 0:
            return end
        end = above
    return end


def stages(scan: Scan) -> list[Definition]:
    """Return the stages of a Dockerfile."""
    source = scan.source
    found = list(_STAGE.finditer(source))
    ends = [*(one.start() for one in found[1:]), len(source)][: len(found)]
    return [_part(_text(one[2] or one[1]), one.start(), end, one.end()) for one, end in zip(found, ends, strict=True)][
        :MOST
    ]


def make(scan: Scan) -> list[Definition]:
    """Return the targets and variables of a makefile."""
    source = scan.source
    found = []
    for one in _TARGET.finditer(source):
        if _SPECIAL.match(one[1]) or _OF_TARGET.match(one[2]):
            continue
        end = one.end()
        while end < len(source) and source[end + 1 : end + 2] == b"\t":
            end = _line_end(source, end + 1)
        part = _part(_text(one[1]), one.start(), end, one.end())
        if said := _HELP.search(one[2]):
            part.documentation = _text(said[1])
        found.append(part)
    return (found + _settings(source, _MAKE_VARIABLE))[:MOST]


def _settings(source: bytes, pattern: re.Pattern[bytes]) -> list[Definition]:
    found = []
    for one in pattern.finditer(source):
        part = _part(_text(one[1]), one.start(), one.end(), kind="variable")
        part.minor = True
        found.append(part)
    return found


def environment(scan: Scan) -> list[Definition]:
    """Return the variables of an environment file, also those in comments."""
    found = _settings(scan.source, _SETTING) + _settings(scan.source, _COMMENTED_SETTING)
    for one in found:
        one.documentation = _comment_above(scan.source, one.start)
    return sorted(found, key=lambda one: one.start)[:MOST]


def _comment_above(source: bytes, start: int) -> str:
    """Return the comment lines above a variable: to the rest of the program, a comment may be a variable here."""
    lines: list[str] = []
    at = source.rfind(b"\n", 0, start) + 1
    while at > 0 and len(lines) < 20:
        above = source.rfind(b"\n", 0, at - 1) + 1
        found = _COMMENT_ABOVE.match(source, above, at)
        if found is None or _COMMENTED_SETTING.match(source, above):
            break
        lines.insert(0, _text(found[1]))
        at = above
    return "\n".join(lines).strip()


def cmake(scan: Scan) -> list[Definition]:
    """Return the functions, macros, targets, options and variables of CMake."""
    source = scan.source
    found: list[Definition] = []
    inside = 0  # the end of the last function or macro
    for one in _CMAKE.finditer(source):
        command, body = one[1].lower(), -1
        if b"${" in one[2] and one.start() < inside:
            continue  # a target in a macro has its name where the macro is called
        if command in _CMAKE_END:
            body = source.find(b")", one.end()) + 1 or -1
            last = re.compile(_CMAKE_END[command], re.MULTILINE | re.IGNORECASE).search(source, one.end())
            inside = end = last.end() if last else _line_end(source, one.end())
        else:
            close = source.find(b")", one.end())
            end = close + 1 if close >= 0 else _line_end(source, one.end())
        kind = _CMAKE_KINDS.get(command, "config")
        part = _part(_text(one[2]).strip('"'), one.start(), end, body, kind)
        part.minor = kind == "variable"
        found.append(part)
    return found[:MOST]


def styles(scan: Scan) -> list[Definition]:
    """Return the rules, mixins, functions and variables of a style sheet."""
    source = scan.source
    plain = blanked(source, [one.span() for one in _STYLE_COMMENT.finditer(source)])
    blocks = Blocks(plain)
    found = []
    for one in _RULE.finditer(plain):
        name = _text(one[1])
        if callable_ := _STYLE_CALLABLE.match(name):
            name, kind = callable_[1], "function"
        else:
            kind = "config"
        if name and name.count("(") == name.count(")"):
            found.append(_part(name, one.start(1), blocks.end(one.end() - 1), one.end() - 1, kind))
    return (found + _settings(source, _STYLE_VARIABLE))[:MOST]


def xml(scan: Scan) -> list[Definition]:
    """Return the named targets, profiles and the like of a build file in XML."""
    source = scan.source
    found = []
    for one in _XML_TARGET.finditer(source):
        name = _XML_NAME.search(one[2])
        if name is None or one[2].endswith(b"/"):
            continue
        close = source.find(b"</" + one[1] + b">", one.end())
        end = close + len(one[1]) + 3 if close >= 0 else one.end()
        found.append(_part(_text(name[1] or name[2]), one.start(), end, one.end()))
    return found[:MOST]
