"""Dart: signatures and their bodies."""

from __future__ import annotations

import re
from bisect import bisect_left

from codesearch.languages.definition import Definition, Scan

_ADJACENT = re.compile(r"(['\"])\s+\1")
"""Between two string literals that are one string."""


def dart(scan: Scan) -> list[Definition]:
    """Join each signature with the body beside it; constructors are named as they are called (`Cache.of`)."""
    bodies = sorted(scan.marks.get("tail", ()))
    starts = [start for start, _ in bodies]
    source = scan.source
    for definition in scan.definitions:
        if definition.kind == "test":
            definition.name = _ADJACENT.sub("", definition.name)
        if definition.kind not in ("function", "method"):
            continue
        at = bisect_left(starts, definition.end)
        if at < len(starts) and not source[definition.end : starts[at]].strip():
            definition.body, definition.end = bodies[at]
        elif source[definition.end : definition.end + 1] == b";":
            definition.end += 1
    return scan.definitions
