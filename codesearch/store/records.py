"""What goes into and comes out of the store, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from codesearch.core.types import Symbol


@dataclass(frozen=True, slots=True)
class FileState:
    """What the index knows of a file without its content: enough to tell whether it changed."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    checked_ns: int
    """When the above were read; a file written within the clock's grain of it may have changed since."""
    hash: bytes | None
    id: int = 0


@dataclass(frozen=True, slots=True)
class SymbolRecord:
    """A symbol with what is indexed of it."""

    symbol: Symbol
    fields: tuple[str, ...]
    """The text of each of schema.TEXT_FIELDS, as terms separated by blanks."""
    content_hash: bytes
    vector: bytes | None
    """int8, one byte a dimension; None where the model embeds later."""


class StoredSymbol(NamedTuple):
    """A symbol as it came out of the store."""

    symbol: Symbol
    roles: str
    """Of its file, separated by blanks."""
    content: int
    """Number of its distinct text: symbols that share it are copies."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as a worker hands it to the writer."""

    path: str
    state: FileState
    language: str | None = None
    skipped: str | None = None
    detail: str = ""
    lines: int = 0
    roles: str = ""
    symbols: tuple[SymbolRecord, ...] = ()
