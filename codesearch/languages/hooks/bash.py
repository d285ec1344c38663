"""Bash: functions that the grammar loses, and Bats tests."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

# Bash

_BATS_TEST = re.compile(rb"^@test[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s{]+))[ \t]*\{[ \t\r]*$", re.MULTILINE)


_HEAD = (
    rb"^(?P<indent>[ \t]*)(?:function[ \t]+(?P<name>[\w:.+@-]+)(?:[ \t]*\([ \t]*\)|(?:[ \t]+[\w:.+@-]+){0,9})?"
    rb"|(?P<other>[\w:.+@-]+)[ \t]*\([ \t]*\))[ \t]*"
)
"""zsh may give one function several names."""
_FUNCTION = re.compile(_HEAD + rb"(?:\r?\n)?\{[ \t\r]*(?:#[^\n]*)?$", re.MULTILINE)
_ONE_LINE = re.compile(_HEAD + rb"\{[^\n]*\}[ \t\r]*$", re.MULTILINE)
"""`short() { print -r -- "${(j:,:)@}" }`: zsh needs no semicolon before the brace."""


_CLOSED = re.compile(rb"^([ \t]*)\}[ \t\r]*$", re.MULTILINE)


def bash(scan: Scan) -> list[Definition]:
    """Add bats tests, which are no Bash before bats has rewritten them, and what the parser lost to an error:
    functions that begin and end at one indentation.
    """
    added = []
    closed = _Closed(scan.source)
    for found in _BATS_TEST.finditer(scan.source):
        end = closed.end(found.end(), b"")
        if end < 0:
            break
        group = found.lastindex or 0
        name = found[group].decode("utf-8", "replace")
        added.append(definition_at("test", name, found.start(), end, found.end() - 1, found.start(group)))
    return scan.definitions + added + (_lost(scan, closed) if scan.has_error else [])


class _Closed:
    """The lines of a source that hold nothing but a closing brace, by their indentation."""

    def __init__(self, source: bytes) -> None:
        self._lines: dict[bytes, tuple[list[int], list[int]]] = {}
        for line in _CLOSED.finditer(source):
            starts, ends = self._lines.setdefault(line[1], ([], []))
            starts.append(line.start())
            ends.append(line.end())

    def end(self, at: int, indent: bytes) -> int:
        """Return the end of the next such line with an indentation; -1 if there is none."""
        starts, ends = self._lines.get(indent, ([], []))
        place = bisect_left(starts, at)
        return ends[place] if place < len(starts) else -1


def _lost(scan: Scan, closed: _Closed) -> list[Definition]:
    """Return the functions that the grammar lost, and cut those that run into the next."""
    found = {
        one.start(): (one, one.end() - 1, closed.end(one.end(), one["indent"]))
        for one in _FUNCTION.finditer(scan.source)
    }
    for one in _ONE_LINE.finditer(scan.source):
        body = scan.source.find(b"{", one.end("name" if one["name"] else "other"))
        found.setdefault(one.start(), (one, body, one.start() + len(one[0].rstrip())))
    known = {definition.start: definition for definition in scan.definitions}
    out = []
    for one, body, end in found.values():
        start = one.end("indent")
        if end < 0:
            continue
        if start in known:
            known[start].end = min(known[start].end, end)
            continue
        group = "name" if one["name"] else "other"
        name = one[group].decode("utf-8", "replace")
        out.append(definition_at("function", name, start, end, body, one.start(group)))
    return out
