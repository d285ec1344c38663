"""The words of a text as the full-text index has them: in lower case, without diacritics, stemmed.

SQLite's tokenizer does it. It takes 0.05 us per word of a long text, and a cache of words would take longer; but one of
identifiers splits them, too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import apsw

from codesearch.core.tokens import Cache, as_terms

TOKENIZER = ("porter", "unicode61", "remove_diacritics", "2")
"""As in the schema."""

_local = threading.local()
"""A connection of SQLite, which owns the tokenizer, belongs to one thread."""


def words(text: str) -> tuple[str, ...]:
    """Return the stems of the words of a text, in order."""
    try:
        tokenizer = _local.tokenizer
    except AttributeError:
        tokenizer = _tokenizer()
    given = text.encode("utf-8", "replace").replace(b"\0", b" ")
    found: Any = tokenizer(given, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return tuple(found)


def stems(text: str) -> list[bytes]:
    """Return the same in UTF-8."""
    return [word.encode() for word in words(text)]


def of_identifiers(found: Iterable[bytes]) -> bytes:
    """Return the stems of the terms of some identifiers, in order: a blank, then each with a blank after it."""
    return b" " + b"".join(map(_of_identifier, found))


def _stems_of(identifier: bytes) -> bytes:
    return b"".join([stem + b" " for stem in stems(as_terms((identifier,)))])


_of_identifier = Cache(_stems_of).__getitem__


def _tokenizer() -> Any:
    """Return the tokenizer of this thread."""
    _local.connection = apsw.Connection(":memory:")
    _local.tokenizer = _local.connection.fts5_tokenizer(TOKENIZER[0], list(TOKENIZER[1:]))
    return _local.tokenizer
