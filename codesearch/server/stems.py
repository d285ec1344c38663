"""The words of queries in the form in which texts hold them: stemmed as SQLite's full text does it."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

_local = threading.local()
"""Connections of SQLite belong to one thread."""


@lru_cache(maxsize=1 << 16)
def stems(text: str) -> tuple[str, ...]:
    """Return the stems of the words of a text, in order."""
    import apsw

    if not hasattr(_local, "tokenizer"):
        _local.connection = apsw.Connection(":memory:")
        _local.tokenizer = _local.connection.fts5_tokenizer("porter", ["unicode61", "remove_diacritics", "2"])
    tokenizer: Any = _local.tokenizer
    given = text.encode("utf-8", "replace").replace(b"\0", b" ")
    flag = apsw.FTS5_TOKENIZE_QUERY
    return tuple(tokenizer(given, flag, None, include_offsets=False, include_colocated=False))
