"""Splits identifiers and text into the words that are indexed and searched.

Identifiers are split at camelCase, underscores and digits. The full-text index also keeps each compound as one word, so
`ServeHTTP` is found as `serve http` and as itself.

Chinese, Japanese, Korean, Thai and some other scripts are written with few blanks or none, so a run of their letters
holds several words. The full-text index has each letter and each pair of neighbours of such a run; a query asks for the
pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Literal, TypeVar

_WORD = re.compile(r"\w+")
_BLANKS = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(128)).ljust(256)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
_UNSPACED = (
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Korean
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese: kana and marks of repetition
    "\u3100-\u312f\u31a0-\u31bf"  # Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "]+"
)
_VOWEL_MARKS = (
    "[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u17dd]+"
)
"""Marks above and below letters of Thai, Lao, Burmese and Khmer, which would end a word."""
_KANA_MARKS = ("\u3099", "\u309a")
_LONGEST_WORD = 80
"""Longer runs are data (base64, hashes), not words."""
_CACHED_WORDS = 1 << 15
"""About 5 MB; then the cache starts again."""
_CACHED_NAMES = 1 << 14
"""About 7 MB."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern that only text beyond ASCII needs, compiled: it takes longer than the rest of this module."""
    return re.compile(pattern)


def identifiers(text: bytes) -> list[bytes]:
    """Return the identifiers of a UTF-8 text, in order. ASCII, as most source is, takes a much faster path."""
    if text.isascii():
        return text.translate(_BLANKS).split()
    return [word.encode() for word in _WORD.findall(_joined_marks(text.decode("utf-8", "replace")))]


def _joined_marks(text: str) -> str:
    """Return a text in which no mark of a letter ends a word."""
    if any(mark in text for mark in _KANA_MARKS):  # apart from their letters, as in names of files on macOS
        text = _normalized("NFC", text)
    return _compiled(_VOWEL_MARKS).sub("", text)


def identifiers_in(text: str) -> list[bytes]:
    """Return the identifiers of a text, in order, as UTF-8."""
    return identifiers(text.encode("utf-8", "replace"))


def beginning(text: str, most: int) -> str:
    """Return a text in one line, as written, cut off after `most` identifiers."""
    line = " ".join(text.split())
    if len(line) > 2 * most:  # else it cannot hold as many
        line = line if line.isascii() else _joined_marks(line)
        last = next(islice(_WORD.finditer(line), most - 1, None), None)
        return line if last is None else line[: last.end()]
    return line


def split_identifier(word: str) -> tuple[str, ...]:
    """Return the lower-case parts of one identifier: `parseHTTPConfig_v2` -> parse http config v 2."""
    if len(word) > _LONGEST_WORD:
        return ()
    return tuple(part.lower() for part in _PARTS.findall(word))


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Cache(dict[_Key, _Value]):
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


_words_known = Cache(_words)
_words_of = _words_known.__getitem__


def _normalized(form: Literal["NFC", "NFKC"], text: str) -> str:
    from unicodedata import normalize

    return normalize(form, text)


def is_unspaced(word: str) -> bool:
    """Return whether a word has letters of a script without blanks, so that it may hold several words."""
    return not word.isascii() and _compiled(_UNSPACED).search(word) is not None


def unspaced_runs(text: str) -> list[str]:
    """Return the runs of letters of scripts without blanks, in order: `保存する file` -> 保存する."""
    return [] if text.isascii() else _compiled(_UNSPACED).findall(_normalized("NFKC", _joined_marks(text)))


def _unspaced_terms(word: str, *, asked: bool) -> list[str]:
    """Return the terms of an identifier that has such letters, as the index holds them, or as a query asks for them."""
    found: list[str] = []
    for part in _compiled(_UNSPACED).split(word):
        found += split_identifier(part)
    for run in unspaced_runs(word):
        pairs = [run[at : at + 2] for at in range(len(run) - 1)]
        found += pairs if asked and pairs else [*run, *pairs]
    return found


def _compound(word: bytes) -> str:
    if not word.isascii() and is_unspaced(text := word.decode()):
        return " ".join(_unspaced_terms(text, asked=False))
    parts = _split(word)
    _words_known[word] = plain = " ".join(parts)  # asked for next
    return plain if len(parts) < 2 else f"{plain} {''.join(parts)}"


_terms_of = Cache(_compound).__getitem__


def words_of(identifier: bytes) -> list[str]:
    """Return the words of one identifier, in UTF-8, that `Document.identifiers` holds."""
    return _words_of(identifier).split()


def as_words(found: Iterable[bytes]) -> str:
    """Return the lower-case words of some identifiers, separated by blanks."""
    return " ".join(map(_words_of, found))


def as_terms(found: Iterable[bytes]) -> str:
    """Return the full-text terms of some identifiers: their words, and each compound as one word too."""
    return " ".join(map(_terms_of, found))


def _forms(text: str) -> tuple[tuple[bytes, ...], str]:
    found = identifiers_in(text)
    return tuple(found), as_words(found)


name_forms = Cache(_forms, _CACHED_NAMES).__getitem__
"""(identifiers, words) of names and scopes, which a file repeats."""


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, identifiers split, in order."""
    return as_words(identifiers_in(text)).split()


def terms(text: str) -> list[str]:
    """Return what the full-text index holds for a text: its words, and each compound as one word too."""
    return as_terms(identifiers_in(text)).split()


def query_terms(text: str) -> list[str]:
    """Return the terms to ask the full-text index for: as `terms`, but of a run without blanks only the pairs."""
    found: list[str] = []
    for word in identifiers_in(text):
        decoded = word.decode()
        found += _unspaced_terms(decoded, asked=True) if is_unspaced(decoded) else _terms_of(word).split()
    return found


def _name_words(name: str) -> tuple[str, ...]:
    return tuple(words(name))


name_words = Cache(_name_words, _CACHED_NAMES).__getitem__
"""The words of a name, which the candidates of a query and of the next ones repeat."""


def _key(name: str) -> str:
    return "".join(words(name))


_key_of = Cache(_key).__getitem__


def name_key(name: str) -> str:
    """Return the key under which names of any case style meet: `parse_config`, `ParseConfig` -> parseconfig."""
    return _key_of(name)
