"""Where the bytes of an index file are, by what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from codesearch.core.errors import StoreError
from codesearch.store.connection import Connection

_PURPOSES = {
    "symbol": "symbols",
    "name": "names",
    "part": "names",
    "text_segment": "full text",
    "text_block": "full text",
    "text_length": "full text",
    "vector": "vectors",
    "vector_signs": "signs of vectors",
    "reference": "references",
    "reference_set": "references",
    "reference_file": "references",
    "file": "files",
    "content": "hashes of texts",
    "unused": "hashes of texts",
    "model": "vectors of the reranker",
    "model_vector": "vectors of the reranker",
    "query_vector": "vectors of the reranker",
    "related_text": "related symbols",
    "related_pair": "related symbols",
    "atlas": "map and clusters",
}
"""What the rows of a table are for."""
OTHER = "other"
FREE = "free pages"
"""Pages of the file that hold nothing; the next writes use them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of an index file that are for one purpose."""

    purpose: str
    bytes: int
    tables: tuple[tuple[str, int], ...] = ()
    """(name, bytes) of the tables and indexes, largest first."""


def parts(connection: Connection) -> list[Part]:
    """Return where the bytes of an index file are, the largest part first; together they are all of its pages.

    Every page is read. Raises StoreError if this build of SQLite cannot say it.
    """
    tables = dict(connection.rows("SELECT name, tbl_name FROM sqlite_schema"))
    try:
        sizes: Any = connection.raw.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE").fetchall()
    except apsw.SQLError as error:
        raise StoreError(f"this SQLite does not have the table dbstat, which counts bytes: {error}") from error
    found: dict[str, list[tuple[str, int]]] = {}
    for name, taken in sizes:
        found.setdefault(_PURPOSES.get(tables.get(name, name), OTHER), []).append((name, taken))
    pages, free, size = (int(connection.raw.pragma(one)) for one in ("page_count", "freelist_count", "page_size"))
    listed = [
        Part(purpose, sum(taken for _, taken in some), tuple(sorted(some, key=lambda one: (-one[1], one[0]))))
        for purpose, some in found.items()
    ]
    counted = sum(part.bytes for part in listed)
    if free:
        listed.append(Part(FREE, free * size))
    if rest := (pages - free) * size - counted:
        listed.append(Part(OTHER, rest))
    return sorted(listed, key=lambda part: (-part.bytes, part.purpose))
