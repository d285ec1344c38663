"""Bash: functions that the grammar loses, and Bats tests."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

# Bash

_BATS_TEST = re.compile(rb"^@test[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s{]+))[ \t]*\{[ \t\r]*$", re.MULTILINE)


_HEAD = rb"^(?:function[ \t]+([\w:.+@-]+)(?:[ \t]*\([ \t]*\))?|([\w:.+@-]+)[ \t]*\([ \t]*\))[ \t]*"
_FUNCTION = re.compile(_HEAD + rb"(?:\r?\n)?\{[ \t\r]*(?:#[^\n]*)?$", re.MULTILINE)
_ONE_LINE = re.compile(_HEAD + rb"\{[^\n]*\}[ \t\r]*$", re.MULTILINE)
"""`short() { print -r -- "${(j:,:)@}" }`: zsh needs no semicolon before the brace."""


_CLOSED = re.compile(rb"^\}[ \t\r]*$", re.MULTILINE)


def bash(scan: Scan) -> list[Definition]:
    """Add bats tests, which are no Bash before bats has rewritten them, and what the parser lost to an error:
    functions that begin and end at the start of a line.
    """
    added = []
    closing = list(_CLOSED.finditer(scan.source))
    closed, ends = [line.start() for line in closing], [line.end() for line in closing]
    for found in _BATS_TEST.finditer(scan.source):
        close = bisect_left(closed, found.end())
        if close == len(closed):
            break
        group = found.lastindex or 0
        name = found[group].decode("utf-8", "replace")
        added.append(definition_at("test", name, found.start(), ends[close], found.end() - 1, found.start(group)))
    return scan.definitions + added + (_lost(scan, closed, ends) if scan.has_error else [])


def _lost(scan: Scan, closed: list[int], ends: list[int]) -> list[Definition]:
    """Return the functions that the grammar lost, and cut those that run into the next."""
    out = []
    known = {definition.start: definition for definition in scan.definitions}
    for found in _FUNCTION.finditer(scan.source):
        close = bisect_left(closed, found.end())
        if close == len(closed):
            break
        if found.start() in known:
            known[found.start()].end = min(known[found.start()].end, ends[close])
            continue
        group = found.lastindex or 0
        name = found[group].decode("utf-8", "replace")
        out.append(definition_at("function", name, found.start(), ends[close], found.end() - 1, found.start(group)))
    for found in _ONE_LINE.finditer(scan.source):
        group = found.lastindex or 0
        end = found.start() + len(found[0].rstrip())
        if found.start() in known:
            known[found.start()].end = min(known[found.start()].end, end)
            continue
        name = found[group].decode("utf-8", "replace")
        body = scan.source.find(b"{", found.end(group))
        out.append(definition_at("function", name, found.start(), end, body, found.start(group)))
    return out
