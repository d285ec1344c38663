"""Renders what a text must hold as PostgreSQL's text search has it. The words are stemmed here."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.server.stems import stems
from codesearch.store.match import Beginnings, Match, Together, Words


def render(match: Match) -> str:
    """Return the tsquery of a match; "" if nothing can match."""
    return " | ".join(f"({one})" for one in map(_rendered, match.any_of) if one)


def word(text: str) -> str:
    """Return the tsquery of a word, or of words that follow each other; "" if there is none in the text."""
    return _phrase(stems(text))


def words_of(match: Match) -> tuple[str, ...]:
    """Return the words of a match, each as `word` takes it."""
    return tuple(dict.fromkeys(word for one in match.any_of for word in one.words))


def in_naming(match: Match) -> bool:
    """Return whether the texts are found by what names them."""
    return match.naming or any(isinstance(one, Beginnings) for one in match.any_of)


def _rendered(condition: Words | Together | Beginnings) -> str:
    if isinstance(condition, Words):
        return " | ".join(filter(None, map(word, condition.words)))
    if isinstance(condition, Together):
        parts = [word(one) for one in condition.words]
        return " & ".join(f"({part})" for part in parts) if all(parts) else ""
    beginnings = [stems(one) for one in condition.words]
    return " & ".join(_phrase(one, ":*AB") for one in beginnings) if all(beginnings) else ""


def _phrase(parts: Sequence[str], end: str = "") -> str:
    quoted_parts = [quoted(part) for part in parts]
    return " <-> ".join([*quoted_parts[:-1], quoted_parts[-1] + end]) if quoted_parts else ""


def quoted(word: str) -> str:
    """Return a word as the text of a tsquery or a tsvector has it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
