"""`codesearch query --batch`: one query per line in, one JSON object per line out."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from codesearch.cli.exit_codes import ERROR, FOUND, NOTHING
from codesearch.cli.session import tell
from codesearch.cli.ui import console
from codesearch.cli.ui.render import Answers, print_json
from codesearch.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index

_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Answered(NamedTuple):
    """The answer to one line."""

    results: list[dict[str, Any]]
    complete: bool
    problems: Mapping[str, str]
    """What is wrong with it, by who says so: the first problem of each is printed."""


Ask = Callable[[str], Answered]
"""Answers a question that is not blank. Raises UsageError if it cannot be understood."""


def from_index(index: Index, where: Filter, answers: Answers, least: float | None) -> Ask:
    """Return what answers from one index; hits with a score below `least` are left out."""

    def ask(text: str) -> Answered:
        answer = index.query(text, where=where)
        results = [answers.hit(hit) for hit in answer if hit.score >= (least or 0.0)]
        return Answered(results, answers.complete, {"": answer.problem})

    return ask


def answer_lines(file: str, ask: Ask, *, complete: bool = True, quiet: bool = False) -> int:
    """Answer each line of a file in order, as soon as it is read; return the exit status.

    A line that cannot be parsed yields an object with `error`, and the exit status is 2. A blank line yields an object
    without hits, so that lines and objects stay in step. Both say that the index is `complete`, or not.
    """
    found = failed = False
    told: set[str] = set()
    for text in _lines(file):
        try:
            answer = ask(text) if text.strip() else Answered([], complete, {})
        except UsageError as error:
            failed = True
            print_json({"query": text, "error": str(error), "complete": complete, "results": []})
        else:
            found = found or bool(answer.results)
            for name, problem in answer.problems.items():
                if problem and name not in told:
                    told.add(name)
                    tell(problem, quiet=quiet)
            print_json({"query": text, "complete": answer.complete, "results": answer.results})
        console.flush()
    return ERROR if failed else FOUND if found else NOTHING


def _lines(file: str) -> Iterator[str]:
    """Yield the lines of a file, or of stdin (`-`). Raises NotFoundError if there is no such file."""
    if file == "-":
        yield from _decoded(console.stdin())
        return
    try:
        with Path(file).open("rb") as stream:
            yield from _decoded(stream)
    except FileNotFoundError:
        raise NotFoundError(f"{file}: no such file") from None


def _decoded(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines of UTF-8, or of UTF-16 with a byte-order mark, as PowerShell and Notepad write it."""
    first = stream.readline()
    wide = next((name for mark, name in _MARKS if first.startswith(mark)), None)
    if wide is None:
        for line in itertools.chain((first.removeprefix(codecs.BOM_UTF8),) if first else (), stream):
            yield line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
        return
    decoder = codecs.getincrementaldecoder(wide)("replace")
    text = ""
    for part in itertools.chain(
        (first,), stream
    ):  # ends after the first byte of a line end: the rest comes with the next
        text += decoder.decode(part)
        *lines, text = text.removeprefix("\ufeff").split("\n")
        yield from (line.removesuffix("\r") for line in lines)
    if text:
        yield text
