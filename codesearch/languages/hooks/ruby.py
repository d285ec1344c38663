"""Ruby: names, and the descriptions of Rake's tasks."""

from __future__ import annotations

import re

from codesearch.languages.definition import Definition, Scan

# Ruby


def ruby_name(text: str) -> tuple[str, str]:
    """Split `A::B`; the colon of a symbol goes."""
    if "::" in text and re.fullmatch(r"[\w:]+", text):
        scope, _, name = text.rpartition("::")
        return scope, name
    return "", text.strip(":")


def ruby(scan: Scan) -> list[Definition]:
    """Take `desc "..."` directly above a task for its documentation, and leave out methods whose names are computed:
    `define_method("#{name}?")`.
    """
    descriptions = {end: start for start, end in scan.marks.get("description", ())}
    for definition in scan.definitions if descriptions else ():
        end = _end_above(scan.source, definition.start) if definition.kind == "function" else -1
        start = descriptions.get(end, -1)
        if start >= 0:
            text = scan.source[start:end].decode("utf-8", "replace")
            definition.documentation = text.partition("desc")[2].strip(" ()\"'")
    return [one for one in scan.definitions if one.kind != "method" or "#{" not in one.name]


def _end_above(source: bytes, start: int) -> int:
    """Return the end of the text above, if only one line break and blanks lie between."""
    above = source[max(0, start - 200) : start]
    return start - len(above) + len(above.rstrip())
