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
    """A symbol, the hash of its text, and its vector."""

    symbol: Symbol
    content_hash: bytes
    vector: bytes | None
    """int8, one byte per dimension; None if it is embedded later."""


class Texts(NamedTuple):
    """The texts of the symbols of a file, counted by word (word_counts.py); numbers are uint32, little-endian."""

    words: list[bytes]
    """Stems, each once. Files that were counted together share the list."""
    lengths: bytes
    """How many words each text has, at least 1."""
    postings: bytes
    """How many different ones."""
    places: bytes
    """Where these are in `words`, text by text."""
    counts: bytes
    """How often the text has them, in one number (postings.py)."""

    @property
    def size(self) -> int:
        """How many texts there are."""
        return len(self.lengths) // 4


NO_TEXTS = Texts([], b"", b"", b"", b"")


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
    texts: Texts = NO_TEXTS
    """One for each symbol."""
    references: tuple[tuple[int, int, int, str, str], ...] = ()
    """Each as a `core.references.Reference`; plain tuples, since pickling them takes half the time."""
