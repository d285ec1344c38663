"""The one place that decides what an embedder and the full-text index see of a symbol.

Identifiers are split at camelCase, underscores and digits; the original is kept beside its parts, so that
`ServeHTTP` is found as `serve http` and as itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"\w+")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
_LONGEST_WORD = 80
"""Longer runs are data (base64, hashes), not words."""


@lru_cache(maxsize=1 << 17)
def split_identifier(word: str) -> tuple[str, ...]:
    """Return the lower-case parts of one identifier: `parseHTTPConfig_v2` -> parse http config v 2."""
    if len(word) > _LONGEST_WORD:
        return ()
    return tuple(part.lower() for part in _PARTS.findall(word))


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, identifiers split, in order."""
    out: list[str] = []
    for word in _WORD.findall(text):
        out += split_identifier(word)
    return out


@lru_cache(maxsize=1 << 17)
def _terms_of(word: str) -> tuple[str, ...]:
    parts = split_identifier(word)
    return parts if len(parts) < 2 else (*parts, "".join(parts))


def terms(text: str) -> list[str]:
    """Return what the full-text index holds for a text: its words, and each compound as one word too."""
    out: list[str] = []
    for word in _WORD.findall(text):
        out += _terms_of(word)
    return out


def name_key(name: str) -> str:
    """Return the key under which names of any case style meet: `parse_config`, `ParseConfig` -> parseconfig."""
    return "".join(words(name))
