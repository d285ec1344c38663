"""The plain values that go into and come out of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from codesearch.core.types import Symbol


@dataclass(frozen=True, slots=True)
class FileState:
    """What the index knows about a file besides its content: enough to detect a change."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    checked_ns: int
    """When the fields above were read. A file written within the clock's grain of that may have changed since."""
    hash: bytes | None
    id: int = 0


@dataclass(frozen=True, slots=True)
class SymbolRecord:
    """A symbol and its indexed text and vector."""

    symbol: Symbol
    fields: tuple[str, ...]
    """The text of each of schema.TEXT_FIELDS, as terms separated by blanks."""
    content_hash: bytes
    vector: bytes | None
    """int8, one byte per dimension; None if it is embedded later."""


class StoredSymbol(NamedTuple):
    """A symbol as read from the store."""

    symbol: Symbol
    roles: str
    """Roles of its file, separated by blanks."""
    content: int
    """Id of its text: symbols that share it are copies."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, as a worker hands it to the writer."""

    path: str
    state: FileState
    language: str | None = None
    skipped: str | None = None
    detail: str = ""
    lines: int = 0
    roles: str = ""
    symbols: tuple[SymbolRecord, ...] = ()
    references: tuple[tuple[int, int, int, str, str], ...] = ()
    """Each as a `core.references.Reference`; plain tuples, since pickling them takes half the time."""
