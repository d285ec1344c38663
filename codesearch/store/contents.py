"""Finds contents by their hashes: an index holds the first bytes of each, and the whole hash decides."""

from __future__ import annotations

from collections.abc import Collection

import apsw

from codesearch.store.many import among

INDEXED_BYTES = 4


def beginning_of(table: str = "") -> str:
    """Return the beginning of a hash of `content` as SQL: exactly what the index content_hash holds."""
    return f"substr({table}.hash, 1, {INDEXED_BYTES})" if table else f"substr(hash, 1, {INDEXED_BYTES})"


def known(db: apsw.Connection, hashes: Collection[bytes]) -> dict[bytes, int]:
    """Return the ids of those contents that the index has, by hash."""
    wanted = set(hashes)
    beginnings = sorted({one[:INDEXED_BYTES] for one in wanted})
    rows = among(db, f"SELECT hash, id FROM content WHERE {beginning_of()} IN", beginnings)
    return {digest: id for digest, id in rows if digest in wanted}
