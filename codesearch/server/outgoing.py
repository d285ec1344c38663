"""What a push sends: the files of an index in batches, each text as PostgreSQL keeps it.

The index has no positions of words, so the texts are made again from the source of the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from codesearch.core.errors import StoreError
from codesearch.core.tokens import identifiers, identifiers_in
from codesearch.core.types import Symbol
from codesearch.core.visible import visible
from codesearch.extract.documents import bodies_of, field_texts
from codesearch.files.again import read_again
from codesearch.server.database import storable
from codesearch.server.tsquery import quoted
from codesearch.store import Store, outgoing
from codesearch.store.outgoing import OutgoingFile, OutgoingSymbol
from codesearch.store.stems import of_identifiers

BATCH_SYMBOLS = 1000
MOST_WORDS = 40_000
"""Words of a field that are sent: PostgreSQL's texts have at most 1 MB."""
LONGEST_WORD = 500
_LAST_POSITION = 16_383
_NAMING = {0: "A", 1: "B", 2: "C", 4: "D"}
_EVERYTHING = {0: "A", 1: "B", 2: "B", 3: "C", 4: "B", 5: "D"}
"""Position of a field in schema.TEXT_FIELDS -> its label."""


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a symbol."""

    tokens: int
    naming: str
    everything: str


def digest(file: OutgoingFile, facts: Mapping[str, str]) -> str:
    """Return the digest of everything that a version of a file follows from; `facts` are those of the index."""
    about = (facts["model"], facts["rules"], file.path, file.language or "", file.roles)
    key = "\0".join(about).encode("utf-8", "surrogateescape") + b"\0" + file.hash
    return blake2b(key, digest_size=16).hexdigest()


def check(root: Path, files: Mapping[str, OutgoingFile]) -> None:
    """Raise StoreError unless all files are in the tree as they were indexed."""
    if other := [file for file in files.values() if _source(root, file) is None]:
        raise _not_as_indexed(root, other)


def batches(store: Store, root: Path, files: Mapping[str, OutgoingFile]) -> Iterator[list[dict[str, Any]]]:
    """Yield files, by digest, as JSON; at most about BATCH_SYMBOLS symbols at a time.

    Raises StoreError for a file that is no longer in the tree as it was indexed.
    """
    digests = {file.id: key for key, file in files.items()}
    by_id = {file.id: file for file in files.values()}
    of_file: dict[int, list[OutgoingSymbol]] = {id: [] for id in by_id}
    for one in outgoing.symbols(store.connection, list(by_id)):
        of_file[one.file].append(one)
    for ids in _parts(of_file, BATCH_SYMBOLS):
        yield [_file(root, by_id[id], digests[id], of_file[id]) for id in ids]


def _source(root: Path, file: OutgoingFile) -> bytes | None:
    return read_again(root, file.indexed)


def _not_as_indexed(root: Path, files: Sequence[OutgoingFile]) -> StoreError:
    others = len(files) - 1
    more = f" and {others:,} more {'file' if others == 1 else 'files'}" if others else ""
    are = "are" if more else "is"
    return StoreError(
        f"{visible(files[0].path)}{more} {are} not in {root} as indexed, so the words cannot be pushed. "
        "Run `codesearch index` there and push again."
    )


def _parts(of_file: Mapping[int, Sequence[OutgoingSymbol]], most: int) -> Iterator[list[int]]:
    """Yield the files in parts of about `most` symbols."""
    part: list[int] = []
    size = 0
    for id, some in of_file.items():
        if part and size + len(some) > most:
            yield part
            part, size = [], 0
        part.append(id)
        size += len(some) or 1
    if part:
        yield part


def _file(root: Path, file: OutgoingFile, digest: str, symbols: Sequence[OutgoingSymbol]) -> dict[str, Any]:
    source = _source(root, file)
    if source is None:
        raise _not_as_indexed(root, [file])
    stored = [Symbol(*(*one.row, file.language, file.path)) for one in symbols]
    bodies = bodies_of(stored, source)
    return {
        "digest": digest,
        "path": storable(file.path),
        "language": file.language,
        "roles": file.roles,
        "symbols": [_symbol(*one) for one in zip(symbols, map(_text_of, stored, bodies), strict=True)],
    }


def _text_of(symbol: Symbol, body: bytes) -> Text:
    found = [*map(identifiers_in, field_texts(symbol)), identifiers(body)]
    return text(of_identifiers(some).decode().split() for some in found)


def _symbol(one: OutgoingSymbol, found: Text) -> list[Any]:
    row = [storable(value) if isinstance(value, str) else value for value in one.row]
    return [one.content.hex(), *row, found.tokens, found.naming, found.everything]


def text(fields: Iterable[Sequence[str]]) -> Text:
    """Return a text from the words of its fields, which are in the order of schema.TEXT_FIELDS.

    The fields follow each other with a gap between them, so that no phrase reaches from one into the next.
    """
    naming: dict[str, list[str]] = {}
    everything: dict[str, list[str]] = {}
    tokens = last = 0
    for field, words in enumerate(fields):
        tokens += len(words)
        start = last + 2 if last else 1
        for position, word in enumerate(words[:MOST_WORDS], start):
            if len(word) > LONGEST_WORD:
                continue
            at = min(position, _LAST_POSITION)
            everything.setdefault(word, []).append(f"{at}{_EVERYTHING[field]}")
            if field in _NAMING:
                naming.setdefault(word, []).append(f"{at}{_NAMING[field]}")
        last = start + len(words) - 1 if words else last
    return Text(tokens, _literal(naming), _literal(everything))


def _literal(words: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"{quoted(word)}:{','.join(places)}" for word, places in words.items())
