"""The matches of a pattern of syntax in one file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.exact.scan import LONGEST, Line
from codesearch.exact.syntax import SyntaxPattern, compiled
from codesearch.languages.definition import Language

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_TEXT = 10_000
"""Characters of a match, or of a capture, that are kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the source with a name: the whole match, or what a capture holds."""

    name: str
    line: int
    """From 1."""
    column: int
    """In bytes, from 1."""
    end_line: int
    end_column: int
    """After the last byte."""
    text: str
    """A very long one is cut."""


@dataclass(frozen=True, slots=True)
class NodeMatch:
    """A match of a pattern."""

    line: Line
    """Its first line, and where it begins in it."""
    start_byte: int
    end_byte: int
    whole: Part
    captures: tuple[Part, ...]
    """In the order of the source."""


def matches(source: bytes, language: Language, pattern: SyntaxPattern) -> tuple[list[NodeMatch], bool]:
    """Return the matches in a source, in order, and whether it has syntax errors.

    Raises UsageError for a pattern that is wrong, GrammarError.
    """
    from tree_sitter import QueryCursor

    from codesearch.extract.scan import parsed

    if b"\n" not in source and b"\r" in source:
        source = source.replace(b"\r", b"\n")
    dialect = _dialect(language, source)
    root = parsed(source, language, dialect).root_node
    text = _Text(source)
    found: dict[tuple[int, ...], NodeMatch] = {}
    for number, captures in QueryCursor(compiled(pattern, dialect)).matches(root):
        parts = sorted(_parts(captures), key=lambda one: (one[1].start_byte, -one[1].end_byte))
        public = [one for one in parts if not one[0].startswith("_")] or parts
        if public:
            start, end = min(one.start_byte for _, one in public), max(one.end_byte for _, one in public)
            key = (start, end, number, *(place for _, one in parts for place in (one.start_byte, one.end_byte)))
            if key not in found:
                found[key] = text.match(start, end, public)
    return [found[key] for key in sorted(found)], root.has_error


def _dialect(language: Language, source: bytes) -> str:
    """Return the language in which a component (Vue, Svelte) has its scripts; else the language itself."""
    from codesearch.languages.hooks import script

    return "tsx" if language.name in ("vue", "svelte") and script.is_tsx(source) else language.name


def _parts(captures: dict[str, list[Node]]) -> Iterator[tuple[str, Node]]:
    for name, nodes in captures.items():
        yield from ((name, node) for node in nodes)


class _Text:
    """A source with the offsets of its lines."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0, *(found.end() for found in re.finditer(rb"\n", source))]

    def match(self, start: int, end: int, parts: Iterable[tuple[str, Node]]) -> NodeMatch:
        """Return a match that reaches from one offset to another."""
        whole = self.part("", start, end)
        first = self._starts[whole.line - 1]
        after = self._source.find(b"\n", start)
        line = self._source[first : after if after >= 0 else len(self._source)].removesuffix(b"\r")
        head, inside = self._source[first:start], self._source[start : min(end, first + len(line))]
        before = len(head.decode("utf-8", "replace"))
        last = before + len(inside.decode("utf-8", "replace"))
        shown = line.decode("utf-8", "replace")[:LONGEST]
        spans = ((before, last),) if last <= LONGEST else ()
        captures = tuple(self.part(name, node.start_byte, node.end_byte) for name, node in parts)
        return NodeMatch(Line(whole.line, shown, spans), start, end, whole, captures)

    def part(self, name: str, start: int, end: int) -> Part:
        """Return a range of the source."""
        row, last = bisect_right(self._starts, start), bisect_right(self._starts, end)
        text = self._source[start:end].decode("utf-8", "replace")[:MOST_TEXT]
        return Part(name, row, start - self._starts[row - 1] + 1, last, end - self._starts[last - 1] + 1, text)
