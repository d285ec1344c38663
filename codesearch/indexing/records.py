"""From the text of a file to its record: extract, split, embed. Files on disk and unsaved buffers take the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codesearch import embed
from codesearch.core.types import DETAILS, Symbol
from codesearch.embed.static import StaticEmbedder
from codesearch.files import Source, role
from codesearch.indexing.task import NO_GRAMMAR
from codesearch.store.records import FileRecord, FileState, SymbolRecord

BY_PARTS = "; found by its parts"
"""The end of the detail of a file that cannot be parsed but can be found."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file whose symbols still need their vectors."""

    record: FileRecord
    symbols: tuple[Symbol, ...]
    texts: tuple[tuple[tuple[str, ...], bytes, list[bytes]], ...]
    """Per symbol: fields, content hash, and the input of the embedder. A whole Document is many times larger."""


class RecordBuilder:
    """Makes records with the static model. Extraction and embedding are apart, so that a batch is embedded at once."""

    def __init__(self, model: str = embed.STATIC) -> None:
        self._embedder = StaticEmbedder(embed.folder_of(model))

    def extract(self, path: str, state: FileState, source: Source) -> Extracted:
        """Extract the symbols of one file. Raises whatever the parser fails with."""
        from codesearch.extract.references import references
        from codesearch.extract.symbols import extract_scan

        symbols, scan = extract_scan(source.data, source.language, _shown(path), references=True)
        found = tuple(references(scan, symbols))
        del scan  # its many nodes leave their memory to what follows
        return self._extracted(FileRecord(path, state, references=found), source, symbols)

    def parts(self, path: str, state: FileState, source: Source, reason: str, detail: str) -> Extracted:
        """Return the parts of a file that cannot be parsed, for a reason that its record keeps; without a hash, so
        that it is read again when it changes.
        """
        from codesearch.extract.symbols import extract_parts

        record = replace(left_out(path, state, reason, detail), detail=f"{detail}{BY_PARTS}")
        return self._extracted(record, source, extract_parts(source.data, source.language, _shown(path)))

    def _extracted(self, record: FileRecord, source: Source, symbols: Sequence[Symbol]) -> Extracted:
        from codesearch.extract.documents import each_document

        packed = self._embedder.packed
        texts = [
            (one.fields, one.content_hash, [] if symbol.kind in DETAILS else packed(one.identifiers))
            for symbol, one in zip(symbols, each_document(symbols, source.data, _shown(record.path)), strict=True)
        ]
        roles = " ".join(sorted(role(record.path)))
        record = replace(record, language=source.language, lines=count_lines(source.data), roles=roles)
        return Extracted(record, tuple(symbols), tuple(texts))

    def embed(self, found: Sequence[FileRecord | FileState | Extracted]) -> list[FileRecord | FileState]:
        """Return the same list with every extracted file completed. All texts are embedded in one call, which is
        cheaper than one call per file.
        """
        texts = [
            packed
            for one in found
            if isinstance(one, Extracted)
            for symbol, (_, _, packed) in zip(one.symbols, one.texts, strict=True)
            if symbol.kind not in DETAILS
        ]
        rows = iter(embed.quantise(self._embedder.encode_packed(texts)))

        def completed(one: Extracted) -> FileRecord:
            symbols = tuple(
                SymbolRecord(symbol, fields, content_hash, None if symbol.kind in DETAILS else next(rows))
                for symbol, (fields, content_hash, _) in zip(one.symbols, one.texts, strict=True)
            )
            return replace(one.record, symbols=symbols)

        return [completed(one) if isinstance(one, Extracted) else one for one in found]


def _shown(path: str) -> str:
    """Return a path as people and the search see it; one that is not UTF-8 keeps its bytes in the record."""
    return path.encode("utf-8", "replace").decode()


def count_lines(data: bytes) -> int:
    """Return the number of lines; a last line without a line end counts, nothing after the last line end does not."""
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


def failed(path: str, state: FileState, error: Exception) -> FileRecord:
    """Return the record of a file whose extraction raised an error."""
    from codesearch.languages.grammar import GrammarError

    if isinstance(error, GrammarError):
        return left_out(path, state, NO_GRAMMAR, str(error))
    return left_out(path, state, "parse failed", f"{type(error).__name__}: {error}")


def left_out(path: str, state: FileState, reason: str, detail: str = "") -> FileRecord:
    """Return the record of a file that is not searchable; without a hash, so that it is read again when it changes."""
    return FileRecord(path, replace(state, hash=None), skipped=reason, detail=detail)
