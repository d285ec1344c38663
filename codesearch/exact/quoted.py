"""Quoted text in a question, which results must contain as it is."""

from __future__ import annotations

import re

from codesearch.exact.pattern import Pattern

MOST_CHARACTERS = 300
"""A longer text, or one of several lines, is pasted, and its quotation marks are part of it."""
_QUOTED = re.compile(r'(?<!\S)"([^"\s](?:[^"]*[^"\s])?)"(?=[\s,.;:?!)]|\Z)')


def patterns(text: str) -> list[Pattern]:
    """Return what the quoted parts of a question look for; case matters in one that has capitals."""
    if len(text) > MOST_CHARACTERS or "\n" in text.strip():
        return []
    found = dict.fromkeys(one for one in _QUOTED.findall(text) if len(one) > 1)
    return [Pattern((one,), fixed=True, ignore_case=one == one.lower()) for one in found]
