"""From the source of one file to its symbols."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import PurePosixPath

from codesearch import languages
from codesearch.core.types import CALLABLES, KINDS, MINOR, Kind, Symbol
from codesearch.extract import details, notebook
from codesearch.extract.comments import CommentFinder, clean_comment
from codesearch.extract.prototypes import without_prototypes
from codesearch.extract.scan import FileScan, ParseTimeoutError, scan
from codesearch.files import notebooks
from codesearch.languages.definition import Definition, Language

__all__ = ["ParseTimeoutError", "extract"]

_MAX_SIGNATURE = 300
_MAX_VALUE = 120
"""Maximum length of the signature of a detail."""
_OPENING = re.compile(r"([(\[]) ")
_CLOSING = re.compile(r",? ([)\]])")
"""Remains of line breaks in a list of parameters."""
_OPEN_BRACE = re.compile(rb"\{[^\S\n]*\r?\n")
_GAP = re.compile(rb"(?:[\s;,]|//[^\n]*(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*\*/)*")
"""What may separate the overloads of a function."""
_TAILS = ("=>", "=", "{", ":", ";", ",", "->", " do", " where")
"""What separates a declaration from its body."""
_NO_LEAD = re.compile(rb"[;{}]|\[[^\]]*\Z|,\Z|\A\s*return\b")
"""What the words before a definition on its line do not contain: the end of something else, the start of a list."""
_MAX_LEAD = 400
"""What is longer is a line of a minified file."""
_ONLY_TAG = re.compile(r"\s*@\w+\s*")
"""Documentation that says nothing: `@public`."""
_CONDITION = re.compile(r"\s*#\s*(?:if|ifdef|ifndef|elif|else|endif)\b")
_STRINGS = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_PASCAL_COMMENT = re.compile(rf"({_STRINGS})|\(\*(?!\)).*?\*\)", re.DOTALL)
_BLOCK_COMMENT = re.compile(rf"({_STRINGS})|/\*.*?\*/", re.DOTALL)
"""A comment in a declaration; the first group is what is a string instead."""
_TEST_SEPARATOR = " > "


def extract(source: bytes, language: str, path: str, timeout: float | None = None) -> list[Symbol]:
    """Return the symbols of one file: first its `module`, then the others in source order, containers first.

    `source` is UTF-8 (invalid bytes are replaced in names and documentation), `path` is relative to the root,
    with `/`. Every file has a module symbol, whatever is in it. Files with syntax errors give what can be found.
    `timeout` bounds the seconds spent in parsing: ParseTimeout is raised then. Queries cannot be interrupted.
    Raises NotFoundError for a language that is unknown or whose grammar is not installed.
    """
    return extract_scan(source, language, path, timeout)[0]


def extract_scan(
    source: bytes, language: str, path: str, timeout: float | None = None, *, whole: bool = False
) -> tuple[list[Symbol], FileScan]:
    """Return the symbols as `extract` does, and the scan of the file, for its references if it is read as a `whole`."""
    if b"\n" not in source and b"\r" in source:
        source = source.replace(b"\r", b"\n")  # the same length, and lines count as they look
    deadline = None if timeout is None else time.monotonic() + timeout
    entry = languages.get(language)
    found = scan(source, entry, deadline, whole=whole)
    definitions = entry.after(found) if entry.after else found.definitions
    minor = details.find(found, definitions)
    if path.endswith(notebooks.EXTENSION):
        minor += notebook.cells(source)
    return _Symbols(found, entry, path).build(definitions, minor), found


def extract_parts(source: bytes, language: str, path: str) -> list[Symbol]:
    """Return the symbols of a file that cannot be parsed: the file, and parts of it that end at blank lines."""
    from codesearch.languages.hooks.chunks import chunks

    if b"\n" not in source and b"\r" in source:
        source = source.replace(b"\r", b"\n")
    entry = replace(languages.get(language), module="", after=None, before=None)
    found = scan(source, entry)
    return _Symbols(found, entry, path).build(chunks(found), [])


class _Symbols:
    """Places the definitions of a scan: ranges widened, documentation found, names qualified."""

    def __init__(self, found: FileScan, entry: Language, path: str) -> None:
        self.found = found
        self.entry = entry
        self.path = path
        self.source = found.source
        lengths = map((1).__add__, map(len, self.source.split(b"\n")))
        self.starts = list(accumulate(lengths, initial=0))
        self.starts.pop()  # beyond the end
        if len(self.starts) > 1 and self.starts[-1] == len(self.source):
            self.starts.pop()
        self.comments = CommentFinder(self.source, self.starts, entry.line_comments, entry.block_comments)
        self.names: list[int] = []
        """Where the names of the symbols begin, in order."""
        self.annotation = re.compile(rb"\s*(?:" + entry.annotation + rb")\s*", re.DOTALL) if entry.annotation else None

    def _kind(self, definition: Definition, around: str) -> str:
        """Return the kind of a definition: a function in a type, or with a qualifier, is a method."""
        is_method = definition.kind == "function" and (around in self.entry.method_kinds or definition.scope)
        return "method" if is_method else definition.kind

    def _qualname(self, definition: Definition, around: str, prefix: str) -> str:
        """Return the name of a definition with its containers; `around` and `prefix` are kind and name of the next."""
        separator = self.entry.separator
        name = separator.join([definition.scope, definition.name] if definition.scope else [definition.name])
        if name.startswith(separator) and name[len(separator) :][:1].isidentifier():
            return name.removeprefix(separator)  # absolute, whatever is around
        if around == "section" and definition.kind not in MINOR:
            return name  # a function of a script in a page
        return prefix + (_TEST_SEPARATOR if around == "test" else separator) + name if prefix else name

    def build(self, definitions: list[Definition], minor: list[Definition]) -> list[Symbol]:
        self.names = sorted(one.name_start for one in definitions if one.kind in KINDS)
        for definition in (*definitions, *minor):
            self._widen(definition)
        definitions.sort(key=_in_order)
        if self.entry.overloads:
            definitions = self._joined(definitions)
        details.describe(definitions, self.source, self.entry)
        module = self._module(definitions, minor)
        if minor:
            definitions = sorted((*definitions, *details.kept(minor, self.source, self.entry)), key=_in_order)
        found = without_prototypes(list(self._placed(definitions)))
        return [module, *_without_repeated_details(found)] if minor else [module, *found]

    def _placed(self, definitions: list[Definition]) -> Iterator[tuple[Symbol, bool]]:
        """Yield the symbols of definitions in order, and whether each is a prototype."""
        stack: list[tuple[Definition, str, str]] = []  # the definitions around, their kinds and qualified names
        for definition in definitions:
            while stack and (stack[-1][0].end <= definition.start or _is_same(stack[-1][0], definition)):
                stack.pop()
            container, around, prefix = stack[-1] if stack else (None, "", "")
            if definition.minor:
                if around in CALLABLES and container is not None and definition.start < container.body:
                    # A parameter of a constructor that is a field as well.
                    container, around, prefix = stack[-2] if len(stack) > 1 else (None, "", "")
                if around not in CALLABLES:
                    yield self._detail(definition, container, around, prefix), False
                continue
            kind = self._kind(definition, around)
            qualname = self._qualname(definition, around, prefix)
            stack.append((definition, kind, qualname))
            if kind in KINDS and not (definition.prototype and around in CALLABLES):
                yield self._symbol(definition, kind, qualname), definition.prototype

    def _detail(self, definition: Definition, container: Definition | None, around: str, prefix: str) -> Symbol:
        """Return the symbol of a detail in a container, of which kind and name are `around` and `prefix`."""
        kind = details.kind_of(definition, container, self.source)
        is_namespace = container is not None and container.name_start == definition.name_start
        return self._symbol(definition, kind, prefix if is_namespace else self._qualname(definition, around, prefix))

    def _joined(self, definitions: list[Definition]) -> list[Definition]:
        """Join overloads with the implementation, or the next overload, that directly follows them."""
        kept: list[Definition] = []
        for definition in definitions:
            above = kept[-1] if kept else None
            if (
                above
                and above.prototype
                and above.name == definition.name
                and above.end <= definition.start
                and _GAP.fullmatch(self.source, above.end, definition.start)
            ):
                definition.start = above.start
                definition.documentation = above.documentation or definition.documentation
                kept.pop()
            kept.append(definition)
        return kept

    def _symbol(self, definition: Definition, kind: Kind, qualname: str) -> Symbol:
        return Symbol(
            kind=kind,
            name=definition.name,
            qualname=qualname,
            signature=self._signature(definition),
            documentation=self._documentation(definition.documentation or ""),
            start_line=self._row(definition.start) + 1,
            end_line=self._row(max(definition.start, definition.end - 1)) + 1,
            start_byte=definition.start,
            end_byte=definition.end,
            language=self.entry.name,
            path=self.path,
        )

    def _documentation(self, text: str) -> str:
        """Return the text of a comment or a docstring as plain text; "" if it is only a tag."""
        if _ONLY_TAG.fullmatch(text):
            return ""
        return self.entry.plain_documentation(text) if self.entry.plain_documentation else text

    def _module(self, definitions: list[Definition], minor: list[Definition]) -> Symbol:
        stem = PurePosixPath(self.path)
        documentation = self.found.docstrings.get(self.found.root)
        if self.path.endswith(notebooks.EXTENSION):
            documentation = ""
        if documentation is None:
            # In Lua, the first table is the module.
            others = minor if self.entry.name != "lua" and not self.entry.is_text else []
            first = min((self._row(one.start) for one in (*definitions[:1], *others)), default=-1)
            documentation = self.comments.leading(first)
        return Symbol(
            kind="document" if self.entry.is_text else "module",
            name=stem.name if self.entry.is_text else stem.stem or self.path,
            qualname=str(stem.with_suffix("")) if stem.suffix and not self.entry.is_text else self.path,
            signature=self.path,
            documentation=self._documentation(documentation),
            start_line=1,
            end_line=len(self.starts),
            start_byte=0,
            end_byte=len(self.source),
            language=self.entry.name,
            path=self.path,
        )

    def _row(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def _wrapped(self, definition: Definition) -> tuple[int, int]:
        """Return the range of a definition with its wrappers (decorators, `export`), without blanks at the end."""
        span = (definition.start, definition.end)
        while (wider := self.found.wraps.get(span)) and wider != span:
            span = wider
        start, end = span
        while end > start and self.source[end - 1] in b" \t\r\n":
            end -= 1
        return start, end

    def _line_end(self, row: int) -> int:
        """Return the offset after the text of a line, blanks around it left out; 0 for a blank line."""
        line = self.comments.line(row)
        return (self.source.find(line, self.starts[row]) if line else 0) + len(line)

    def _widen(self, definition: Definition) -> None:
        """Extend a definition by its wrappers, its attributes and the words before it on its line, and find its
        documentation.
        """
        found = self.found
        documentation = definition.documentation or found.docstrings.get((definition.start, definition.end))
        start, definition.end = self._wrapped(definition)
        comment = ""
        row = probe = self._row(start)
        while True:
            lead = self.source[self.starts[row] : start].rstrip() if row == probe else b""
            if lead:
                end = self.starts[row] + len(lead)
            elif probe:
                end = self._line_end(probe - 1)
            else:
                break
            attribute = found.attributes.get(end)
            if attribute:
                start, text = attribute
                documentation = "\n".join(filter(None, (text, documentation)))
                row = probe = self._row(start)
                continue
            if len(lead) > _MAX_LEAD:
                break
            if lead:
                comment = comment or self.comments.inline(lead)
                if comment or not self._belongs(lead, start, definition.name_start):
                    break
                start = self.starts[row] + len(lead) - len(lead.lstrip())
                continue
            top = self.comments.above(probe)
            if top == probe:
                break
            comment = comment or clean_comment(self.comments.text(top, probe))
            probe = top
        definition.start = start
        definition.documentation = documentation or _own(definition, comment)

    def _belongs(self, lead: bytes, start: int, name_start: int) -> bool:
        """Return whether what precedes a definition on its line is part of it: `MY_API`, `private`, `export default
        memo(`. The end of something else is not, nor is another definition.
        """
        if not lead.strip() or _NO_LEAD.search(lead):
            return False
        begin = self.starts[self._row(start)]
        others = self.names[bisect_left(self.names, begin) : bisect_left(self.names, start)]
        return not others or others == [name_start]

    def _signature(self, definition: Definition) -> str:
        begin = max(min(definition.start, definition.name_start), self.starts[self._row(definition.head)])
        end = definition.body
        if end < 0:
            end = min(definition.end, begin + 4 * _MAX_SIGNATURE)
            brace = _OPEN_BRACE.search(self.source, definition.name_start, end)
            end = brace.start() if brace else end
        if self.annotation:
            while (match := self.annotation.match(self.source, begin, end)) and match.end() <= definition.name_start:
                begin = match.end()
        declaration = self.source[begin : min(end, begin + 4 * _MAX_SIGNATURE)]
        if definition.tail > 0:
            declaration += b" " + self.source[definition.tail : min(definition.end, definition.tail + _MAX_SIGNATURE)]
        text = declaration.decode("utf-8", "replace")
        text = _on_one_line(text, self.entry)
        if definition.minor:
            text = text.lstrip("|= ")  # before one of several alternatives
        return f"{text[:_MAX_VALUE]}…" if definition.minor and len(text) > _MAX_VALUE else text


def _without_repeated_details(symbols: Sequence[Symbol]) -> Iterator[Symbol]:
    """Yield symbols without the details that have the name of another symbol, such as a property with accessors."""
    others = {symbol.qualname for symbol in symbols if symbol.kind not in MINOR}
    yield from (one for one in symbols if one.kind not in MINOR or one.qualname not in others)


def _own(definition: Definition, comment: str) -> str:
    """Return the comment above a definition, unless it belongs to what is before."""
    return comment if definition.owns_comment else ""


def _in_order(definition: Definition) -> tuple[int, int, int]:
    """Return the sort key of definitions: in source order, containers first."""
    return definition.start, -definition.end, definition.name_start


def _is_same(around: Definition, definition: Definition) -> bool:
    """Return whether the second only gives what the first defines another name: `a = b = function () {}`,
    `typedef struct tag { .. } name`, `typedef int a, *b`.
    """
    if around.body == definition.body >= 0:
        return True
    span = around.start, around.end
    return around.kind == definition.kind == "type" and span == (definition.start, definition.end)


@cache
def _without_comments(marks: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for comments at the ends of lines, whose first group is what is a string instead."""
    return re.compile(f"({_STRINGS})|(?<!\\S)(?:{'|'.join(map(re.escape, marks))})[^\n]*")


