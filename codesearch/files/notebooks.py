"""Notebooks (`.ipynb`) as source: their cells in order, in the kernel's language, each line where it is in the file.

The text has the form that editors know for cells in a script: `# %% cell 3`, and `# %% [markdown] cell 4` above prose
in comments, with the comment mark of the language. Outputs and everything else become empty lines, so line numbers are
those of the file. A notebook that is not written line by line, as Jupyter does it, is first written so, and its line
numbers are those of that form.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, NamedTuple

EXTENSION = ".ipynb"
CELL = re.compile(rb"^(?:#|//|--) %% (?:\[(\w+)\] )?cell (\d+)$", re.MULTILINE)
"""The line above a cell in the text of a notebook: what kind it is unless it is code, and its number, from 1."""
_TYPE = re.compile(r'\s*"cell_type": "(\w+)"')
_SOURCE = re.compile(r'\s*"source": \[\s*$')
_LINE = re.compile(r'\s*("(?:[^"\\]|\\.)*"),?\s*$')
_MAGIC = re.compile(r"\s*(?:%{1,2}[A-Za-z]|!(?!=))")
"""A line that is for the kernel, not of the language."""
_OTHER = re.compile(r"%%(?!time\b|timeit\b|capture\b|prun\b)[A-Za-z]")
"""The first line of a cell in another language, such as `%%bash`."""
_KERNELS = {"ir": "r", "xpython": "python", "python3": "python", "python2": "python", "c++": "cpp", "cpp17": "cpp",
            "sos": "python", "ipython": "python", ".net-csharp": "csharp", "ijavascript": "javascript"}  # fmt: skip


class Place(NamedTuple):
    """Where a line of a notebook is; as text, `cell 4:12`."""

    cell: int
    """Number of the cell, from 1."""
    line: int
    """Line in it, from 1."""

    def __str__(self) -> str:
        return f"cell {self.cell}:{self.line}"


class Cells(NamedTuple):
    """The cells of a notebook by the lines of its text."""

    starts: tuple[int, ...]
    """The lines (from 1) above the cells, in order."""
    numbers: tuple[int, ...]
    """The number of each cell."""

    @classmethod
    def of(cls, text: bytes) -> Cells:
        """Return the cells in the text that `read` made of a notebook."""
        lines = enumerate(text.split(b"\n"), 1)
        found = [(line, int(mark[2])) for line, raw in lines if (mark := CELL.fullmatch(raw))]
        return cls(tuple(line for line, _ in found), tuple(number for _, number in found))

    def place(self, line: int) -> Place | None:
        """Return where a line (from 1) of the text is; None if it is above the first cell."""
        at = bisect_right(self.starts, line) - 1
        return None if at < 0 else Place(self.numbers[at], max(1, line - self.starts[at]))


class _Line(NamedTuple):
    cell: int
    kind: str
    text: str
    """The line of the cell; empty where its source begins."""
    is_start: bool
    is_code: bool = False
    """Whether it is in the language of the kernel."""


def read(data: bytes) -> tuple[bytes, str] | None:
    """Return (text, name of the kernel's language) of a notebook; None if it is none."""
    notebook = _loaded(data)
    if notebook is None:
        return None
    lines = _lines(data)
    if _contents(lines) != _wanted(notebook):
        lines = _lines(json.dumps(_in_lines(notebook), indent=1, ensure_ascii=False).encode())
    language = _language(notebook)
    text = "\n".join(_shown(line, _mark(language)) for line in lines) + "\n"
    return text.encode("utf-8", "replace"), language


def _mark(language: str) -> str:
    """Return what begins a comment in a language."""
    from codesearch import languages

    entry = next((languages.get(name) for name in languages.named(language)), None)
    marks = entry.line_comments if entry is not None else ()
    return next((mark for mark in marks if mark in ("#", "//", "--")), "#")


def _shown(line: _Line | None, mark: str) -> str:
    """Return a line of a notebook as a line of its text."""
    if line is None:
        return ""
    if line.is_start:
        return f"{mark} %% cell {line.cell}" if line.kind == "code" else f"{mark} %% [{line.kind}] cell {line.cell}"
    if line.kind == "code" and _MAGIC.match(line.text):
        return ""
    return line.text if line.is_code else f"{mark} {line.text}".rstrip()


def _loaded(data: bytes) -> Any:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("cells"), list) else None


def _language(notebook: Any) -> str:
    about = notebook.get("metadata") or {}
    spec, info = about.get("kernelspec") or {}, about.get("language_info") or {}
    name = str(info.get("name") or spec.get("language") or "python").lower()
    return _KERNELS.get(name, name)


def _source(cell: Any) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _in_lines(notebook: Any) -> dict[str, Any]:
    """Return what matters of a notebook, each line of a cell a line of its own."""
    cells = [
        {"cell_type": str(cell.get("cell_type", "code")), "source": _source(cell).splitlines(keepends=True)}
        for cell in notebook["cells"]
        if isinstance(cell, dict)
    ]
    return {"cells": cells}


def _wanted(notebook: Any) -> list[list[str]]:
    return [found for cell in notebook["cells"] if (found := _source(cell).splitlines())]


def _contents(lines: list[_Line | None]) -> list[list[str]]:
    cells: dict[int, list[str]] = {}
    for line in lines:
        if line is not None and not line.is_start:
            cells.setdefault(line.cell, []).append(line.text)
    return list(cells.values())


def _lines(data: bytes) -> list[_Line | None]:
    """Return what each line of a file is: where the source of a cell begins, a line of it, or nothing."""
    out: list[_Line | None] = []
    number, kind, inside, other = 0, "code", False, False
    for raw in data.decode("utf-8", "replace").split("\n"):
        content = _LINE.match(raw) if inside else None
        if content is not None:
            text = str(json.loads(content[1], strict=False)).rstrip("\r\n").replace("\n", " ")
            other = other or (out[-1] is not None and out[-1].is_start and _OTHER.match(text) is not None)
            is_code = kind == "code" and not other
            out.append(_Line(number, kind, text, is_start=False, is_code=is_code))
            continue
        inside, other = number > 0 and _SOURCE.match(raw) is not None, False
        began = _TYPE.match(raw)
        if began is not None:
            number, kind = number + 1, began[1]
        out.append(_Line(number, kind, "", is_start=True) if inside else None)
    return out
