"""The one place that decides what an embedder and the full-text index see of a symbol.

Identifiers are split at camelCase, underscores and digits; the original is kept beside its parts, so that
`ServeHTTP` is found as `serve http` and as itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from codesearch.types import CALLABLES, Symbol

VERSION = 4
"""Raise it when what is indexed of the same source changes: every index is then brought up to date."""

EMBEDDED_DOCUMENTATION = 60
EMBEDDED_BODY = 200
"""Identifiers of documentation and body that an embedder sees; measured, more only cost time."""

_WORD = re.compile(r"\w+")
_BLANKS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")
_LONGEST_WORD = 80
"""Longer runs are data (base64, hashes), not words."""
_CACHED_WORDS = 1 << 17
"""About 20 MB; then the cache starts again."""


def _found(text: str) -> list[str]:
    """Return what `_WORD` finds, faster where the text is ASCII, as most source is."""
    return text.translate(_BLANKS).split() if text.isascii() else _WORD.findall(text)


def split_identifier(word: str) -> tuple[str, ...]:
    """Return the lower-case parts of one identifier: `parseHTTPConfig_v2` -> parse http config v 2."""
    if len(word) > _LONGEST_WORD:
        return ()
    return tuple(part.lower() for part in _PARTS.findall(word))


class _Cache(dict[str, str]):
    """What each identifier met so far becomes; a dict's own look-up is what makes splitting fast."""

    def __init__(self, of: Callable[[str], str]) -> None:
        self._of = of

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[word] = value = self._of(word)
        return value


def _compound(word: str) -> str:
    parts = split_identifier(word)
    return " ".join(parts) if len(parts) < 2 else " ".join((*parts, "".join(parts)))


_words_of = _Cache(lambda word: " ".join(split_identifier(word))).__getitem__
_terms_of = _Cache(_compound).__getitem__


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, identifiers split, in order."""
    return " ".join(map(_words_of, _found(text))).split()


def terms(text: str) -> list[str]:
    """Return what the full-text index holds for a text: its words, and each compound as one word too."""
    return " ".join(map(_terms_of, _found(text))).split()


@dataclass(frozen=True, slots=True)
class Document:
    """What is searched of one symbol."""

    fields: tuple[str, ...]
    """Terms of name, scope, signature, documentation, path, body, in this order, separated by blanks."""
    embedding_text: str
    """Lower-case words, a line for each of `codesearch.embed.FIELDS`; independent of where the symbol lies."""
    content_hash: bytes
    """16 bytes over `embedding_text`: equal texts share one vector."""


def documents(symbols: Sequence[Symbol], source: bytes, path: str) -> list[Document]:
    """Return the document of each of a file's symbols; `symbols` and `source` as extraction gave and got them."""
    path_terms = " ".join(terms(path))
    return [_document(symbol, body, path_terms) for symbol, body in zip(symbols, _bodies(symbols, source), strict=True)]


def embedding_text(symbol: Symbol, among: Sequence[Symbol], source: bytes) -> tuple[str, bytes]:
    """Return (embedding text, content hash) of one of a file's symbols; `among` need only hold those inside it."""
    inside = [one for one in among if symbol.start_byte <= one.start_byte and one.end_byte <= symbol.end_byte]
    if symbol.kind in CALLABLES or symbol not in inside:
        inside = [symbol]
    body = _bodies(inside, source)[inside.index(symbol)]
    scope = symbol.qualname.removesuffix(symbol.name)
    return _embedded(*map(_found, (symbol.name, scope, symbol.signature, symbol.documentation, body)))


def _embedded(
    name: list[str], container: list[str], signature: list[str], documentation: list[str], body: list[str]
) -> tuple[str, bytes]:
    # One line a field, as codesearch.embed.FIELDS lists them; no path, so that copies and moves share a vector.
    fields = (name, container, signature, documentation[:EMBEDDED_DOCUMENTATION], body[:EMBEDDED_BODY])
    text = "\n".join([" ".join(map(_words_of, field)) for field in fields])
    return text, blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _document(symbol: Symbol, body: str, path_terms: str) -> Document:
    scope = symbol.qualname.removesuffix(symbol.name)
    name, container, signature, documentation, inside = map(
        _found, (symbol.name, scope, symbol.signature, symbol.documentation, body)
    )
    fields = (
        " ".join(map(_terms_of, name)),
        " ".join(map(_terms_of, container)),
        " ".join(map(_terms_of, signature)),
        " ".join(map(_terms_of, documentation)),
        path_terms,
        " ".join(map(_terms_of, inside)),
    )
    return Document(fields, *_embedded(name, container, signature, documentation, inside))


def _bodies(symbols: Sequence[Symbol], source: bytes) -> list[str]:
    """Return the source of each symbol; a container's without the bodies of the symbols in it, but with their names."""
    order = sorted(range(len(symbols)), key=lambda i: (symbols[i].start_byte, -symbols[i].end_byte))
    bodies = [""] * len(symbols)
    for position, index in enumerate(order):
        symbol = symbols[index]
        if symbol.kind in CALLABLES:
            bodies[index] = source[symbol.start_byte : symbol.end_byte].decode("utf-8", "replace")
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
        bodies[index] = b"".join(pieces).decode("utf-8", "replace")
    return bodies


_key_of = _Cache(lambda name: "".join(words(name))).__getitem__


def name_key(name: str) -> str:
    """Return the key under which names of any case style meet: `parse_config`, `ParseConfig` -> parseconfig."""
    return _key_of(name)
