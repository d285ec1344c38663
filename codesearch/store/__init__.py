"""The index file: one SQLite database with full text (FTS5) and vectors (sqlite-vec)."""

from codesearch.store.connection import NeedsMigrationError
from codesearch.store.location import Location, locate
from codesearch.store.records import FileRecord, FileState, SymbolRecord, Texts
from codesearch.store.store import Store

__all__ = ["FileRecord", "FileState", "Location", "NeedsMigrationError", "Store", "SymbolRecord", "Texts", "locate"]
