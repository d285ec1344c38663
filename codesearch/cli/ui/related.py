"""Prints the files that are related to a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from codesearch.cli.options import Format
from codesearch.cli.ui import console
from codesearch.cli.ui.console import clean
from codesearch.cli.ui.header import FAINT, NAME, PATH
from codesearch.cli.ui.render import location, print_json

if TYPE_CHECKING:
    from codesearch.atlas.related import Match, RelatedFile
    from codesearch.cli.ui.render import Answers


def print_files(answers: Answers, found: Sequence[RelatedFile], file: str) -> None:
    """Print the files that are related to `file`, in any format."""
    if answers.format is Format.json:
        about = {"file": file, "line": None, "root": str(answers.index.root), "complete": answers.complete}
        print_json({**about, "results": [to_json(one) for one in found]}, indent=2)
    elif answers.format is Format.ndjson:
        for one in found:
            print_json(to_json(one) if answers.complete else {**to_json(one), "complete": False})
    elif answers.format is Format.paths:
        answers.print_paths(answers.paths.shown(one.path) for one in found)
    elif answers.format is Format.vimgrep:
        for one in found:
            best = one.matches[0]
            place = answers.paths.place(one.path, best.symbol.start_line)
            console.write(f"{clean(place)}:1:{clean(best.symbol.qualname)} is like {clean(best.of.qualname)}\n")
    else:
        for number, one in enumerate(found):
            for line in _lines(answers, one):
                console.write(("\n" if number and line.startswith("\0") else "") + line.lstrip("\0") + "\n")


def to_json(one: RelatedFile) -> dict[str, Any]:
    """Return a related file as output.schema.json describes it."""
    return {
        "rank": one.rank,
        "path": one.path,
        "score": round(one.score, 4),
        "matches": [
            {"score": round(match.score, 4), "symbol": location(match.symbol), "of": location(match.of)}
            for match in one.matches
        ],
    }


def _lines(answers: Answers, one: RelatedFile) -> Iterator[str]:
    look = answers.look
    number = f"{one.rank:>2}  " if look.height is not None else ""
    path, score = clean(answers.paths.shown(one.path)), f"{one.score:.2f}"
    width = look.width
    if width is not None:
        path = console.cut(path, width - len(number) - len(score) - 2, look.more)
    gap = 2 if width is None else max(2, width - console.columns(number + path) - len(score))
    yield "\0" + look.paint(number, NAME) + look.paint(path, PATH) + " " * gap + look.paint(score, FAINT)
    names = [(f":{match.symbol.start_line}", match) for match in one.matches]
    wide = max(len(place) for place, _ in names)
    for place, match in names:
        yield look.fit(f"    {look.paint(f'{place:<{wide}}', '32')}  {_pair(answers, match)}")


def _pair(answers: Answers, match: Match) -> str:
    """Return the names of two related symbols, in the order: there, here."""
    look = answers.look
    there, here = clean(match.symbol.qualname), clean(match.of.qualname)
    said = f"{look.paint(there, NAME)}  {look.paint('is like', FAINT)} {here}"
    return f"{said}  {look.paint(f'{match.score:.2f}', FAINT)}"
