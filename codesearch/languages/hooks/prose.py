"""Prose: the sections of Markdown, reStructuredText, AsciiDoc and Org, by their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

MOST = 1000
"""Sections of a file; more are a listing."""
_PARAGRAPH = 500
"""Characters of the first paragraph that describe a section."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NO_TITLE = re.compile(r"\s*(?:[-*+>|#]|\d+[.)]\s|$)| {4}|\t")
"""A line that no underline makes a heading: a list, a quote, a table, code."""
_ASCIIDOC = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)[ \t]*=*$")
_ASCIIDOC_BLOCK = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|```)")
_ORG = re.compile(r"(\*{1,8})[ \t]+(?:TODO |DONE )?(\S.*?)(?:[ \t]+:[\w:@]+:)?[ \t]*$")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*$")
_FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n.*?^\1[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
_MARKUP = (
    (re.compile(r"!\[[^\]]{0,200}\]\([^)]{0,500}\)|<[^<>]{1,300}>|\{#[^{}]{1,100}\}|\[\[[^\[\]]{1,100}\]\]"), ""),
    (re.compile(r"\bimage::?[^\s\[\]]{1,300}\[[^\[\]]{0,300}\]"), ""),
    (re.compile(r"\b(?:link:|https?://)[^\s\[\]]{1,300}\[([^\[\]]{0,300})\]"), r"\1"),
    (re.compile(r"\[([^\[\]]{0,300})\](?:\([^()]{0,500}\)|\[[^\[\]]{0,100}\])"), r"\1"),
    (re.compile(r":[\w:+-]+:`([^`]{1,200})`|`([^`<]{1,200}?)(?: <[^`]{0,300}>)?`_{0,2}"), r"\1\2"),
    (re.compile(r"[*`]{1,3}"), ""),
)
_NO_PROSE = re.compile(
    r"\s*(?:\.\. |<|\[!\[|!\[|\||[-=~^\"*+#]{3,}\s*$|```|~~~|\{%|\{\{|import |export |include::"
    r"|\[[a-z%#.][^\[\]]*\]\s*$|(?::[\w+-]+:\s*)+$)"
)
"""A line that does not describe anything: a directive, a badge, a table, a rule, emoji alone (`:tada:`)."""
_FIELD = re.compile(r"\s*:(?!:)(?:[^:`\\]|\\.)+:(?:\s|$)")
"""A field of reStructuredText (`:param name: ...`), an attribute of AsciiDoc, a property of Org."""
_HIDDEN = re.compile(r"<!--(?:[^-]|-(?!->))*(?:-->|\Z)")
"""A comment, which often is a licence."""


@dataclass(slots=True)
class _Heading:
    level: int
    title: str
    start: int
    """Offset of the first line of the heading, in characters."""
    text: int
    """Offset of the text of the section."""
    name: int
    """Offset of the line of the title."""


class Section(NamedTuple):
    """A section of a text, by offsets in characters."""

    start: int
    end: int
    title: str
    paragraph: str
    """Its first paragraph."""
    name: int
    """Where the line of the title begins."""


@dataclass(slots=True)
class _Line:
    start: int
    text: str


def markdown(scan: Scan) -> list[Definition]:
    """Return the sections of a Markdown file."""
    return _sections(scan, _markdown_headings, has_fields=False)


def restructured(scan: Scan) -> list[Definition]:
    """Return the sections of a reStructuredText file."""
    return _sections(scan, _restructured_headings, has_fields=True)


def asciidoc(scan: Scan) -> list[Definition]:
    """Return the sections of an AsciiDoc file."""
    return _sections(scan, _asciidoc_headings, has_fields=True)


def org(scan: Scan) -> list[Definition]:
    """Return the sections of an Org file."""
    return _sections(scan, _org_headings, has_fields=True)


def plain(scan: Scan) -> list[Definition]:
    """Return nothing: a file without headings is one document, described by its first paragraph."""
    # Much reStructuredText is in files that end in .txt.
    scan.docstrings[scan.root] = first_paragraph(scan.source.decode("utf-8", "replace"), has_fields=True)
    return []


def sections(text: str) -> list[Section]:
    """Return the sections of a Markdown text."""
    return _placed(text, list(_markdown_headings(_lines(text))), has_fields=False)


def _sections(
    scan: Scan, headings: Callable[[list[_Line]], Iterator[_Heading]], *, has_fields: bool
) -> list[Definition]:
    text = scan.source.decode("utf-8", "surrogateescape")
    found = _placed(text, list(headings(_lines(text))), has_fields=has_fields)
    before = text[: found[0].start] if found else text
    front = _FRONT.match(before)
    said = first_paragraph(before[front.end() if front else 0 :], has_fields=has_fields)
    scan.docstrings[scan.root] = said or (found[0].paragraph if found else "")
    to_byte = _Offsets(text)
    out = []
    for one in found[:MOST]:
        name = to_byte(one.name)
        end = scan.source.find(b"\n", name)
        definition = definition_at("section", one.title, to_byte(one.start), to_byte(one.end), end, name)
        definition.head = name
        definition.documentation = one.paragraph
        out.append(definition)
    return out


class _Offsets:
    """Turns offsets in characters into offsets in UTF-8 bytes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._plain = text.isascii()

    def __call__(self, at: int) -> int:
        return at if self._plain else len(self._text[:at].encode("utf-8", "surrogateescape"))


def _placed(text: str, headings: list[_Heading], *, has_fields: bool) -> list[Section]:
    """Return the sections of headings: each reaches to the next one of its level or above."""
    out = []
    for at, one in enumerate(headings):
        after = headings[at + 1].start if at + 1 < len(headings) else len(text)
        end = next((later.start for later in headings[at + 1 :] if later.level <= one.level), len(text))
        paragraph = first_paragraph(text[one.text : after], has_fields=has_fields)
        out.append(Section(one.start, end, one.title, paragraph, one.name))
    return out


def _lines(text: str) -> list[_Line]:
    lines, at = [], 0
    for line in text.split("\n"):
        lines.append(_Line(at, line.rstrip("\r")))
        at += len(line) + 1
    return lines


def _heading(level: int, title: str, lines: list[_Line], first: int, last: int, at: int) -> _Heading | None:
    """Return the heading of the rows `first` to `last`, its title in row `at`; None if that has no letters."""
    shown = plain_text(title)[:120]
    if not re.search(r"\w", shown):
        return None
    after = lines[last + 1].start if last + 1 < len(lines) else lines[last].start + len(lines[last].text)
    return _Heading(level, shown, lines[first].start, after, lines[at].start)


def _markdown_headings(lines: list[_Line]) -> Iterator[_Heading]:
    fence = ""
    front = bool(lines) and lines[0].text.strip() in ("---", "+++")
    for row, line in enumerate(lines):
        if front:
            front = row == 0 or line.text.strip() != lines[0].text.strip()
            continue
        opened = _FENCE.match(line.text)
        if fence:
            if opened and opened[1].startswith(fence) and not line.text.strip(" `~"):
                fence = ""
            continue
        if opened:
            fence = opened[1]
        elif found := _markdown_heading(lines, row):
            yield found


def _markdown_heading(lines: list[_Line], row: int) -> _Heading | None:
    if found := _ATX.match(lines[row].text):
        return _heading(len(found[1]), found[2], lines, row, row, row)
    under = _SETEXT.match(lines[row].text)
    if under is None or row == 0 or _NO_TITLE.match(lines[row - 1].text):
        return None
    if row > 1 and lines[row - 2].text.strip():
        return None  # a paragraph of several lines is rarely a title
    return _heading(1 if under[1][0] == "=" else 2, lines[row - 1].text, lines, row - 1, row, row - 1)


def _restructured_headings(lines: list[_Line]) -> Iterator[_Heading]:
    levels: list[tuple[str, bool]] = []
    for row in range(1, len(lines)):
        title, under = lines[row - 1].text.rstrip(), _ADORNMENT.match(lines[row].text)
        if under is None or not title.strip() or _ADORNMENT.match(title) or len(under[0].rstrip()) < len(title.strip()):
            continue
        over = row > 1 and lines[row - 2].text.rstrip() == under[0].rstrip()
        if not over and (title[0] in " \t" or (row > 1 and lines[row - 2].text.strip())):
            continue
        style = under[1], over
        if style not in levels:
            levels.append(style)
        if found := _heading(levels.index(style) + 1, title, lines, row - 2 if over else row - 1, row, row - 1):
            yield found


def _asciidoc_headings(lines: list[_Line]) -> Iterator[_Heading]:
    block = ""
    for row, line in enumerate(lines):
        opened = _ASCIIDOC_BLOCK.match(line.text)
        if opened and (not block or line.text.rstrip() == block):
            block = "" if block else line.text.rstrip()
        elif (
            not block
            and (found := _ASCIIDOC.match(line.text))
            and (heading := _heading(len(found[1]), found[2], lines, row, row, row))
        ):
            yield heading


def _org_headings(lines: list[_Line]) -> Iterator[_Heading]:
    for row, line in enumerate(lines):
        if (found := _ORG.match(line.text)) and (heading := _heading(len(found[1]), found[2], lines, row, row, row)):
            yield heading


def plain_text(text: str) -> str:
    """Return a line without links, images, tags, code marks and emphasis."""
    text = text.encode("utf-8", "replace").decode()
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def first_paragraph(text: str, *, has_fields: bool) -> str:
    """Return the first paragraph of prose in a text, on one line.

    `has_fields` says whether a line such as `:name: value` is a field in its language; in Markdown, it begins with an
    emoji.
    """
    kept: list[str] = []
    fenced = False
    for line in _HIDDEN.sub("", text[:6000]).splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not (fenced or not line.strip() or _NO_PROSE.match(line) or (has_fields and _FIELD.match(line))):
            kept.append(line.strip())
            continue
        if kept:
            break
    return plain_text(" ".join(kept))[:_PARAGRAPH].strip()
