"""Builds the texts of a symbol that are embedded and put into the full-text index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Protocol, TypeVar

from codesearch.core.tokens import as_words, beginning, identifiers, identifiers_in, name_forms
from codesearch.core.types import CALLABLES, DETAILS, MINOR, TEXTS, Symbol

EMBEDDED_DOCUMENTATION = 60
EMBEDDED_BODY = 200
"""Maximum number of identifiers of documentation and of body that are embedded. Measured: more only cost time."""
_HASHED = b"form 2"
"""Raise it when models read something else in the same `embedding_text` (`codesearch.embed.transformer.one_line`)."""
_HASHED_MINOR = b"minor 2"
DETAIL_HASH = bytes(16)
"""The content of all details, which have no vector."""


@dataclass(frozen=True, slots=True)
class Document:
    """The indexed text of one symbol."""

    fields: tuple[Sequence[bytes], ...]
    """Identifiers of name, scope, signature, documentation, path, body, in this order; full text has their terms."""
    embedding_text: str
    """A line for each of `codesearch.embed.FIELDS`; independent of where the symbol lies."""
    content_hash: bytes
    """16 bytes over `embedding_text`: equal texts share one vector."""


_Field = TypeVar("_Field", bytes, Sequence[bytes])


def embedded(fields: Sequence[_Field], size: int = 1) -> list[_Field]:
    """Return what `embedding_text` holds of the fields of a text, in which each identifier takes `size` places."""
    name, scope, signature, documentation, _, body = fields
    return [name, scope, signature, documentation[: EMBEDDED_DOCUMENTATION * size], body[: EMBEDDED_BODY * size]]


def documents(symbols: Sequence[Symbol], source: bytes, path: str) -> list[Document]:
    """Return the document of each symbol of a file; `symbols` are those that were extracted from `source`."""
    return list(each_document(symbols, source, path))


def each_document(symbols: Sequence[Symbol], source: bytes, path: str) -> Iterator[Document]:
    """Yield the documents one by one, so that a caller that keeps none of them reuses warm memory."""
    path_identifiers = tuple(identifiers_in(path))
    for symbol, body in zip(symbols, bodies_of(symbols, source), strict=True):
        yield _document(symbol, body, path_identifiers)


def embedding_text(symbol: Symbol, among: Sequence[Symbol], source: bytes) -> tuple[str, bytes]:
    """Return (embedding text, content hash) of one symbol; `among` must contain at least the symbols inside it."""
    inside = [one for one in among if symbol.start_byte <= one.start_byte and one.end_byte <= symbol.end_byte]
    if symbol.kind in CALLABLES or symbol not in inside:
        inside = [symbol]
    body = identifiers(bodies_of(inside, source)[inside.index(symbol)])
    _, name = name_forms(symbol.name)
    _, scope = name_forms(symbol.qualname.removesuffix(symbol.name))
    return _embedded(symbol, name, scope, body)


def _embedded(symbol: Symbol, name: str, scope: str, body: Sequence[bytes]) -> tuple[str, bytes]:
    # One line a field, as codesearch.embed.FIELDS lists them; no path, so that copies and moves share a vector.
    signature = " ".join(symbol.signature.split())
    documentation = beginning(symbol.documentation, EMBEDDED_DOCUMENTATION)
    text = "\n".join((name, scope, signature, documentation, as_words(body[:EMBEDDED_BODY])))
    # A minor symbol shares no text with the others, since their vectors are searched alone.
    person = _HASHED_MINOR if symbol.kind in MINOR else _HASHED
    return text, blake2b(text.encode("utf-8", "replace"), digest_size=16, person=person).digest()


def field_texts(symbol: Symbol) -> tuple[str, str, str, str, str]:
    """Return the text behind each field but the body: the field holds the terms of its identifiers.

    A detail has no body and no path, which the module or type around it has. A field or a variable that nothing
    explains is found by its name.
    """
    scope = symbol.qualname.removesuffix(symbol.name)
    if symbol.kind not in DETAILS:
        return symbol.name, scope, symbol.signature, symbol.documentation, symbol.path
    if symbol.documentation or symbol.kind in ("constant", "alias", "call"):
        return symbol.name, scope, symbol.signature, symbol.documentation, ""
    return symbol.name, scope, "", "", ""


def _document(symbol: Symbol, body: bytes, path: Sequence[bytes]) -> Document:
    name_text, scope_text, signature_text, documentation_text, _ = field_texts(symbol)
    name, name_words = name_forms(name_text)
    scope, scope_words = name_forms(scope_text)
    signature = identifiers_in(signature_text)
    documentation = identifiers_in(documentation_text) if documentation_text else ()
    if symbol.kind in DETAILS:
        return Document((name, scope, signature, documentation, (), ()), "", DETAIL_HASH)
    inside = identifiers(body)
    fields = (name, scope, signature, documentation, path, inside)
    return Document(fields, *_embedded(symbol, name_words, scope_words, inside))


class Part(Protocol):
    """What decides on the body of a symbol, and on that of those around it: a `Symbol` has it."""

    @property
    def kind(self) -> str:
        """The kind of the symbol."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def start_byte(self) -> int:
        """Where it begins."""

    @property
    def end_byte(self) -> int:
        """Where it ends."""


def bodies_of(symbols: Sequence[Symbol], source: bytes) -> list[bytes]:
    """Return the body of each symbol."""
    order = sorted(range(len(symbols)), key=lambda i: (symbols[i].start_byte, -symbols[i].end_byte))
    bodies = [b""] * len(symbols)
    for position, index in enumerate(order):
        following = (symbols[at] for at in islice(order, position + 1, None))
        bodies[index] = body_of(symbols[index], following, source)
    return bodies


def body_of(symbol: Part, following: Iterable[Part], source: bytes) -> bytes:
    """Return the source of a symbol; in containers, the names of inner symbols replace their bodies.

    Details have no body; they stay in the text of what is around them. `following` are the symbols that begin with it
    or after it, by their beginning, the longest first.
    """
    if symbol.kind in DETAILS:
        return b""
    if symbol.kind in CALLABLES:
        return source[symbol.start_byte : symbol.end_byte]
    at = symbol.start_byte
    pieces: list[bytes] = []
    for child in following:
        if child.start_byte >= symbol.end_byte:
            break
        if child.kind in DETAILS or (child.kind in TEXTS and symbol.kind not in TEXTS):
            continue
        if child.start_byte < at or child.end_byte > symbol.end_byte:
            continue
        pieces += (source[at : child.start_byte], b" ", child.name.encode("utf-8", "replace"), b" ")
        at = child.end_byte
    pieces.append(source[at : symbol.end_byte])
    return b"".join(pieces)
