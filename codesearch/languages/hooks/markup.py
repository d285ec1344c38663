"""HTML and templates: sections by their headings, elements with an id, functions of scripts, and blocks and macros of
Jinja, Twig, Blade, Liquid, Handlebars and Go.
"""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at
from codesearch.languages.hooks.script import blocks, only_scripts

MOST = 400
"""Parts of a file; a file with more is data."""
_HEADING = re.compile(rb"<h([1-4])\b[^<>]{0,300}>(.{1,300}?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^<>]{0,100}>(.{1,300}?)</title", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^<>]{1,300}>")
_ONLY_TAGS = re.compile(rb"(?:[ \t]|<[^<>\n]{1,300}>)*")
_RUBY = re.compile(r"<%.{0,300}?%>")
_ELEMENT = re.compile(
    rb"<(?P<close>/?)(?P<tag>section|article|main|nav|aside|header|footer|form|dialog|template|table|fieldset|details"
    rb"|div|ul|ol)\b(?P<attributes>[^<>]{0,500})>",
    re.IGNORECASE,
)
_PLAIN_TAGS = frozenset({b"div", b"ul", b"ol"})
"""Elements that count only if they have several lines."""
_ID = re.compile(rb"""(?:^|\s)id\s*=\s*(?:"([\w:.-]{1,80})"|'([\w:.-]{1,80})'|([\w:.-]{1,80})(?=[\s>]|\Z))""")
_CALLABLE = re.compile(rb"\bfunction\b|=>|\bclass\s")
_OPENED = re.compile(
    rb"\{%-?\s*(?P<macro>macro)\s+(?P<a>\w+)"
    rb"|\{%[-+]?\s*block\s+(?P<b>[\w.-]+)(?![^{}%]*\|)"
    rb"|\{\{-?\s*(?:define|block)\s+\"(?P<c>[^\"\n]{1,120})\""
    rb"|\{\{#\*inline\s+[\"'](?P<d>[^\"'\n]{1,120})[\"']"
    rb"|^[ \t]*@(?:section|push|prepend|component|fragment)\(\s*[\"'](?P<e>[^\"'\n,]{1,120})[\"']\s*\)",
    re.MULTILINE,
)
_STEP = re.compile(
    rb"\{%[-+]?\s*(?P<open>macro|block|call|filter|if|for|with|set\s+\w+\s*%|embed|apply|autoescape|capture|case|unless"
    rb"|form|raw|verbatim|trans|blocktrans|blocktranslate|spaceless|comment|cache|ifchanged)\b"
    rb"|\{%[-+]?\s*(?P<end>end)\w*"
    rb"|\{\{-?\s*(?P<goopen>if|range|with|define|block)\b|\{\{-?\s*(?P<goend>end)\b"
    rb"|\{\{#\*(?P<inopen>inline)\b|\{\{/(?P<inend>inline)\b"
    rb"|^[ \t]*@(?P<atopen>section|push|prepend|component|fragment)\(\s*[\"'][^\"'\n,]*[\"']\s*\)"
    rb"|@end(?P<atend>section|push|prepend|component|fragment)\b|^[ \t]*@(?P<show>show|stop|overwrite|append)\b",
    re.MULTILINE,
)
_NOTE_END = re.compile(rb"(?:-?(?P<jinja>#)\}|--(?P<blade>\})\}|(?P<go>\*)/[ \t]*-?\}\})\Z")
_NOTE_STARTS = {"jinja": b"{#", "blade": b"--", "go": b"/*"}
_LONGEST_NOTE = 2000


def _text(value: bytes) -> str:
    return " ".join(value.decode("utf-8", "replace").split())


def _part(name: str, start: int, end: int, body: int, kind: str = "config") -> Definition:
    return definition_at(kind, name[:120], start, end, body, start)


def html(scan: Scan) -> list[Definition]:
    """Return the sections of a page by its headings, its elements with an id, and the functions of its scripts."""
    sections, elements = _sections(scan)[:MOST], _elements(scan.source)[:MOST]
    for section in sections:
        _cut(section, elements)
    _nest(sections)
    return (sections + _scripts(scan) + elements)[:MOST]


def _cut(section: Definition, elements: list[Definition]) -> None:
    """Let a section end with the element around its heading, and before one that holds the next heading."""
    for one in elements:
        if one.start < section.start < one.end:
            section.end = min(section.end, one.end)
        elif section.start < one.start < section.end < one.end:
            section.end = one.start


def _nest(sections: list[Definition]) -> None:
    """Let a section end with the one around it, which may have been cut."""
    around: list[Definition] = []
    for section in sections:
        while around and around[-1].end <= section.start:
            around.pop()
        if around:
            section.end = min(section.end, around[-1].end)
        around.append(section)


