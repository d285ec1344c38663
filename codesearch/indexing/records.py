"""From the text of a file to its record: extract, split, embed. Files on disk and unsaved buffers take the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress

from codesearch import embed
from codesearch.core import limits
from codesearch.core.numbers import BYTES, Numbers
from codesearch.core.tokens import Cache
from codesearch.core.types import DETAILS, Symbol
from codesearch.embed.static import StaticEmbedder
from codesearch.files import Source, role
from codesearch.indexing.task import NO_GRAMMAR
from codesearch.store.records import FileRecord, FileState, SymbolRecord, Texts

MOST_IDENTIFIERS = 1 << 15
"""Identifiers of which a worker keeps what they stand for; with more, it begins again after the batch."""
BY_PARTS = "; found by its parts"
"""The end of the detail of a file that cannot be parsed but can be found."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file whose symbols still need their vectors."""

    record: FileRecord
    symbols: tuple[Symbol, ...]
    texts: tuple[tuple[tuple[bytes, ...], bytes], ...]
    """Per symbol: the numbers of the identifiers of each field, packed, and the content hash. A whole Document is many
    times larger."""


class RecordBuilder:
    """Makes records with the static model. Extraction is apart from embedding and counting, which a batch does at once:
    see `completed`.
    """

    def __init__(self, model: str = embed.STATIC) -> None:
        self._embedder = StaticEmbedder(embed.folder_of(model))
        self._forget()

    def _forget(self) -> None:
        from codesearch.store.word_counts import WordCounter  # it imports numpy

        self.numbers = Numbers()
        """Of the identifiers of what was extracted and is not completed yet, and of others before."""
        self._repeated: Cache[tuple[bytes, ...], bytes] = Cache(self.numbers.packed)
        """The same of names, scopes and paths, which the symbols of a file share."""
        self._counter = WordCounter(self.numbers)

    def prepare(self, language: str) -> None:
        """Load what the files of a language need: its grammar and queries. Raises as `extract`."""
        from codesearch.extract.symbols import extract_scan

        extract_scan(b"", language, "", whole=True)

    def extract(self, path: str, state: FileState, source: Source) -> Extracted:
        """Extract the symbols of one file. Raises TooMuchMemoryError, and whatever the parser fails with."""
        from codesearch.extract.references import references
        from codesearch.extract.symbols import extract_scan

        with _limited():
            symbols, scan = extract_scan(source.data, source.language, _shown(path), whole=True)
            found = tuple(references(scan, symbols))
            del scan  # its many nodes leave their memory to what follows
            return self._extracted(FileRecord(path, state, references=found), source, symbols)

    def parts(self, path: str, state: FileState, source: Source, reason: str, detail: str) -> Extracted:
        """Return the parts of a file that cannot be parsed, for a reason that its record keeps; without a hash, so
        that it is read again when it changes. Raises TooMuchMemoryError.
        """
        from codesearch.extract.symbols import extract_parts

        record = replace(left_out(path, state, reason, detail), detail=f"{detail}{BY_PARTS}")
        with _limited():
            return self._extracted(record, source, extract_parts(source.data, source.language, _shown(path)))

    def _extracted(self, record: FileRecord, source: Source, symbols: Sequence[Symbol]) -> Extracted:
        from codesearch.extract.documents import each_document

        packed, repeated = self.numbers.packed, self._repeated
        texts = []
        for one in each_document(symbols, source.data, _shown(record.path)):
            name, scope, signature, documentation, path, body = one.fields
            explained = packed(signature), packed(documentation)
            fields = repeated[tuple(name)], repeated[tuple(scope)], *explained, repeated[tuple(path)], packed(body)
            texts.append((fields, one.content_hash))
        roles = " ".join(sorted(role(record.path)))
        record = replace(record, language=source.language, lines=count_lines(source.data), roles=roles)
        return Extracted(record, tuple(symbols), tuple(texts))

    def completed(self, found: Sequence[FileRecord | FileState | Extracted]) -> list[FileRecord | FileState]:
        """Return the same list with the vectors and the counted texts of every extracted file. All texts are embedded
        and counted in one call, which is cheaper than one call per file. A file that needs too much memory is left out.
        """
        extracted = [one for one in found if isinstance(one, Extracted)]
        records = self._records(extracted)
        if records is None:
            records = [record for one in extracted for record in self._records([one]) or [_too_large(one)]]
        whole = iter(records)
        if len(self.numbers) > MOST_IDENTIFIERS:
            self._forget()
        return [next(whole) if isinstance(one, Extracted) else one for one in found]

    def _records(self, extracted: Sequence[Extracted]) -> list[FileRecord] | None:
        """Return the records of some files; None if the memory that they may use is not enough."""
        try:
            return list(map(_record, extracted, self._vectors(extracted), self._texts(extracted)))
        except MemoryError:
            if not limits.is_own_limit():
                raise
            return None

    def _vectors(self, extracted: Sequence[Extracted]) -> Iterator[list[bytes | None]]:
        """Yield the vectors of the symbols of each file."""
        from codesearch.extract.documents import embedded

        has_vector = [[symbol.kind not in DETAILS for symbol in one.symbols] for one in extracted]
        texts = [
            embedded(fields, BYTES)
            for one, each in zip(extracted, has_vector, strict=True)
            for (fields, _) in compress(one.texts, each)
        ]
        rows = iter(embed.quantise(self._embedder.encode_numbers(texts, self.numbers)))
        for each in has_vector:
            yield [next(rows) if one else None for one in each]

    def _texts(self, extracted: Sequence[Extracted]) -> Iterator[Texts]:
        """Yield the texts of the symbols of each file, counted."""
        return self._counter.counted([[fields for fields, _ in one.texts] for one in extracted])


@contextmanager
def _limited() -> Iterator[None]:
    """Raise TooMuchMemoryError if the memory that a file may use is not enough for it."""
    try:
        yield
    except MemoryError as error:
        if limits.is_own_limit():
            raise limits.TooMuchMemoryError(limits.TOO_MUCH_MEMORY) from error
        raise


def _record(extracted: Extracted, vectors: Sequence[bytes | None], texts: Texts) -> FileRecord:
    """Return the record of a file with all its parts."""
    found = zip(extracted.symbols, extracted.texts, vectors, strict=True)
    symbols = tuple(SymbolRecord(symbol, content_hash, vector) for symbol, (_, content_hash), vector in found)
    return replace(extracted.record, symbols=symbols, texts=texts)


def _too_large(extracted: Extracted) -> FileRecord:
    """Return the record of a file that needs too much memory."""
    return left_out(extracted.record.path, extracted.record.state, "parse failed", limits.TOO_MUCH_MEMORY)


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
    if isinstance(error, limits.TooMuchMemoryError):
        return left_out(path, state, "parse failed", str(error))
    return left_out(path, state, "parse failed", f"{type(error).__name__}: {error}")


def left_out(path: str, state: FileState, reason: str, detail: str = "") -> FileRecord:
    """Return the record of a file that is not searchable; without a hash, so that it is read again when it changes."""
    return FileRecord(path, replace(state, hash=None), skipped=reason, detail=detail)
