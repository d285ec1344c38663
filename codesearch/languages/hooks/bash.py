"""Bash: functions that the grammar loses, and Bats tests."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

# Bash

_BATS_TEST = re.compile(rb"^@test[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)'|([^\s{]+))[ \t]*\{[ \t]*$", re.MULTILINE)


_FUNCTION = re.compile(
    rb"^(?:function[ \t]+([\w:.-]+)[ \t]*(?:\([ \t]*\))?|([\w:.-]+)[ \t]*\([ \t]*\))[ \t]*\n?\{[ \t]*(?:#[^\n]*)?$",
    re.MULTILINE,
)


_CLOSED = re.compile(rb"^\}[ \t]*$", re.MULTILINE)


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
    if scan.has_error:
        known = {definition.start for definition in scan.definitions}
        for found in _FUNCTION.finditer(scan.source):
            if found.start() in known:
                continue
            close = bisect_left(closed, found.end())
            if close == len(closed):
                break
            group = found.lastindex or 0
            name = found[group].decode("utf-8", "replace")
            start = found.start(group)
            added.append(definition_at("function", name, found.start(), ends[close], found.end() - 1, start))
    return scan.definitions + added
