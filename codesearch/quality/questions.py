"""Questions with known answers, and the formats they are read from: TSV, JSONL, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codesearch.core.errors import NotFoundError, UsageError

DOCUMENTATION, HISTORY, LABELLED, OPENED = "documentation", "history", "labelled", "opened"
"""Where a question comes from; a labelled one may name a kind of its own."""

_LINES = re.compile(r"(?P<path>.+?):(?P<start>[0-9]{1,9})(?:-(?P<end>[0-9]{1,9}))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """A right answer: a file, lines of it, or (exactly) the symbol on these lines."""

    path: str
    """Relative to the root, with `/`; a labelled question may give only the end of such a path."""
    start: int | None = None
    """First line, from 1; None if any hit in the file is right."""
    end: int | None = None
    exact: bool = False
    """Only the symbol on exactly these lines is right, not one that contains it."""

    def answered_by(self, path: str, start_line: int, end_line: int) -> bool:
        """Return whether a hit on these lines is this answer."""
        if self.exact:
            return path == self.path and (start_line, end_line) == (self.start, self.end)
        if not _same_file(path, self.path):
            return False
        return self.start is None or (start_line <= self.start <= end_line)

    def __str__(self) -> str:
        return self.path if self.start is None else f"{self.path}:{self.start}"


@dataclass(frozen=True, slots=True)
class Question:
    """A query and all its right answers."""

    text: str
    targets: tuple[Target, ...]
    kind: str = LABELLED
    """`documentation`, `history`, `labelled`, `opened`, or a kind named by a file of questions."""
    language: str = ""
    """Language of the first answer, if known."""
    name: str = ""
    """Qualified name of the answer, if known."""

    @property
    def key(self) -> tuple[str, str]:
        """The key by which the same question is found in another run."""
        return (self.text, " ".join(target.path for target in self.targets))

    @property
    def folder(self) -> str:
        """The top-level folder of the first answer; "." for the root."""
        folder, _, _ = self.targets[0].path.rpartition("/")
        return folder.split("/", 1)[0] or "."


def _same_file(one: str, other: str) -> bool:
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def read(file: Path) -> list[Question]:
    """Read labelled questions; the first character decides the format.

    TSV: query, tab, answer (`path`, `path:line` or `path:first-last`), and perhaps another tab and a kind; the same
    query on several lines has several answers. JSONL: one object per line with `query` and `path` (`start`, `end`), or
    `targets` (or `answers`), a list of these or of paths; perhaps `kind`. JSON: a list of objects with `query` and
    `relevant` (and `secondary`), lists of paths or of objects with `path`, `start_line`, `end_line`; perhaps
    `category`.

    Raises NotFoundError if there is no such file, UsageError (with file and line) for anything else.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"{file}: no such file of questions") from None
    except IsADirectoryError:
        raise UsageError(f"{file}: is a folder; name a file of questions") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{file}:{line}: is not UTF-8") from None
    first = text.lstrip()[:1]
    rows = _items(file, text) if first == "[" else _lines(file, text) if first == "{" else _table(file, text)
    found: dict[str, Question] = {}
    for line, question in rows:
        _check(f"{file}:{line}", question.text)
        known = found.get(question.text)
        if known is not None:
            more = tuple(target for target in question.targets if target not in known.targets)
            question = replace(known, targets=known.targets + more)
        found[question.text] = question
    if not found:
        raise UsageError(f"{file}: contains no questions")
    return list(found.values())


def _check(where: str, text: str) -> None:
    from codesearch.search import parse

    try:
        parse(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _table(file: Path, text: str) -> Iterator[tuple[int, Question]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and cells[0].lower() == "query" and len(cells) > 1:
            continue  # a header
        if not 2 <= len(cells) <= 3 or not cells[0] or not cells[1]:
            raise UsageError(f"{file}:{number}: expected a query, a tab, and path or path:line, not {line!r}")
        yield number, Question(cells[0], (_place(cells[1]),), *cells[2:3])


def _place(text: str) -> Target:
    found = _LINES.match(text)
    if found is None:
        return Target(text.removeprefix("./"))
    end = int(found["end"]) if found["end"] else None
    return Target(found["path"].removeprefix("./"), int(found["start"]), end)


def _lines(file: Path, text: str) -> Iterator[tuple[int, Question]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{file}:{number}: is not JSON: {error}") from None
        yield number, _question(f"{file}:{number}", value)


def _items(file: Path, text: str) -> Iterator[tuple[int, Question]]:
    """Read a JSON list item by item, so that messages can name the line of each."""
    decoder = json.JSONDecoder()
    blanks = re.compile(r"\s*")

    def after_blanks(at: int) -> int:
        found = blanks.match(text, at)
        return found.end() if found else at

    def line_of(at: int) -> int:
        return text.count("\n", 0, at) + 1

    at = after_blanks(text.index("[") + 1)
    while text[at : at + 1] != "]":
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError as error:
            raise UsageError(f"{file}:{line_of(getattr(error, 'pos', at))}: is not JSON: {error}") from None
        yield line_of(at), _question(f"{file}:{line_of(at)}", value)
        at = after_blanks(end)
        if text[at : at + 1] == ",":
            at = after_blanks(at + 1)
        elif text[at : at + 1] != "]":
            raise UsageError(f"{file}:{line_of(at)}: is not JSON: expected a comma or the end of the list")


def _question(where: str, value: object) -> Question:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: must be an object, not {value!r}")
    text = value.get("query")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f'{where}: has no "query"')
    given = next((value[key] for key in ("targets", "answers", "relevant") if key in value), None)
    if given is None and "path" in value:
        given = [value]
    secondary = value.get("secondary", [])
    if not isinstance(given, list) or not isinstance(secondary, list) or not [*given, *secondary]:
        raise UsageError(f'{where}: names no answer: "path", "targets" or "relevant" is missing')
    targets = dict.fromkeys(_target(where, item) for item in (*given, *secondary))
    kind = value.get("kind", value.get("category", LABELLED))
    if not isinstance(kind, str):
        raise UsageError(f'{where}: "kind" must be a text, not {kind!r}')
    name = value.get("name", "")
    return Question(text, tuple(targets), kind, name=name if isinstance(name, str) else "")


def _target(where: str, value: Any) -> Target:
    if isinstance(value, str) and value:
        return _place(value)
    if not isinstance(value, dict) or not isinstance(value.get("path"), str) or not value["path"]:
        raise UsageError(f'{where}: an answer must be a path or an object with "path", not {value!r}')
    numbers = [value.get(long, value.get(short)) for long, short in (("start_line", "start"), ("end_line", "end"))]
    lines: list[int | None] = []
    for number in numbers:
        if isinstance(number, str) and number.isdecimal():
            number = int(number)
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
            raise UsageError(f"{where}: a line must be a number from 1, not {number!r}")
        lines.append(number)
    return Target(value["path"].removeprefix("./"), lines[0], lines[1])
