"""Unsaved buffers as a server hands them to the search."""

from __future__ import annotations

from codesearch import embed
from codesearch.extract.documents import documents
from codesearch.extract.symbols import extract
from codesearch.store import FileRecord, FileState, SymbolRecord
from tests.support.texts import counted, terms_of


def record(path: str, source: str, language: str = "python") -> FileRecord:
    """Return the record of a buffer."""
    data = source.encode()
    symbols = extract(data, language, path)
    texts = documents(symbols, data, path)
    rows = embed.quantise(embed.load(embed.STATIC).encode_documents([text.embedding_text for text in texts]))
    records = [SymbolRecord(s, t.content_hash, v) for s, t, v in zip(symbols, texts, rows, strict=True)]
    state = FileState(0, 0, 0, 0, 0, None)
    words = counted([terms_of(text) for text in texts])
    return FileRecord(path, state, language=language, symbols=tuple(records), texts=words)