def _without_lines_between(text: str, line_comments: tuple[str, ...]) -> str:
    """Return a declaration without comments to the end of a line, and without conditions (`#if`)."""
    if "\n" in text:
        lines = (line for line in text.split("\n") if not line.lstrip().startswith(line_comments))
        text = "\n".join(line for line in lines if not _CONDITION.match(line))
    if any(mark in text for mark in line_comments):
        text = _without_comments(line_comments).sub(r"\1", text)
    return text


def _on_one_line(text: str, language: Language) -> str:
    """Return a declaration on one line, without comments and what only opens the body, cut at _MAX_SIGNATURE."""
    text = _without_lines_between(text, language.line_comments)
    if "/*" in text and ("/*", "*/") in language.block_comments:
        text = _BLOCK_COMMENT.sub(lambda found: found[1] or " ", text)
    if "(*" in text and ("(*", "*)") in language.block_comments:
        text = _PASCAL_COMMENT.sub(lambda found: found[1] or " ", text)
    text = " ".join(text.split())
    if "( " in text or "[ " in text:
        text = _OPENING.sub(r"\1", text)
    if " )" in text or " ]" in text:
        text = _CLOSING.sub(r"\1", text)
    tails = (*_TAILS, *language.opens_body)
    while text.endswith(tails):
        text = text.removesuffix(next(tail for tail in tails if text.endswith(tail))).rstrip()
    return text if len(text) <= _MAX_SIGNATURE else text[: _MAX_SIGNATURE - 1].rstrip() + "…"