def templates(scan: Scan) -> list[Definition]:
    """Return the sections of a template, and its blocks and macros."""
    sections, named = _sections(scan)[:MOST], named_blocks(scan.source)[:MOST]
    for section in sections:
        _cut(section, named)
    _nest(sections)
    return (sections + named)[:MOST]


def _sections(scan: Scan) -> list[Definition]:
    source = scan.source
    title = _TITLE.search(source)
    scan.docstrings[scan.root] = unescape(_text(title[1])) if title else ""
    found = list(_HEADING.finditer(source))
    out = []
    for at, one in enumerate(found):
        name = " ".join(unescape(_TAGS.sub(" ", _RUBY.sub(" ", _text(one[2])))).split())
        end = next(
            (_before_tags(source, later.start()) for later in found[at + 1 :] if later[1] <= one[1]), len(source)
        )
        if name:
            out.append(_part(name, one.start(), end, one.end(), "section"))
    return out


def _before_tags(source: bytes, at: int) -> int:
    """Return the start of a line of which only tags are before an offset; else the offset."""
    line = source.rfind(b"\n", 0, at) + 1
    return line if _ONLY_TAGS.fullmatch(source, line, at) else at


def _elements(source: bytes) -> list[Definition]:
    """Return the elements that have an id, each to its closing tag."""
    out: list[Definition] = []
    opened: dict[bytes, list[Definition | None]] = {}
    for one in _ELEMENT.finditer(source):
        around = opened.setdefault(one["tag"].lower(), [])
        if not one["close"]:
            named = _ID.search(one["attributes"])
            name = _text(named[1] or named[2] or named[3]) if named else ""
            around.append(_part(name, one.start(), one.end(), one.end()) if name else None)
        elif around and (part := around.pop()):
            part.end = one.end()
            if one["tag"].lower() not in _PLAIN_TAGS or b"\n" in source[part.start : part.end]:
                part.minor = True
                out.append(part)
    return sorted(out, key=lambda part: part.start)


def _scripts(scan: Scan) -> list[Definition]:
    """Return the functions and classes of the scripts in a page."""
    if not any(_CALLABLE.search(scan.source, start, end) for start, end, _ in blocks(scan.source)):
        return []
    return scan.again(only_scripts(scan.source), "javascript").definitions


def named_blocks(source: bytes) -> list[Definition]:
    """Return the macros and blocks of a template, each to its end."""
    names = {one.start(): one for one in _OPENED.finditer(source)}
    if not names:
        return []
    out: list[Definition] = []
    opened: list[tuple[str, Definition | None]] = []
    borders = [0, *sorted(names)]
    before = {at: border for border, at in pairwise(borders)}
    for step in _STEP.finditer(source):
        kind = next((key for key in ("open", "goopen", "inopen", "atopen") if step[key]), "")
        if kind:
            name = names.get(step.start())
            opened.append((kind, _named(source, name, before) if name else None))
            continue
        kind = {"end": "open", "goend": "goopen", "inend": "inopen"}.get(step.lastgroup or "", "atopen")
        while opened:
            was, part = opened.pop()
            if part is not None:
                part.end = step.end() if was != kind else _closed(source, step.end())
                out.append(part)
            if was == kind:
                break
    return sorted(out, key=lambda part: part.start)


def _named(source: bytes, found: re.Match[bytes], before: dict[int, int]) -> Definition:
    name = next(value for key, value in found.groupdict().items() if value and key != "macro")
    kind = "macro" if found["macro"] else "config"
    start = found.start() + len(found[0]) - len(found[0].lstrip())
    line = source.find(b"\n", found.end())
    part = definition_at(kind, _text(name), start, found.end(), line if line >= 0 else len(source), found.start("a"))
    part.name_start = start
    part.documentation = _note(source, before.get(found.start(), 0), start)
    return part


def _note(source: bytes, floor: int, at: int) -> str:
    """Return the comment of a template directly above an offset."""
    above = source[max(floor, at - _LONGEST_NOTE) : at]
    text = above.rstrip()
    end = _NOTE_END.search(text[-20:]) if above.count(b"\n", len(text)) <= 1 else None
    if end is None:
        return ""
    stop = max(0, len(text) - 20) + end.start()
    opening = _NOTE_STARTS[end.lastgroup or ""]
    start = text.rfind(opening, 0, stop)
    return _text(text[start + len(opening) : stop].strip(b"-")) if start >= 0 else ""


def _closed(source: bytes, at: int) -> int:
    """Return the end of the tag that closes a block."""
    for mark in (b"%}", b"}}"):
        end = source.find(mark, at, at + 80)
        if end >= 0 and b"\n" not in source[at:end]:
            return end + 2
    return at
