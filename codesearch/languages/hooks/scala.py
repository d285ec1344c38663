"""Scala: names of tests, and the ends of bodies without braces."""

from __future__ import annotations

from codesearch.languages.definition import Definition, Scan


def scala(scan: Scan) -> list[Definition]:
    """Name the test `"A stack" should "pop" in { ... }` as `A stack should pop`.

    To the grammar, a body without braces includes the comment of the next definition: it ends before.
    """
    comments = {end: start for start, end in scan.marks.get("comment", ())}
    source = scan.source
    for definition in scan.definitions:
        if definition.kind == "test":
            definition.name = definition.name.replace('"', "")
        end = _without_blanks(source, definition.end)
        while (start := comments.get(end, -1)) > definition.name_start:
            end = _without_blanks(source, start)
        definition.end = end
    return scan.definitions


def _without_blanks(source: bytes, end: int) -> int:
    while end and source[end - 1] in b" \t\r\n":
        end -= 1
    return end
