"""Source as a page shows it: which lines of a result, and each line in parts with a class for its colour.

Nothing here is HTML. A page makes text of each part, so that no source can become a part of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from codesearch.core.visible import visible
from codesearch.languages import lexers
from codesearch.server.stems import stems

MOST_LINES = 20
"""Lines of a result that may be asked for."""
LONGEST_LINE = 400
"""Characters of a line that are shown."""
LEXED_SYMBOL = 6000
"""Characters of a symbol that are read whole for the colours of some of its lines; of longer ones, these lines only."""
LEXED_FILE = 150_000
"""Characters of a file that are read from its top for the colours of a part; in longer files, this part only."""
LOOKED_AT = 200
"""Lines of a symbol among which the ones that match are looked for."""
_CLASSES = (
    ("Comment", "c"),
    ("Literal.String", "s"),
    ("Literal.Number", "n"),
    ("Keyword.Type", "t"),
    ("Keyword.Constant", "n"),
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Name.Function", "f"),
    ("Name.Class", "f"),
    ("Name.Decorator", "d"),
    ("Name.Builtin", "t"),
    ("Name.Exception", "t"),
    ("Name.Tag", "f"),
    ("Name.Attribute", "d"),
    ("Generic.Heading", "f"),
    ("Generic.Subheading", "f"),
)
"""Token -> class; the first that contains a token applies."""
_COMMENT = " \t\"'#/*-;%"
"""What begins and ends lines of documentation in source."""
_MARKED = "m"
"""A class beside the others: a word that was asked for."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
"""A word of a text, or of a name that consists of several."""

Parts = list[tuple[str, str]]
"""(classes, text) of the parts of a line."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a question, as they are looked for in lines."""

    stems: frozenset[str]
    others: tuple[str, ...]
    """In scripts without blanks: text that is looked for anywhere."""

    @classmethod
    def of(cls, terms: Sequence[str]) -> Words:
        """Return the words of a question."""
        plain = [term for term in terms if term.isascii()]
        others = tuple(term.lower() for term in terms if not term.isascii())
        return cls(frozenset(stem for term in plain for stem in stems(term) if len(stem) > 1), others)

    def places(self, line: str) -> list[tuple[int, int, str]]:
        """Return (start, end, word) of the words that occur in a line, in order."""
        if not self.stems and not self.others:
            return []
        found = [
            (word.start(), word.end(), stem)
            for word in _WORD.finditer(line)
            for stem in stems(word[0])[:1]
            if stem in self.stems
        ]
        lowered = line.lower()
        if self.others and len(lowered) == len(line):
            found += [
                (one.start(), one.end(), text) for text in self.others for one in re.finditer(re.escape(text), lowered)
            ]
        return sorted(found)

    def count(self, line: str) -> int:
        """Return how many of the words a line holds."""
        return len({word for *_, word in self.places(line)})


def shown(lines: Sequence[str], first: int, last: int, language: str, terms: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lines `first` to `last` (from 1) of a file, as JSON."""
    words, last = Words.of(terms), min(last, len(lines))
    top = 0 if sum(map(len, lines[:last])) <= LEXED_FILE else first - 1
    painted = _painted([_cut(line) for line in lines[top:last]], language)[first - 1 - top :]
    return [_line(first + at, parts, words) for at, parts in enumerate(painted)]


def excerpt(lines: Sequence[str], symbol: Mapping[str, Any], terms: Sequence[str], most: int) -> list[dict[str, Any]]:
    """Return the best `most` lines of a symbol, in order and less indented, as JSON.

    Its declaration comes along, and then the lines with the most words of the question; others fill up from the top.
    What is part of its documentation comes last: a page shows that anyway.
    """
    words, first = Words.of(terms), int(symbol["start_line"])
    inside = [_cut(line) for line in lines[first - 1 : min(int(symbol["end_line"]), first - 1 + LOOKED_AT)]]
    if not inside:
        return []
    said = set(map(str.strip, str(symbol["documentation"]).split("\n")))
    matching = [words.count(line) for line in inside]
    declared = next((at for at, line in enumerate(inside[:20]) if str(symbol["name"]) in line), 0)

    def value(at: int) -> tuple[bool, bool, int, int]:
        bare = inside[at].strip().strip(_COMMENT)
        return not bare, bare in said, -matching[at], at

    kept = sorted([declared, *sorted(range(declared + 1, len(inside)), key=value)[: most - 1]])
    while len(kept) > 1 and not inside[kept[-1]].strip():
        kept.pop()
    margin = min(_indent(inside[at]) for at in kept)
    inside = [_dedented(line, margin) for line in inside]
    if sum(map(len, inside)) <= LEXED_SYMBOL:
        every = _painted(inside, str(symbol["language"]))
        painted = [every[at] for at in kept]
    else:
        painted = _painted([inside[at] for at in kept], str(symbol["language"]))
    return [_line(first + at, parts, words) for at, parts in zip(kept, painted, strict=True)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedented(line: str, margin: int) -> str:
    """Return a line without a margin, and with no more than two levels of indentation."""
    bare = line.lstrip()
    lead = line[: len(line) - len(bare)][margin:]
    return (lead[:2] if "\t" in lead else lead[:8]) + bare


def _line(number: int, parts: Parts, words: Words) -> dict[str, Any]:
    places = words.places("".join(text for _, text in parts))
    return {"number": number, "parts": _marked(parts, places), "words": len({word for *_, word in places})}


def _marked(parts: Parts, places: Sequence[tuple[int, int, str]]) -> Parts:
    """Return the parts of a line, divided so that the words at some places are parts of their own."""
    if not places:
        return parts
    inside = {at for start, end, _ in places for at in range(start, end)}
    out: Parts = []
    at = 0
    for name, text in parts:
        start = 0
        for end in range(1, len(text) + 1):
            if end == len(text) or (at + end in inside) != (at + start in inside):
                classes = f"{name} {_MARKED}".strip() if at + start in inside else name
                out.append((classes, text[start:end]))
                start = end
        at += len(text)
    return out


def _cut(line: str) -> str:
    return visible(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …", keep="\t")


def _painted(lines: Sequence[str], language: str) -> list[Parts]:
    """Return the parts of each line."""
    lexer = lexers.of(language)
    plain: list[Parts] = [[("", line)] if line else [] for line in lines]
    if lexer is None or not lines:
        return plain
    painted: list[Parts] = [[]]
    for token, value in lexer.get_tokens("\n".join(lines)):
        name = _class(token)
        first, *rest = value.split("\n")
        _add(painted[-1], name, first)
        for text in rest:
            painted.append([])
            _add(painted[-1], name, text)
    del painted[len(lines) :]
    return painted if ["".join(text for _, text in parts) for parts in painted] == list(lines) else plain


def _add(parts: Parts, name: str, text: str) -> None:
    if not text:
        return
    if parts and (parts[-1][0] == name or text.isspace()):
        parts[-1] = (parts[-1][0], parts[-1][1] + text)
    else:
        parts.append((name, text))


@lru_cache(maxsize=512)
def _class(token: object) -> str:
    name = str(token).removeprefix("Token.")
    return next((short for known, short in _CLASSES if name == known or name.startswith(known + ".")), "")
