"""Renders what a text must hold as PostgreSQL's text search has it. The words are stemmed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codesearch.server.stems import stems
from codesearch.store.match import Beginnings, Match, Together


def render(match: Match) -> str:
    """Return the tsquery of a match; "" if nothing can match."""
    return " | ".join(f"({one})" for one in parts(match, {}))


def parts(match: Match, holding: Mapping[str, int], most: int = 0) -> list[str]:
    """Return the tsqueries of which a text must match any; none if nothing can match.

    Those that need several words together stand alone; `holding` says how many texts hold each word. With `most`,
    those are left out whose rarest words would be looked up in more than so many texts, the most frequent ones first.
    """
    alone: list[str] = []
    together: list[tuple[int, str]] = []
    for condition in match.any_of:
        if isinstance(condition, Beginnings):
            together.append((0, _rendered(condition)))
            continue
        each = [condition.words] if isinstance(condition, Together) else [(one,) for one in condition.words]
        for words in each:
            found = [one for part in words for one in stems(part)]
            if len(found) == 1 and len(words) == 1:
                alone.append(quoted(found[0]))
            elif text := _rendered(Together(words)):
                together.append((min(holding.get(one, 0) for one in found), text))
    chosen = [" | ".join(dict.fromkeys(alone))] if alone else []
    return list(dict.fromkeys(filter(None, _bounded(chosen, together, most))))


def _bounded(chosen: list[str], together: list[tuple[int, str]], most: int) -> list[str]:
    """Return the tsqueries chosen, and those of `together`, rarest first, while they cost at most `most`."""
    found, total = list(chosen), 0
    for count, text in sorted(together):
        total += count
        if most and total > most and found:
            break
        found.append(text)
    return found


def word(text: str) -> str:
    """Return the tsquery of a word, or of words that follow each other; "" if there is none in the text."""
    return _phrase(stems(text))


def words_of(match: Match) -> tuple[str, ...]:
    """Return the words of a match, each as `word` takes it."""
    return tuple(dict.fromkeys(word for one in match.any_of for word in one.words))


def in_naming(match: Match) -> bool:
    """Return whether the texts are found by what names them."""
    return match.naming or any(isinstance(one, Beginnings) for one in match.any_of)


def _rendered(condition: Together | Beginnings) -> str:
    if isinstance(condition, Together):
        each = [word(one) for one in condition.words]
        return " & ".join(f"({part})" for part in each) if all(each) else ""
    beginnings = [stems(one) for one in condition.words]
    return " & ".join(_phrase(one, ":*") for one in beginnings) if all(beginnings) else ""


def beginnings_of(match: Match) -> list[str]:
    """Return the stems that words of the name or the scope must begin with."""
    return [stems(one)[-1] for some in match.any_of if isinstance(some, Beginnings) for one in some.words if stems(one)]


def _phrase(found: Sequence[str], end: str = "") -> str:
    quoted_parts = [quoted(part) for part in found]
    return " <-> ".join([*quoted_parts[:-1], quoted_parts[-1] + end]) if quoted_parts else ""


def quoted(word: str) -> str:
    """Return a word as the text of a tsquery or a tsvector has it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
