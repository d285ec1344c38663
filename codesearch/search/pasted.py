"""Reads a piece of code that is in no file, such as one from the clipboard, to find code like it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from codesearch import embed, languages
from codesearch.core.errors import NotFoundError
from codesearch.core.types import Symbol
from codesearch.extract.documents import embedding_text
from codesearch.extract.scan import ParseTimeoutError, scan
from codesearch.extract.symbols import extract
from codesearch.store import Store

GUESSED_FROM = 1 << 14
"""Bytes of the code that each language in question parses, to tell which one it is written in."""
PARSE_SECONDS = 5.0


def vector_of(store: Store, embedder: embed.Embedder, code: str, language: str) -> bytes:
    """Return the static vector of a piece of code: of the largest definition in it, or of all of it if it has none.

    `language` is its language; "" guesses among those of the index. Raises ParseTimeoutError.
    """
    data = code.encode("utf-8", "replace")
    vector = embedder.encode_documents([_text(data, language or guessed(data, (one for one, *_ in store.languages())))])
    return embed.quantise(vector)[0]


def guessed(data: bytes, among: Iterable[str]) -> str:
    """Return the language whose grammar understands a piece of code best; "" if none finds a definition in it."""
    best = (0.0, 0, "")
    deadline = time.monotonic() + PARSE_SECONDS
    head = data[:GUESSED_FROM]
    for name in among:
        try:
            found = scan(head, languages.get(name), deadline)
        except (NotFoundError, ParseTimeoutError):
            continue
        understood = 1 - sum(end - start for start, end in found.errors) / max(1, len(head))
        # A missing closing brace makes an error node, too: fewer errors first, then more definitions.
        best = max(best, (round(understood, 2) if found.definitions else 0.0, len(found.definitions), name))
    return best[2] if best[1] else ""


def _text(data: bytes, language: str) -> str:
    """Return what the embedder sees of a piece of code: what it would see of its largest definition in a file."""
    if not language:
        whole = Symbol("module", "", "", "", "", 1, 1, 0, len(data), "", "")
        return embedding_text(whole, [whole], data)[0]
    symbols = extract(data, language, "", PARSE_SECONDS)
    inner = [one for one in symbols if one.kind != "module"]
    largest = max(inner or symbols, key=lambda one: (one.end_byte - one.start_byte, -one.start_byte))
    return embedding_text(largest, symbols, data)[0]
