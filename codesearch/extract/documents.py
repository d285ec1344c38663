"""Builds the texts of a symbol that are embedded and put into the full-text index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from codesearch.core.tokens import as_terms, as_words, identifiers, identifiers_in, name_forms, terms
from codesearch.core.types import CALLABLES, Symbol

EMBEDDED_DOCUMENTATION = 60
EMBEDDED_BODY = 200
"""Maximum number of identifiers of documentation and of body that are embedded. Measured: more only cost time."""


@dataclass(frozen=True, slots=True)
class Document:
    """The indexed text of one symbol."""

    fields: tuple[str, ...]
    """Terms of name, scope, signature, documentation, path, body, in this order, separated by blanks."""
    embedding_text: str
    """Lower-case words, a line for each of `codesearch.embed.FIELDS`; independent of where the symbol lies."""
    content_hash: bytes
    """16 bytes over `embedding_text`: equal texts share one vector."""
    identifiers: tuple[Sequence[bytes], ...]
    """What `embedding_text` holds of each field, before it is split."""


def documents(symbols: Sequence[Symbol], source: bytes, path: str) -> list[Document]:
    """Return the document of each symbol of a file; `symbols` are those that were extracted from `source`."""
    return list(each_document(symbols, source, path))


def each_document(symbols: Sequence[Symbol], source: bytes, path: str) -> Iterator[Document]:
    """Yield the documents one by one, so that a caller that keeps none of them reuses warm memory."""
    path_terms = " ".join(terms(path))
    for symbol, body in zip(symbols, _bodies(symbols, source), strict=True):
        yield _document(symbol, body, path_terms)


def embedding_text(symbol: Symbol, among: Sequence[Symbol], source: bytes) -> tuple[str, bytes]:
    """Return (embedding text, content hash) of one symbol; `among` must contain at least the symbols inside it."""
    inside = [one for one in among if symbol.start_byte <= one.start_byte and one.end_byte <= symbol.end_byte]
    if symbol.kind in CALLABLES or symbol not in inside:
        inside = [symbol]
    body = identifiers(_bodies(inside, source)[inside.index(symbol)])
    _, _, name = name_forms(symbol.name)
    _, _, scope = name_forms(symbol.qualname.removesuffix(symbol.name))
    return _embedded(name, scope, identifiers_in(symbol.signature), identifiers_in(symbol.documentation), body)


def _embedded(
    name: str, scope: str, signature: Sequence[bytes], documentation: Sequence[bytes], body: Sequence[bytes]
) -> tuple[str, bytes]:
    # One line a field, as codesearch.embed.FIELDS lists them; no path, so that copies and moves share a vector.
    rest = (signature, documentation[:EMBEDDED_DOCUMENTATION], body[:EMBEDDED_BODY])
    text = "\n".join((name, scope, *map(as_words, rest)))
    return text, blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _document(symbol: Symbol, body: bytes, path_terms: str) -> Document:
    name, name_terms, name_words = name_forms(symbol.name)
    scope, scope_terms, scope_words = name_forms(symbol.qualname.removesuffix(symbol.name))
    signature = identifiers_in(symbol.signature)
    documentation = identifiers_in(symbol.documentation) if symbol.documentation else []
    inside = identifiers(body)
    fields = (
        name_terms,
        scope_terms,
        as_terms(signature),
        as_terms(documentation),
        path_terms,
        as_terms(inside),
    )
    embedded = (name, scope, signature, documentation[:EMBEDDED_DOCUMENTATION], inside[:EMBEDDED_BODY])
    return Document(fields, *_embedded(name_words, scope_words, signature, documentation, inside), embedded)


def _bodies(symbols: Sequence[Symbol], source: bytes) -> list[bytes]:
    """Return the source of each symbol; in containers, the names of inner symbols replace their bodies."""
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
