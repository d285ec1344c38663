"""The one place that decides what an embedder and the full-text index see of a symbol.

Identifiers are split at camelCase, underscores and digits; the original is kept beside its parts, so that
`ServeHTTP` is found as `serve http` and as itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from codesearch.types import CALLABLES, Symbol

VERSION = 4
"""Raise it when what is indexed of the same source changes: every index is then brought up to date."""

EMBEDDED_DOCUMENTATION = 60
EMBEDDED_BODY = 200
"""Identifiers of documentation and body that an embedder sees; measured, more only cost time."""

_WORD = re.compile(r"\w+")
_BLANKS = bytes(code if chr(code).isalnum() or chr(code) == "_" else 32 for code in range(128)).ljust(256)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
_LONGEST_WORD = 80
"""Longer runs are data (base64, hashes), not words."""
_CACHED_WORDS = 1 << 17
"""About 20 MB; then the cache starts again."""
_CACHED_NAMES = 1 << 14
"""About 7 MB."""


def _found(text: bytes) -> list[bytes]:
    """Return what `_WORD` finds; many times faster where the text is ASCII, as most source is."""
    if text.isascii():
        return text.translate(_BLANKS).split()
    return [word.encode() for word in _WORD.findall(text.decode("utf-8", "replace"))]


def _found_in(text: str) -> list[bytes]:
    return _found(text.encode("utf-8", "replace"))


def split_identifier(word: str) -> tuple[str, ...]:
    """Return the lower-case parts of one identifier: `parseHTTPConfig_v2` -> parse http config v 2."""
    if len(word) > _LONGEST_WORD:
        return ()
    return tuple(part.lower() for part in _PARTS.findall(word))


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Cache(dict[_Key, _Value]):
    """What each key met so far becomes; a dict's own look-up is what makes splitting fast."""

    def __init__(self, of: Callable[[_Key], _Value], most: int = _CACHED_WORDS) -> None:
        self._of, self._most = of, most

    def __missing__(self, key: _Key) -> _Value:
        if len(self) >= self._most:
            self.clear()
        self[key] = value = self._of(key)
        return value


def _split(word: bytes) -> list[str]:
    # What is in one case throughout needs no pattern, which takes longer than all the rest: half of what is met.
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


def _as_words(found: Iterable[bytes]) -> str:
    return " ".join(map(_words_of, found))


def _as_terms(found: Iterable[bytes]) -> str:
    return " ".join(map(_terms_of, found))


def _all_of(text: str) -> tuple[list[bytes], str, str]:
    found = _found_in(text)
    return found, _as_terms(found), _as_words(found)


_short = _Cache(_all_of, _CACHED_NAMES).__getitem__
"""(identifiers, terms, words) of names and scopes, which a file repeats."""


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, identifiers split, in order."""
    return _as_words(_found_in(text)).split()


def terms(text: str) -> list[str]:
    """Return what the full-text index holds for a text: its words, and each compound as one word too."""
    return _as_terms(_found_in(text)).split()


@dataclass(frozen=True, slots=True)
class Document:
    """What is searched of one symbol."""

    fields: tuple[str, ...]
    """Terms of name, scope, signature, documentation, path, body, in this order, separated by blanks."""
    embedding_text: str
    """Lower-case words, a line for each of `codesearch.embed.FIELDS`; independent of where the symbol lies."""
    content_hash: bytes
    """16 bytes over `embedding_text`: equal texts share one vector."""
    identifiers: tuple[Sequence[bytes], ...]
    """What `embedding_text` holds of each field, before it is split."""


def documents(symbols: Sequence[Symbol], source: bytes, path: str) -> list[Document]:
    """Return the document of each of a file's symbols; `symbols` and `source` as extraction gave and got them."""
    return list(each_document(symbols, source, path))


def each_document(symbols: Sequence[Symbol], source: bytes, path: str) -> Iterator[Document]:
    """Yield what `documents` returns, one after another: where none is kept, its memory is used again while warm."""
    path_terms = " ".join(terms(path))
    for symbol, body in zip(symbols, _bodies(symbols, source), strict=True):
        yield _document(symbol, body, path_terms)


def embedding_text(symbol: Symbol, among: Sequence[Symbol], source: bytes) -> tuple[str, bytes]:
    """Return (embedding text, content hash) of one of a file's symbols; `among` need only hold those inside it."""
    inside = [one for one in among if symbol.start_byte <= one.start_byte and one.end_byte <= symbol.end_byte]
    if symbol.kind in CALLABLES or symbol not in inside:
        inside = [symbol]
    body = _found(_bodies(inside, source)[inside.index(symbol)])
    _, _, name = _short(symbol.name)
    _, _, scope = _short(symbol.qualname.removesuffix(symbol.name))
    return _embedded(name, scope, _found_in(symbol.signature), _found_in(symbol.documentation), body)


def _embedded(
    name: str, scope: str, signature: Sequence[bytes], documentation: Sequence[bytes], body: Sequence[bytes]
) -> tuple[str, bytes]:
    # One line a field, as codesearch.embed.FIELDS lists them; no path, so that copies and moves share a vector.
    rest = (signature, documentation[:EMBEDDED_DOCUMENTATION], body[:EMBEDDED_BODY])
    text = "\n".join((name, scope, *map(_as_words, rest)))
    return text, blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _document(symbol: Symbol, body: bytes, path_terms: str) -> Document:
    name, name_terms, name_words = _short(symbol.name)
    scope, scope_terms, scope_words = _short(symbol.qualname.removesuffix(symbol.name))
    signature = _found_in(symbol.signature)
    documentation = _found_in(symbol.documentation) if symbol.documentation else []
    inside = _found(body)
    fields = (
        name_terms,
        scope_terms,
        _as_terms(signature),
        _as_terms(documentation),
        path_terms,
        _as_terms(inside),
    )
    embedded = (name, scope, signature, documentation[:EMBEDDED_DOCUMENTATION], inside[:EMBEDDED_BODY])
    return Document(fields, *_embedded(name_words, scope_words, signature, documentation, inside), embedded)


def _bodies(symbols: Sequence[Symbol], source: bytes) -> list[bytes]:
    """Return the source of each symbol; a container's without the bodies of the symbols in it, but with their names."""
    order = sorted(range(len(symbols)), key=lambda i: (symbols[i].start_byte, -symbols[i].end_byte))
    bodies = [b""] * len(symbols)
    for position, index in enumerate(order):
        symbol = symbols[index]
        if symbol.kind in CALLABLES:
            bodies[index] = source[symbol.start_byte : symbol.end_byte]
            continue
        at = symbol.start_byte
        pieces: list[bytes] = []
        for inner in order[position + 1 :]:
            child = symbols[inner]
            if child.start_byte >= symbol.end_byte:
                break
            if child.start_byte < at or child.end_byte > symbol.end_byte:
                continue
            pieces += (source[at : child.start_byte], b" ", child.name.encode("utf-8", "replace"), b" ")
            at = child.end_byte
        pieces.append(source[at : symbol.end_byte])
        bodies[index] = b"".join(pieces)
    return bodies


def _key(name: str) -> str:
    return "".join(words(name))


_key_of = _Cache(_key).__getitem__


def name_key(name: str) -> str:
    """Return the key under which names of any case style meet: `parse_config`, `ParseConfig` -> parseconfig."""
    return _key_of(name)
