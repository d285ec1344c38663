"""Parts of files in languages that nothing is known about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codesearch.languages.definition import Definition, Scan
from codesearch.languages.hooks._common import definition_at

_CHUNK_LINES = 50
_WORD = re.compile(rb"\w")


def chunks(scan: Scan) -> list[Definition]:
    """Return the parts of a file in no known language: about fifty lines that end at a blank line."""
    return list(_chunks(scan.source))


def _chunks(source: bytes) -> Iterator[Definition]:
    lines = source.split(b"\n")
    if len(lines) <= _CHUNK_LINES:
        return  # the file is one
    start = at = number = 0
    first = b""
    for row, line in enumerate(lines):
        first = first or (line.strip() if _WORD.search(line) else b"")
        number += 1
        at += len(line) + 1
        is_end = (not line.strip() and number >= _CHUNK_LINES // 2) or number >= 2 * _CHUNK_LINES
        if is_end or row == len(lines) - 1:
            end = start + len(source[start:at].rstrip())
            if first:
                yield definition_at("section", first.decode("utf-8", "replace")[:80], start, end, -1, start)
            start, number, first = at, 0, b""
