"""Splits identifiers and text into the words that are indexed and searched.

Identifiers are split at camelCase, underscores and digits. The full-text index also keeps each compound as one word, so
`ServeHTTP` is found as `serve http` and as itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

_WORD = re.compile(r"\w+")
_BLANKS = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(128)).ljust(256)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
_LONGEST_WORD = 80
"""Longer runs are data (base64, hashes), not words."""
_CACHED_WORDS = 1 << 17
"""About 20 MB; then the cache starts again."""
_CACHED_NAMES = 1 << 14
"""About 7 MB."""


def identifiers(text: bytes) -> list[bytes]:
    """Return the identifiers of a UTF-8 text, in order. ASCII, as most source is, takes a much faster path."""
    if text.isascii():
        return text.translate(_BLANKS).split()
    return [word.encode() for word in _WORD.findall(text.decode("utf-8", "replace"))]


def identifiers_in(text: str) -> list[bytes]:
    """Return the identifiers of a text, in order, as UTF-8."""
    return identifiers(text.encode("utf-8", "replace"))


def split_identifier(word: str) -> tuple[str, ...]:
    """Return the lower-case parts of one identifier: `parseHTTPConfig_v2` -> parse http config v 2."""
    if len(word) > _LONGEST_WORD:
        return ()
    return tuple(part.lower() for part in _PARTS.findall(word))


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Cache(dict[_Key, _Value]):
    """The result for each key so far; splitting is fast because it is a look-up in a dict."""

    def __init__(self, of: Callable[[_Key], _Value], most: int = _CACHED_WORDS) -> None:
        self._of, self._most = of, most

    def __missing__(self, key: _Key) -> _Value:
        if len(self) >= self._most:
            self.clear()
        self[key] = value = self._of(key)
        return value


def _split(word: bytes) -> list[str]:
    # Half of all words have a single case and need no pattern, which takes longer than everything else here.
    pieces = word.split(b"_")
    if len(word) <= _LONGEST_WORD and all(
        not piece or (piece.isalpha() and (piece.islower() or piece.isupper() or piece.istitle())) for piece in pieces
    ):
        return [piece.decode().lower() for piece in pieces if piece]
    return list(split_identifier(word.decode()))


def _words(word: bytes) -> str:
    return " ".join(_split(word))


_words_known = _Cache(_words)
_words_of = _words_known.__getitem__


def _compound(word: bytes) -> str:
    parts = _split(word)
    _words_known[word] = plain = " ".join(parts)  # asked for next
    return plain if len(parts) < 2 else f"{plain} {''.join(parts)}"


_terms_of = _Cache(_compound).__getitem__


def words_of(identifier: bytes) -> list[str]:
    """Return the words of one identifier, in UTF-8, that `Document.identifiers` holds."""
    return _words_of(identifier).split()


def as_words(found: Iterable[bytes]) -> str:
    """Return the lower-case words of some identifiers, separated by blanks."""
    return " ".join(map(_words_of, found))


def as_terms(found: Iterable[bytes]) -> str:
    """Return the full-text terms of some identifiers: their words, and each compound as one word too."""
    return " ".join(map(_terms_of, found))


def _forms(text: str) -> tuple[list[bytes], str, str]:
    found = identifiers_in(text)
    return found, as_terms(found), as_words(found)


name_forms = _Cache(_forms, _CACHED_NAMES).__getitem__
"""(identifiers, terms, words) of names and scopes, which a file repeats."""


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, identifiers split, in order."""
    return as_words(identifiers_in(text)).split()


def terms(text: str) -> list[str]:
    """Return what the full-text index holds for a text: its words, and each compound as one word too."""
    return as_terms(identifiers_in(text)).split()


def _key(name: str) -> str:
    return "".join(words(name))


_key_of = _Cache(_key).__getitem__


def name_key(name: str) -> str:
    """Return the key under which names of any case style meet: `parse_config`, `ParseConfig` -> parseconfig."""
    return _key_of(name)
