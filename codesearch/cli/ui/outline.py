"""Prints outlines of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesearch.cli.ui import console, page
from codesearch.cli.ui.console import Look, clean
from codesearch.cli.ui.header import FAINT, KIND, LINE, NAME, PATH
from codesearch.cli.ui.paths import Paths
from codesearch.cli.ui.render import print_json
from codesearch.context import file_outline
from codesearch.core.counts import number
from codesearch.core.types import CALLABLES
from codesearch.files.cells import Notebooks

if TYPE_CHECKING:
    from codesearch.context.file_outline import FileOutline, Part
    from codesearch.core.types import Symbol
    from codesearch.index import Index

LEAST_SENTENCE = 24
"""Columns below which the documentation is not shown beside a signature."""
NARROW = 40
"""Below this number of columns, kinds are left out: they would leave no room for names."""
_KEYWORDS = ("def ", "func ", "fun ", "fn ", "function ", "sub ")
"""What a signature begins with that the kind says as well."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The outlines of files below one root."""

    root: str
    paths: Paths
    notebooks: Notebooks
    look: Look
    files: tuple[FileOutline, ...]
    complete: bool
    left_out: int
    """Symbols that did not fit."""
    files_left_out: int


def shown(index: Index, found: Sequence[FileOutline], kept: Sequence[FileOutline], *, complete: bool) -> Shown:
    """Return what to print of an index: `kept` of the outlines that were found."""
    left = sum(one.symbols for one in found) - sum(one.symbols for one in kept)
    look = console.look(index.settings.color)
    notebooks = Notebooks.of(index)
    files = len(found) - len(kept)
    return Shown(str(index.root), Paths.of(index.root), notebooks, look, tuple(kept), complete, left, files)


def write(trees: Sequence[Shown], format: str, *, quiet: bool) -> None:
    """Print outlines as text, as compact text, or as JSON."""
    if format == "json":
        print_json(_to_json(trees), indent=2)
        return
    if format == "compact":
        for tree in trees:
            for file in tree.files:
                console.write(file_outline.compact(file, tree.notebooks, tree.paths.shown))
        if note := _left_out(trees):
            console.write(f"({note})\n")
        return
    first = True
    for tree in trees:
        for file in tree.files:
            spaced = not first and (file.parts or tree.files[0].parts)
            console.write(("\n" if spaced else "") + "".join(f"{one}\n" for one in _lines(tree, file)))
            first = False
    if (note := _left_out(trees)) and not quiet:
        console.flush()
        console.message(note)


def _left_out(trees: Sequence[Shown]) -> str:
    left, files = sum(one.left_out for one in trees), sum(one.files_left_out for one in trees)
    if not left and not files:
        return ""
    also = f" and {number(files, 'file')}" if files else ""
    return f"{number(left, 'symbol')}{also} left out to keep within --max-tokens"


# -- text -------------------------------------------------------------------------------------------------------------


def _lines(tree: Shown, file: FileOutline) -> Iterator[str]:
    look = tree.look
    path, about = clean(tree.paths.shown(file.path)), f"{file.language}, {number(file.lines, 'line')}"
    if look.width is not None:
        path = page.shortened(path, max(12, look.width - len(about) - 2), look.more)
    used = console.columns(path) + len(about) + 2
    head = f"{look.paint(path, f'{NAME};{PATH}')}  {look.paint(about, FAINT)}"
    yield look.fit(head) + _sentence(look, file.documentation, used)
    parts = list(file_outline.walk(file.parts))
    symbols = [part.symbol for _, part in parts]
    places = [tree.notebooks.lines(one.path, one.start_line, one.end_line) for one in symbols]
    wide = max(map(len, places), default=0)
    narrow = look.width is not None and look.width < NARROW
    kinds = 0 if narrow else max((len(part.symbol.kind) for _, part in parts), default=0)
    for place, (level, part) in zip(places, parts, strict=True):
        yield _line(look, part, f"{place:<{wide}}", f"{part.symbol.kind:<{kinds}}  " if kinds else "", level)


def _line(look: Look, part: Part, place: str, kind: str, level: int) -> str:
    symbol = part.symbol
    before, name, after = _declaration(symbol)
    margin = f"  {place}  {kind}{'  ' * level}"
    used = len(margin) + console.columns(before + name + after)
    shown = f"  {look.paint(place, LINE)}  {look.paint(kind, KIND)}{'  ' * level}"
    shown += look.paint(before, FAINT) + look.paint(name, NAME) + after
    return (look.fit(shown) + _sentence(look, symbol.documentation, used)).rstrip()


def _declaration(symbol: Symbol) -> tuple[str, str, str]:
    """Return the signature of a symbol without what its kind says: the parts before its name, its name, and after."""
    said = clean(symbol.signature) or clean(symbol.name)
    for keyword in (*(_KEYWORDS if symbol.kind in CALLABLES else ()), f"{symbol.kind} "):
        if said.startswith(keyword):
            said = said[len(keyword) :]
            break
    name = clean(symbol.name)
    before, found, after = said.partition(name)
    return (before, found, after) if found else ("", name, f"  {said}")


def _sentence(look: Look, documentation: str, used: int) -> str:
    """Return the first sentence of a documentation if there is room for it, with the blanks before it."""
    sentence = clean(page.first_sentence(documentation))
    room = console.LONGEST_LINE if look.width is None else look.width - used - 2
    if not sentence or room < min(LEAST_SENTENCE, console.columns(sentence)):
        return ""
    return "  " + look.paint(console.cut(sentence, room, look.more), f"{FAINT};3")


# -- JSON -------------------------------------------------------------------------------------------------------------


def _to_json(trees: Sequence[Shown]) -> dict[str, Any]:
    """Return outlines as output.schema.json describes them."""
    return {
        "complete": all(one.complete for one in trees),
        "left_out": sum(one.left_out for one in trees),
        "files": [
            {
                "root": tree.root,
                "path": file.path,
                "language": file.language,
                "lines": file.lines,
                "indexed": file.indexed,
                "documentation": page.first_sentence(file.documentation),
                "symbols": [_part(tree.notebooks, one) for one in file.parts],
            }
            for tree in trees
            for file in tree.files
        ],
    }


def _part(notebooks: Notebooks, part: Part) -> dict[str, Any]:
    symbol = part.symbol
    return {
        "kind": symbol.kind,
        "name": symbol.name,
        "qualname": symbol.qualname,
        "signature": symbol.signature,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
        **notebooks.fields(symbol.path, symbol.start_line),
        "documentation": page.first_sentence(symbol.documentation),
        "symbols": [_part(notebooks, one) for one in part.parts],
    }
