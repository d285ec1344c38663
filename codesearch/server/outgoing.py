"""What a push sends: the files of an index in batches, each text as PostgreSQL keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Any

from codesearch.server.database import storable
from codesearch.server.tsquery import quoted
from codesearch.store import Store, outgoing
from codesearch.store.outgoing import OutgoingFile, OutgoingSymbol, Words

BATCH_SYMBOLS = 1000
PASS_SYMBOLS = 100_000
"""Symbols whose words are read in one pass over the full-text index, which takes 100 MB."""
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


def batches(store: Store, files: Mapping[str, OutgoingFile]) -> Iterator[list[dict[str, Any]]]:
    """Yield files, by digest, as JSON; at most about BATCH_SYMBOLS symbols at a time."""
    digests = {file.id: key for key, file in files.items()}
    by_id = {file.id: file for file in files.values()}
    of_file: dict[int, list[OutgoingSymbol]] = {id: [] for id in by_id}
    for one in outgoing.symbols(store.connection, list(by_id)):
        of_file[one.file].append(one)
    for ids in _parts(of_file, PASS_SYMBOLS):
        words = Words(store.connection, (one for id in ids for one in of_file[id]))
        for some in _parts({id: of_file[id] for id in ids}, BATCH_SYMBOLS):
            yield [_file(by_id[id], digests[id], of_file[id], words) for id in some]


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


def _file(file: OutgoingFile, digest: str, symbols: Sequence[OutgoingSymbol], words: Words) -> dict[str, Any]:
    return {
        "digest": digest,
        "path": storable(file.path),
        "language": file.language,
        "roles": file.roles,
        "symbols": [_symbol(one, text(words.of(one.id))) for one in symbols],
    }


def _symbol(one: OutgoingSymbol, found: Text) -> list[Any]:
    row = [storable(value) if isinstance(value, str) else value for value in one.row]
    return [one.content.hex(), *row, found.tokens, found.naming, found.everything]


def text(places: Iterator[tuple[int, int, str]]) -> Text:
    """Return a text from (field, offset, word) in order.

    The fields follow each other with a gap between them, so that no phrase reaches from one into the next.
    """
    naming: dict[str, list[str]] = {}
    everything: dict[str, list[str]] = {}
    tokens = start = last = 0
    for field, some in groupby(places, key=lambda place: place[0]):
        start = last + 2 if last else 1
        for _, offset, word in some:
            tokens += 1
            last = start + offset
            if offset >= MOST_WORDS or len(word) > LONGEST_WORD:
                continue
            position = min(last, _LAST_POSITION)
            everything.setdefault(word, []).append(f"{position}{_EVERYTHING[field]}")
            if field in _NAMING:
                naming.setdefault(word, []).append(f"{position}{_NAMING[field]}")
    return Text(tokens, _literal(naming), _literal(everything))


def _literal(words: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"{quoted(word)}:{','.join(places)}" for word, places in words.items())
