"""Characters of a line in the units a client counts: UTF-8 bytes, UTF-16 units, or code points."""

from __future__ import annotations

import re
from collections.abc import Sequence

ENCODINGS = ("utf-8", "utf-16", "utf-32")
_CODEC = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2)}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""The second half takes a last line without an end at once: without it, matching is quadratic in that line."""
_WORD = re.compile(r"\w+")


def negotiate(offered: object) -> str:
    """Return the first known encoding of those that a client offers; utf-16 if there is none."""
    if isinstance(offered, list):
        return next((one for one in offered if one in ENCODINGS), "utf-16")
    return "utf-16"


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends, as the protocol counts them; the last one has none (it may be "")."""
    lines: list[str] = _LINE.findall(text)
    if not lines or lines[-1].endswith(("\r", "\n")):
        lines.append("")
    return lines


def units(text: str, encoding: str) -> int:
    """Return the length of a text in a client's units."""
    if encoding not in _CODEC or text.isascii():
        return len(text)
    codec, size = _CODEC[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def word_at(line: str, character: int, encoding: str) -> str:
    """Return the identifier at a client's character, or that ends there; "" if there is none."""
    place = index(line, character, encoding)
    return next((one[0] for one in _WORD.finditer(line) if one.start() <= place <= one.end()), "")


def index(line: str, character: int, encoding: str) -> int:
    """Return the index in a line of a client's character; beyond the end of the line means its end."""
    body = line.rstrip("\r\n")
    if character <= 0:
        return 0
    if encoding not in _CODEC or body.isascii():
        return min(character, len(body))
    codec, size = _CODEC[encoding]
    head = body.encode(codec, "surrogatepass")[: character * size]
    # A position inside a character means its start.
    return len(head.decode(codec, "ignore")) if encoding == "utf-8" else _utf16_length(head)


def _utf16_length(head: bytes) -> int:
    text = head.decode("utf-16-le", "surrogatepass")
    return len(text) - (bool(text) and "\ud800" <= text[-1] <= "\udbff")


class Text:
    """A text that is edited in ranges. The cost of an edit depends on the lines it touches, not on the whole text."""

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)

    def __str__(self) -> str:
        return "".join(self.lines)

    def replace(self, start: tuple[int, int], end: tuple[int, int], new: str, encoding: str) -> None:
        """Replace a range by `new`; positions are (line, character), and beyond the text means its end."""
        first, at = self._place(start, encoding)
        last, to = self._place(end, encoding)
        if (last, to) < (first, at):
            first, at, last, to = last, to, first, at
        # Include the lines around: a CR and an LF that become neighbours are one line end.
        low, high = max(0, first - 1), min(len(self.lines), last + 2)
        before = "".join(self.lines[low:first]) + self.lines[first][:at]
        after = self.lines[last][to:] + "".join(self.lines[last + 1 : high])
        fresh = split_lines(before + new + after)
        if high < len(self.lines) and not fresh[-1]:
            fresh.pop()
        self.lines[low:high] = fresh

    def _place(self, position: tuple[int, int], encoding: str) -> tuple[int, int]:
        line, character = position
        if line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        line = max(0, line)
        return line, index(self.lines[line], character, encoding)


def name_place(lines: Sequence[str], start: int, end: int, name: str, encoding: str) -> tuple[int, int, int] | None:
    """Return (line, first character, character after) of a symbol's name within its lines `start` to `end` (from 0).

    Decorators and attributes above a definition are skipped, unless no other line contains the name.
    """
    last = name.rpartition(" ")[2] if " " in name else name
    pattern = re.compile(r"(?<!\w)" + re.escape(last) + r"(?!\w)")
    fallback = None
    for number in range(start, min(end + 1, start + 60, len(lines))):
        line = lines[number]
        found = pattern.search(line)
        if found is None:
            continue
        place = (number, units(line[: found.start()], encoding), units(line[: found.end()], encoding))
        if not line.lstrip().startswith(("@", "#[", "[", "//", "#", "*", "/*", "--")):
            return place
        fallback = fallback or place
    return fallback
