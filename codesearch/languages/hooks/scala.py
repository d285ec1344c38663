"""Scala: names of tests, and the ends of bodies without braces."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

_PARAMETERS = re.compile(rb"given\s*\[([^\]]*)\]")
_WORD = re.compile(r"\w+")


def scala(scan: Scan) -> list[Definition]:
    """Name the test `"A stack" should "pop" in { ... }` as `A stack should pop`.

    A `given Show[Int]` without a name has the one that the compiler gives it: `given_Show_Int`.
    To the grammar, a body without braces includes the comment of the next definition: it ends before.
    """
    comments = {end: start for start, end in scan.marks.get("comment", ())}
    source = scan.source
    anonymous = {start for start, _ in scan.marks.get("anonymous", ())}
    for definition in scan.definitions:
        if definition.kind == "test":
            definition.name = definition.name.replace('"', "")
        elif definition.name_start in anonymous:
            parameters = _PARAMETERS.match(source, definition.start, definition.name_start)
            names = set(_WORD.findall(parameters[1].decode("utf-8", "replace"))) if parameters else set()
            definition.name = "_".join(["given", *(one for one in _WORD.findall(definition.name) if one not in names)])
        end = _without_blanks(source, definition.end)
        while (start := comments.get(end, -1)) > definition.name_start:
            end = _without_blanks(source, start)
        definition.end = end
    return scan.definitions


def _without_blanks(source: bytes, end: int) -> int:
    while end and source[end - 1] in b" \t\r\n":
        end -= 1
    return end
