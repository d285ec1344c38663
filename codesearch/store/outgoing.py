"""What an index holds of some files, for another store: symbols, vectors, and the words of their texts."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from codesearch.core.types import MINOR
from codesearch.store import contents, vector_codes
from codesearch.store.connection import Connection
from codesearch.store.many import among
from codesearch.store.paths import shown
from codesearch.store.schema import TEXT_FIELDS
from codesearch.store.symbol_sql import SYMBOLS

_FIELD_BITS, _OFFSET_BITS = 3, 24
"""A place of a word, as one number: the field, the offset in it, the number of the word."""
_WORD_BITS = 64 - _FIELD_BITS - _OFFSET_BITS


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of an index."""

    id: int
    path: str
    language: str | None
    roles: str
    hash: bytes
    """Of its bytes."""


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
        "SELECT id, path, language, roles, hash FROM file WHERE skipped IS NULL AND hash IS NOT NULL ORDER BY path"
    )
    return [OutgoingFile(id, shown(path), language, roles, bytes(digest)) for id, path, language, roles, digest in rows]


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


class Words:
    """The words of some texts, stemmed, read in one pass over the full-text index."""

    def __init__(self, connection: Connection, wanted: Iterable[OutgoingSymbol]) -> None:
        self._words: list[str] = []
        self._places: dict[int, array[int]] = {}
        ids = {True: set[int](), False: set[int]()}
        for one in wanted:
            ids[one.row[0] in MINOR].add(one.id)
        for minor, table in ((False, "symbol_text"), (True, "minor_text")):
            if ids[minor]:
                self._read(connection, table, ids[minor])

    def _read(self, connection: Connection, table: str, wanted: set[int]) -> None:
        fields = {name: at << (64 - _FIELD_BITS) for at, name in enumerate(TEXT_FIELDS)}
        places = self._places
        places.update((id, array("Q")) for id in wanted)
        longest = (1 << _OFFSET_BITS) - 1
        connection.raw.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.of_{table} USING fts5vocab(main, {table}, instance)"
        )
        word, number = None, -1
        for term, id, field, offset in connection.raw.execute(f"SELECT term, doc, col, offset FROM temp.of_{table}"):
            if id not in wanted or offset > longest:
                continue
            if term != word:
                word, number = str(term), len(self._words)
                self._words.append(word)
            places[id].append(fields[str(field)] | offset << _WORD_BITS | number)
        connection.raw.execute(f"DROP TABLE temp.of_{table}")

    def of(self, id: int) -> Iterator[tuple[int, int, str]]:
        """Yield (field, offset, word) of a text, in order; `field` is a position in TEXT_FIELDS."""
        for packed in sorted(self._places.get(id, ())):
            offset = packed >> _WORD_BITS & (1 << _OFFSET_BITS) - 1
            yield packed >> (64 - _FIELD_BITS), offset, self._words[packed & (1 << _WORD_BITS) - 1]
