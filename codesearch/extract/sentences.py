"""The first sentence of a symbol's documentation, from which questions for evaluation and training are made."""

from __future__ import annotations

import re

_SECTION = re.compile(
    r"@|:param|>>>|```|---|===|# |\.\. |\\\w|(args|arguments|parameters|params|returns|raises|example)s?:", re.I
)
SENTENCE_END = re.compile(r"(?<=[a-z)`'\"])\.\s+(?=[A-Z])")
"""The end of a sentence before another one."""
_MARKUP = re.compile(r"<[^>]+>|\{@\w+\s+([^}]*)\}")
_PROSE = 0.8
"""Minimum share of ASCII letters and blanks in prose."""


def first_sentence(documentation: str) -> str:
    """Return the first sentence of a documentation, without markup, backquotes and the final dot; "" if none.

    It ends with its paragraph, at the latest. Lines that begin a section (`Args:`, `@param`, `>>>`) are left out.
    """
    paragraph: list[str] = []
    for line in _MARKUP.sub(r" \1 ", documentation).strip().splitlines():
        line = line.strip()
        if not line or _SECTION.match(line):
            if paragraph:
                break
            continue
        paragraph.append(line)
    return SENTENCE_END.split(" ".join(paragraph))[0].replace("`", "").strip().rstrip(".").strip()


def words_after_name(sentence: str, name: str) -> list[str]:
    """Return the words of a sentence, without the symbol's own name at its start (Go's "Name does ...")."""
    found = sentence.split()
    if found and re.sub(r"\W", "", found[0]).lower() == re.sub(r"\W", "", name).lower():
        return found[1:]
    return found


def is_prose(text: str) -> bool:
    """Return whether a text is mostly ASCII letters and blanks."""
    return sum(c.isascii() and (c.isalpha() or c == " ") for c in text) >= _PROSE * len(text) > 0
