"""The page of results on a terminal: which lines of each result are shown, and how many fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_SHORTEST_TERM, _SHORTEST_PAIR = 3, 2
"""Letters of a term; two of a script without blanks say as much as a short word."""
_COMMENT = re.compile(r"\s*($|#|//|/\*|\*|--|;|<!--|\"\"\"|'''|%)")
_CODES = re.compile("(\x1b\\[[0-9;]*m)")


class Terms(NamedTuple):
    """The words of a query that are marked in the lines of its results."""

    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[str]) -> Terms:
        """Return the terms that are long enough to be significant, the longest first."""
        kept = {word.lower() for word in words if len(word) >= (_SHORTEST_TERM if word.isascii() else _SHORTEST_PAIR)}
        return cls(tuple(sorted(kept, key=lambda word: (-len(word), word))))

    def found_in(self, line: str) -> set[str]:
        """Return the terms that occur in a line, in any case."""
        lowered = line.lower()
        return {word for word in self.words if word in lowered}

    def marked(self, line: str) -> str:
        """Return a line, which may hold SGR codes, with each term underlined."""
        if not self.words:
            return line
        pattern = re.compile("|".join(map(re.escape, self.words)), re.IGNORECASE)
        parts = _CODES.split(line)
        parts[::2] = [pattern.sub("\x1b[4m\\g<0>\x1b[24m", part) for part in parts[::2]]
        return "".join(parts)


NO_TERMS = Terms()


def declaration(signature: str, lines: list[str]) -> range:
    """Return which of a symbol's first lines are its declaration; an empty range if that is unclear."""
    wanted = "".join(signature.split())
    # In the source, parameters on lines of their own may end in a comma, which the signature omits.
    closed = re.compile(r",(?=[)\]])")
    for start, line in enumerate(lines[:20] if wanted else ()):
        found = "".join(line.split())
        if not found or not (wanted.startswith(found) or found.startswith(wanted)):
            continue
        for stop in range(start + 1, min(start + 60, len(lines)) + 1):
            if closed.sub("", found).startswith(wanted):
                return range(start, stop)
            found += "".join(lines[stop].split()) if stop < len(lines) else ""
    return range(0)


def first_line(lines: Sequence[str], start: int, count: int, terms: Terms, *, is_module: bool) -> int:
    """Return the index of the first of `count` lines to show: `start`, unless later lines match much better.

    The beginning of a file, often a licence, is not shown for a result that is a whole file.
    """
    if is_module:
        code = (at for at, line in enumerate(lines) if not _COMMENT.match(line))
        start = next(code, start)
    if count < 1 or len(lines) <= start + count:
        return min(start, max(0, len(lines) - count)) if is_module else start
    declared = set() if is_module else terms.found_in(lines[start])  # it is shown anyway
    found = [terms.found_in(line) - declared for line in lines]

    def value(at: int) -> int:
        return len(set().union(*found[at : at + count]))

    best = max(range(start, len(lines) - count + 1), key=value)
    # The first lines tell the purpose of a function: skip them only for clearly better ones.
    if value(best) < value(start) + (1 if is_module else 2):
        return start
    return next((at for at in range(best, best + count) if lines[at].strip()), best)


def fitted(strong: int, weak: int, context: int, height: int | None) -> list[int]:
    """Return how many source lines each result gets, so that the page fits `height` lines if possible.

    Weak results get none. If even two lines each do not fit, the best results get three and the rest none.
    """
    none = [0] * weak
    if height is None or not context:
        return [context] * strong + none
    room = height - 2 - weak  # the prompt, and the line typed
    for lines in range(context, 1, -1):
        if strong * (lines + 3) <= room:  # with the header, the note of more lines and a blank line
            return [lines] * strong + none
    lines = min(3, context)
    rich = min(strong, max(1, (room - strong) // (lines + 2)))
    return [lines] * rich + [0] * (strong - rich) + none


def shortened(path: str, width: int, more: str) -> str:
    """Return a path in at most `width` columns: shortened in the middle, with as much of the file name as possible."""
    if len(path) <= width:
        return path
    keep = max(1, width - len(more))
    tail = min(keep, max(keep * 2 // 3, len(path.rpartition("/")[2]) + 1))
    return path[: keep - tail] + more + path[len(path) - tail :]


def first_sentence(documentation: str) -> str:
    """Return the first sentence of a symbol's documentation on one line."""
    paragraph = " ".join(documentation.split("\n\n")[0].split())
    sentence = re.match(r".+?[.!?](?=\s|$)", paragraph)
    return sentence[0] if sentence else paragraph
