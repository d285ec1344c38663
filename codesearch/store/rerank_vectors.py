"""The vectors of a reranker model: a cache in the index that may be empty or partial."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.core.types import CALLABLES
from codesearch.store import contents, vector_codes
from codesearch.store.symbol_sql import NO_DETAIL, SYMBOLS

if TYPE_CHECKING:
    from codesearch.store.connection import Connection

MOST_QUERIES = 1000
"""Queries whose vectors are kept."""

_NUMBER = "(SELECT id FROM model WHERE model_id = ?)"


class Wanted(NamedTuple):
    """A symbol whose vector is needed."""

    symbol: int
    content: bytes
    """Hash of its text."""
    file: bytes | None
    """Hash of the content of its file when it was indexed."""
    vector: bytes | None


class Pending(NamedTuple):
    """A content without a vector, and where to read its text."""

    content: bytes
    symbol: int
    path: str
    file: bytes | None


class RerankVectors:
    """The vectors of one model in an index; `add` needs a writable connection. Raises the errors of `Store`."""

    def __init__(self, connection: Connection, model_id: str) -> None:
        self._connection = connection
        self._model = model_id

    def of_symbols(self, ids: Iterable[int]) -> list[Wanted]:
        """Return the vector, if any, of each symbol, in no particular order."""
        wanted = list(ids)
        rows = self._connection.rows(
            f"SELECT s.id, c.hash, f.hash, v.embedding, m.dims FROM {SYMBOLS} JOIN content c ON c.id = s.content_id "
            f"LEFT JOIN model_vector v ON v.content_id = s.content_id AND v.model = {_NUMBER} "
            "LEFT JOIN model m ON m.id = v.model "
            f"WHERE s.id IN ({','.join('?' * len(wanted))})",
            [self._model, *wanted],
        )
        return [
            Wanted(symbol, content, file, None if found is None else vector_codes.read(found, dims))
            for symbol, content, file, found, dims in rows
        ]

    def of_contents(self, hashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the existing vectors of some texts, by hash."""
        wanted = {id: digest for digest, id in contents.known(self._connection.raw, list(hashes)).items()}
        rows = self._connection.rows(
            "SELECT v.content_id, v.embedding, m.dims FROM model_vector v JOIN model m ON m.id = v.model "
            f"WHERE v.model = {_NUMBER} AND v.content_id IN ({','.join('?' * len(wanted))})",
            [self._model, *wanted],
        )
        return {wanted[content]: vector_codes.read(found, dims) for content, found, dims in rows}

    def held(self) -> list[bytes]:
        """Return the hashes of the texts that have a vector."""
        rows = self._connection.rows(
            f"SELECT c.hash FROM content c JOIN model_vector v ON v.content_id = c.id WHERE v.model = {_NUMBER}",
            [self._model],
        )
        return [bytes(row[0]) for row in rows]

    def of_query(self, digest: bytes) -> bytes | None:
        """Return the vector of an earlier query, by the hash of its text."""
        rows = self._connection.rows(
            f"SELECT embedding FROM query_vector WHERE model = {_NUMBER} AND hash = ?", (self._model, digest)
        )
        return rows[0][0] if rows else None

    def coverage(self) -> tuple[int, int]:
        """Return (symbols whose text has a vector, symbols)."""
        ((number,),) = self._connection.rows(f"SELECT {_NUMBER}", (self._model,))
        ((total,),) = self._connection.rows(f"SELECT count(*) FROM symbol s WHERE {NO_DETAIL}")
        if number is None:
            return 0, total
        ((covered,),) = self._connection.rows(
            f"SELECT count(*) FROM symbol s WHERE {NO_DETAIL} AND EXISTS "
            "(SELECT 1 FROM model_vector v WHERE v.content_id = s.content_id AND v.model = ?)",
            (number,),
        )
        return covered, total

    def pending(self) -> list[Pending]:
        """Return the contents without a vector, the likeliest to be needed first.

        Callables come before types and modules, code before tests, examples and vendored code, recently changed files
        before others, and the symbols of a file in their order.
        """
        does = ", ".join(f"'{kind}'" for kind in sorted(CALLABLES))
        rows = self._connection.rows(
            f"SELECT c.hash, s.id, f.path, f.hash FROM {SYMBOLS} JOIN content c ON c.id = s.content_id "
            f"WHERE {NO_DETAIL} AND NOT EXISTS "
            f"(SELECT 1 FROM model_vector v WHERE v.content_id = s.content_id AND v.model = {_NUMBER}) "
            f"ORDER BY f.roles <> '', s.kind NOT IN ({does}), f.mtime_ns / 1000000000 DESC, f.path, s.id",
            (self._model,),
        )
        seen: dict[bytes, Pending] = {}
        for content, symbol, path, file in rows:
            seen.setdefault(content, Pending(content, symbol, os.fsdecode(path), file))
        return list(seen.values())

    def add(self, dims: int, texts: Mapping[bytes, bytes], queries: Mapping[bytes, bytes]) -> None:
        """Write vectors by the hash of their text; texts that the index no longer has are left out."""
        with self._connection.transaction() as db:
            db.execute("INSERT OR IGNORE INTO model(model_id, dims) VALUES (?, ?)", (self._model, dims))
            ((number,),) = db.execute(f"SELECT {_NUMBER}", (self._model,)).fetchall()
            db.executemany(
                "INSERT OR REPLACE INTO model_vector(content_id, model, embedding) VALUES (?, ?, ?)",
                [
                    (id, number, vector_codes.stored(texts[digest]))
                    for digest, id in contents.known(db, texts.keys()).items()
                ],
            )
            db.executemany(
                "INSERT OR REPLACE INTO query_vector(model, hash, embedding) VALUES (?, ?, ?)",
                [(number, digest, vector) for digest, vector in queries.items()],
            )
            if queries:
                db.execute(
                    "DELETE FROM query_vector WHERE id <= (SELECT max(id) FROM query_vector) - ?", (MOST_QUERIES,)
                )

    def drop_outgrown(self) -> None:
        """Delete the vectors of models that cover no more than this one. Until then, switching back is cheap."""
        if not self._connection.rows("SELECT 1 FROM model WHERE model_id <> ?", (self._model,)):
            return
        with self._connection.transaction() as db:
            counts: dict[Any, tuple[Any, Any]] = {
                model_id: (number, count)
                for number, model_id, count in db.execute(
                    "SELECT m.id, m.model_id, (SELECT count(*) FROM model_vector v WHERE v.model = m.id "
                    "AND v.content_id NOT IN (SELECT content_id FROM unused)) FROM model m"
                ).fetchall()
            }
            _, mine = counts.pop(self._model, (0, 0))
            outgrown = [(number,) for number, count in counts.values() if mine and count <= mine]
            for table, column in (("model_vector", "model"), ("query_vector", "model"), ("model", "id")):
                db.executemany(f"DELETE FROM {table} WHERE {column} = ?", outgrown)
