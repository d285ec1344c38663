"""What an index holds of some files, for another store: symbols and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codesearch.files.again import Indexed
from codesearch.store import contents, vector_codes
from codesearch.store.connection import Connection
from codesearch.store.many import among
from codesearch.store.paths import shown
from codesearch.store.symbol_sql import SYMBOLS


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of an index."""

    id: int
    path: str
    language: str | None
    roles: str
    hash: bytes
    """Of its bytes."""
    indexed: Indexed


@dataclass(frozen=True, slots=True)
class OutgoingSymbol:
    """A symbol of a file."""

    id: int
    file: int
    content: bytes
    row: tuple[Any, ...]
    """kind, name, qualname, signature, documentation, start and end line, start and end byte."""


def files(connection: Connection) -> list[OutgoingFile]:
    """Return the indexed files, by path."""
    rows = connection.rows(
        "SELECT id, path, language, roles, hash, size, mtime_ns, ctime_ns, inode, checked_ns, hash FROM file "
        "WHERE skipped IS NULL AND hash IS NOT NULL ORDER BY path"
    )
    return [
        OutgoingFile(id, shown(path), language, roles, bytes(digest), Indexed(shown(path), *seen))
        for id, path, language, roles, digest, *seen in rows
    ]


def symbols(connection: Connection, of_files: Sequence[int]) -> list[OutgoingSymbol]:
    """Return the symbols of some files, in the order of extraction."""
    rows = among(
        connection.raw,
        "SELECT s.id, s.file_id, c.hash, s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, "
        f"s.end_line, s.start_byte, s.end_byte FROM {SYMBOLS} JOIN content c ON c.id = s.content_id WHERE f.id IN",
        list(of_files),
    )
    return sorted(
        (OutgoingSymbol(row[0], row[1], bytes(row[2]), tuple(row[3:])) for row in rows), key=lambda one: one.id
    )


def vectors(connection: Connection, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the static int8 vectors of some contents; those without one are left out."""
    wanted = {id: digest for digest, id in contents.known(connection.raw, hashes).items()}
    rows = among(connection.raw, "SELECT id, embedding FROM vector WHERE id IN", list(wanted))
    return {wanted[id]: vector_codes.unpack(vector) for id, vector in rows}
