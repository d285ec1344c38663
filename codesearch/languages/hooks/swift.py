"""Swift: functions and declarations of the operators `...` and `..<`, which the grammar takes for ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from codesearch.languages.definition import Definition, Scan

_RANGE = re.compile(rb"\b(?:func|operator)[ \t]+(\.\.[.<])(?=\s*(?:[(<:{]|$))", re.MULTILINE)
_KNOWN = b"+++"
"""An operator of the same length that the grammar knows."""


def known_operators(source: bytes) -> bytes:
    """Return a source in which functions named by a range operator have another name."""
    return _replaced(source, _RANGE.finditer(source), lambda _: _KNOWN)


def swift(scan: Scan) -> list[Definition]:
    """Give functions named by a range operator their names back."""
    ranges = {found.start(1): found[1] for found in _RANGE.finditer(scan.original)}
    for definition in scan.definitions:
        if (name := ranges.get(definition.name_start)) is not None:
            definition.name = name.decode()
    scan.source = _replaced(scan.source, _RANGE.finditer(scan.original), lambda found: found[1])
    return scan.definitions


def _replaced(source: bytes, operators: Iterable[re.Match[bytes]], by: Callable[[re.Match[bytes]], bytes]) -> bytes:
    """Return a source with something else of the same length for the operators of some matches."""
    out, at = [], 0
    for found in operators:
        out += [source[at : found.start(1)], by(found)]
        at = found.end(1)
    return b"".join((*out, source[at:])) if out else source
