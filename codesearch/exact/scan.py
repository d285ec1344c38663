"""Finds the lines of files that match: each file is read as it is now, as text, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codesearch.exact.pattern import Literals, Pattern
from codesearch.files import decode, notebooks
from codesearch.files.reading import read_plain

LONGEST = 2000
"""Characters of a line that are kept."""
MOST_SPANS = 100
"""Matches within a line that are kept."""
_LOOK = 8192
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that matches."""

    number: int
    """From 1."""
    text: str
    """Without its line end; a very long one is cut."""
    spans: tuple[tuple[int, int], ...]
    """Where the matches are in it, in characters."""

    @property
    def column(self) -> int:
        """Where the first match begins, in bytes of UTF-8, from 1."""
        return len(self.text[: self.spans[0][0] if self.spans else 0].encode("utf-8", "replace")) + 1


@dataclass(frozen=True, slots=True)
class FileLines:
    """The lines of a file that match, in order."""

    path: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What to search, and where."""

    root: Path
    paths: Sequence[str]
    """Relative to the root, with `/`."""
    pattern: Pattern
    most_bytes: int
    """Larger files are left out, as an index leaves them out."""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """The text of some of the paths, which is searched in place of their files: that of unsaved buffers."""


def scan(request: Request) -> list[FileLines]:
    """Return the files that have matching lines, in the order of the request. Files that are gone have none."""
    matcher = _Matcher(request.pattern)
    found = []
    for path in request.paths:
        try:
            raw = request.texts.get(path)
            if raw is None:
                raw = read_plain(f"{request.root}/{path}", request.most_bytes + 1)
        except OSError:
            continue
        if len(raw) <= request.most_bytes and (lines := matcher.file(path, raw)):
            found.append(FileLines(path, tuple(lines)))
    return found


class _Matcher:
    def __init__(self, pattern: Pattern) -> None:
        self._compiled = pattern.compiled()
        self._literals = pattern.literals()
        texts = self._literals.texts if self._literals is not None else ()
        self._raw = tuple(one.encode() for one in texts)

    def file(self, path: str, raw: bytes) -> list[Line]:
        """Return the matching lines of a file with this content."""
        if not self._may_match(path, raw):
            return []
        decoded = decode(raw)
        if isinstance(decoded, str):
            return []
        data = decoded[0]
        if path.endswith(notebooks.EXTENSION) and (cells := notebooks.read(data)) is not None:
            data = cells[0]
        return list(self.lines(data.decode("utf-8", "replace")))

    def _may_match(self, path: str, raw: bytes) -> bool:
        """Return False if the bytes of a file show that it has no match."""
        literals = self._literals
        if literals is None or path.endswith(notebooks.EXTENSION):
            return True
        if literals.ignore_case:
            if not raw.isascii():
                return True
            raw = raw.lower()
        if any(one in raw for one in self._raw):
            return True
        return raw.startswith(_WIDE) or b"\0" in raw[:_LOOK]  # perhaps UTF-16

    def lines(self, text: str) -> Iterator[Line]:
        """Yield the matching lines of a text."""
        literals = self._literals
        whole = literals is None or (literals.ignore_case and not text.isascii())
        for number, line in _every(text) if whole or literals is None else _with_literal(text, literals):
            spans = self._spans(line)
            if spans is not None:
                kept = tuple(span for span in spans if span[1] <= LONGEST)[:MOST_SPANS]
                yield Line(number, line[:LONGEST], kept)

    def _spans(self, line: str) -> list[tuple[int, int]] | None:
        """Return where the matches of a line are; None if there are none."""
        found: list[tuple[int, int]] | None = None
        for one in self._compiled:
            if one.search(line) is not None:
                found = found or []
                found += [match.span() for match in one.finditer(line) if match.end() > match.start()]
        return sorted(set(found)) if found is not None else None


def _every(text: str) -> Iterator[tuple[int, str]]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()  # nothing is after the last line end
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix("\r")


def _with_literal(text: str, literals: Literals) -> Iterator[tuple[int, str]]:
    """Yield (number, line) for the lines that contain one of some literals."""
    looked = text.lower() if literals.ignore_case else text
    number, counted = 1, 0
    for start in _starts(looked, literals.texts):
        number += text.count("\n", counted, start)
        counted = start
        end = text.find("\n", start)
        yield number, text[start : end if end >= 0 else len(text)].removesuffix("\r")


def _starts(text: str, literals: Iterable[str]) -> list[int]:
    """Return where the lines that contain a literal begin, in order."""
    starts: set[int] = set()
    for one in literals:
        at = text.find(one)
        while at >= 0:
            starts.add(text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at)
            at = text.find(one, end) if end >= 0 else -1
    return sorted(starts)
