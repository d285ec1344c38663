"""Symbols as the protocol describes them: ranges, kinds, hits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from codesearch import Line
from codesearch.core.types import Kind, Symbol
from codesearch.service import cells
from codesearch_lsp.positions import name_place, split_lines, units

SYMBOL_KINDS: dict[Kind, int] = {
    "function": 12,
    "method": 6,
    "class": 5,
    "struct": 23,
    "trait": 11,
    "interface": 11,
    "enum": 10,
    "type": 26,
    "macro": 12,
    "test": 12,
    "module": 2,
    "constant": 14,
    "variable": 13,
    "field": 8,
    "member": 22,
    "alias": 20,
    "call": 24,
    "section": 15,
    "document": 1,
    "config": 19,
    "cell": 3,
}
_FIRST_KINDS = range(1, 19)
"""The symbol kinds of a client that does not list those it knows."""
_CLASS = 5
_NAME_WITHIN = 8000
"""Bytes of a symbol that are searched for its name."""
_DOCUMENTATION = 300

Range = dict[str, dict[str, int]]


def symbol_kind(kind: Kind, known: object = None) -> int:
    """Return the protocol's kind of a symbol, or that of a class if the client does not know it."""
    allowed: Collection[Any] = known if isinstance(known, list) and known else _FIRST_KINDS
    found = SYMBOL_KINDS[kind]
    return found if found in allowed else _CLASS


def line_range(symbol: Symbol) -> Range:
    """Return the lines of a symbol; does not read the file."""
    return _range(symbol.start_line - 1, 0, symbol.end_line, 0)


def name_range(symbol: Symbol, data: bytes | None, encoding: str) -> Range:
    """Return the range of a symbol's name; an empty one at its first line if the file no longer matches the index.

    `data` is the file's text as it is extracted: UTF-8, with lines that end in LF or CRLF.
    """
    first = symbol.start_line - 1
    fallback = _range(first, 0, first, 0)
    if data is None or (symbol.kind == "module" and symbol.start_byte == 0):
        return fallback
    if cells.text_of(symbol.path, data) is not None:  # offsets are those of the text of its cells
        return _name_within(split_lines(data.decode("utf-8", "replace")), symbol, encoding) or fallback
    if data.count(b"\n", 0, symbol.start_byte) != first:
        return fallback
    begin = data.rfind(b"\n", 0, symbol.start_byte) + 1
    text = data[begin : min(symbol.end_byte, symbol.start_byte + _NAME_WITHIN)].decode("utf-8", "replace")
    lines = split_lines(text)
    place = name_place(lines, 0, len(lines), symbol.name, encoding)
    return fallback if place is None else _range(first + place[0], place[1], first + place[0], place[2])


def _name_within(lines: Sequence[str], symbol: Symbol, encoding: str) -> Range | None:
    """Return the range of a symbol's name in the lines of its file; None if they do not hold it."""
    place = name_place(lines, symbol.start_line - 1, symbol.end_line - 1, symbol.name, encoding)
    return None if place is None else _range(place[0], place[1], place[0], place[2])


def name_ranges(data: bytes | None, lines: Iterable[int], name: str, encoding: str) -> list[Range]:
    """Return the range of a name in each of some lines (from 1); the whole line if it does not contain the name."""
    text = split_lines((data or b"").decode("utf-8", "replace"))
    ranges = []
    for line in lines:
        place = name_place(text, line - 1, line - 1, name, encoding) if line <= len(text) else None
        body = text[line - 1].rstrip("\r\n") if line <= len(text) else ""
        first = units(body[: len(body) - len(body.lstrip())], encoding)
        ranges.append(
            _range(line - 1, place[1], line - 1, place[2])
            if place is not None
            else _range(line - 1, first, line - 1, units(body, encoding))
        )
    return ranges


def _range(line: int, character: int, end_line: int, end_character: int) -> Range:
    return {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }


def container(symbol: Symbol) -> str:
    """Return the container of a symbol, as its language writes it: `Engine` for `Engine.Run`; "" at the top level."""
    return symbol.qualname.removesuffix(symbol.name).rstrip(".:#>/- ")


def first_paragraph(documentation: str) -> str:
    """Return the first paragraph of documentation, on one line and shortened."""
    text = " ".join(documentation.strip().split("\n\n", 1)[0].split())
    return text if len(text) <= _DOCUMENTATION else text[: _DOCUMENTATION - 1] + "…"


def matching(lines: Iterable[Line], path: str, data: bytes | None, encoding: str) -> list[dict[str, Any]]:
    """Return lines of a file that match: the range of the first match in each, its text, and the cell in a notebook."""
    found = []
    for line in lines:
        start, end = line.spans[0] if line.spans else (0, 0)
        first, last = units(line.text[:start], encoding), units(line.text[:end], encoding)
        place = _range(line.number - 1, first, line.number - 1, last)
        found.append({"range": place, "text": line.text, **(cell_at(path, data, line.number) or {})})
    return found


def snippet(symbol: Symbol, data: bytes | None, lines: int) -> str:
    """Return at most `lines` lines of a symbol's source."""
    if data is None or lines <= 0:
        return ""
    begin = data.rfind(b"\n", 0, symbol.start_byte) + 1
    source = data[begin : symbol.end_byte].split(b"\n", lines)[:lines]
    return "\n".join(line.rstrip(b"\r").decode("utf-8", "replace") for line in source)


def cell_at(path: str, data: bytes | None, line: int) -> dict[str, int] | None:
    """Return the cell and the line in it of a line (from 1) of a notebook's file; None if it is in no cell."""
    found = cells.place(path, data, line)
    return None if found is None else {"cell": found.cell, "cellLine": found.line}


def hit(
    symbol: Symbol,
    *,
    rank: int,
    score: float,
    uri: str,
    root: str,
    unsaved: bool,
    encoding: str,
    source: Callable[[], bytes | None],
    lines: int = 0,
    weak: float = 0.0,
    matches: Sequence[Line] = (),
) -> dict[str, Any]:
    """Return a Hit of docs/lsp.md. `source` returns the text around the symbol; a score below `weak` is marked."""
    data = source()
    found: dict[str, Any] = {
        "rank": rank,
        "score": round(score, 4),
        "uri": uri,
        "range": line_range(symbol),
        "selectionRange": name_range(symbol, data, encoding),
        "root": root,
        "path": symbol.path,
        "name": symbol.name,
        "qualname": symbol.qualname,
        "kind": symbol.kind,
        "symbolKind": SYMBOL_KINDS[symbol.kind],
        "signature": symbol.signature,
        "documentation": first_paragraph(symbol.documentation),
        "language": symbol.language,
        "unsaved": unsaved,
    }
    found.update(cell_at(symbol.path, data, symbol.start_line) or {})
    if score < weak:
        found["weak"] = True
    if matches:
        found["matches"] = matching(matches, symbol.path, data, encoding)
    if lines > 0:
        text = cells.text_of(symbol.path, data)
        found["snippet"] = snippet(symbol, data if text is None else text, lines)
    return found
