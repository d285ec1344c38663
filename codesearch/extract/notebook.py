"""The cells of a notebook, in the text that `files.notebooks` makes of it: code as cells, prose as sections."""

from __future__ import annotations

import re

from codesearch.files.notebooks import CELL
from codesearch.languages.definition import Definition
from codesearch.languages.hooks import prose

_MARK = re.compile(r"^(?:#|//|--) ?", re.MULTILINE)


def cells(text: bytes) -> list[Definition]:
    """Return the cells of a notebook that hold anything; a cell of prose is named by its first heading."""
    found = list(CELL.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)][: len(found)]
    out = []
    for cell, end in zip(found, ends, strict=True):
        inside = text[cell.end() : end].strip()
        if inside:
            out.append(_cell(cell, end, inside.decode("utf-8", "replace")))
    return out


def _cell(cell: re.Match[bytes], end: int, inside: str) -> Definition:
    name = f"cell {int(cell[2])}"
    kind, said = "cell", ""
    if cell[1] is not None:
        kind = "section"
        text = _MARK.sub("", inside)
        headings = prose.sections(text)
        name = headings[0].title if headings else name
        said = headings[0].paragraph if headings else prose.first_paragraph(text, has_fields=False)
    elif (mark := _MARK.match(inside)) and inside[mark.end() : mark.end() + 1] not in "%!":
        said = inside.splitlines()[0][mark.end() :].strip("# ")
    return Definition(
        kind=kind,
        name=name,
        scope="",
        start=cell.start(),
        end=end,
        head=cell.start(),
        body=cell.end(),
        pattern=0,
        name_start=cell.start(),
        documentation=said,
        minor=True,
    )
