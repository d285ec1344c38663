"""The source of files: sent with a push, kept for each version of a file, and read for people who look at a result."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.files.values import FileOptions
from codesearch.server.ref import Ref
from codesearch.server.transactions import Transactions
from codesearch.store.outgoing import OutgoingFile

if TYPE_CHECKING:
    from codesearch.server.database import Database

MOST_SOURCE = 8 << 20
"""Bytes of a file, unpacked. Files that are indexed are shorter unless the setting max_file_size was raised."""
BATCH_BYTES = 4 << 20
"""Compressed bytes that a push sends at once."""
_READ = """
    SELECT rf.ref, f.path, f.language, s.packed
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) w(repo, ref, path)
    JOIN file f ON f.repo = w.repo AND f.path = w.path
    JOIN ref_file rf ON rf.repo = f.repo AND rf.file = f.id AND rf.ref = w.ref
    JOIN source s ON s.repo = f.repo AND s.file = f.id
"""

Place = tuple[Ref, str]
"""(ref, path)."""


# -- of a push -------------------------------------------------------------------------------------


def packed(root: Path, options: FileOptions, files: Mapping[str, OutgoingFile]) -> Iterator[dict[str, bytes]]:
    """Yield batches of the compressed sources of files, by digest; those that changed since are left out."""
    from codesearch.files.content import read_source
    from codesearch.files.values import Source

    batch: dict[str, bytes] = {}
    size = 0
    for digest, file in files.items():
        found = read_source(root, file.path, options)
        if not isinstance(found, Source) or found.hash != file.hash or len(found.data) > MOST_SOURCE:
            continue
        data = zlib.compress(found.data, 6)
        if batch and size + len(data) > BATCH_BYTES:
            yield batch
            batch, size = {}, 0
        batch[digest] = data
        size += len(data)
    if batch:
        yield batch


def lacking(db: Database, repo: int, digests: Sequence[str]) -> list[str]:
    """Return the versions of files that the server has without their source."""
    rows = db.execute(
        "SELECT f.digest FROM file f LEFT JOIN source s ON s.repo = f.repo AND s.file = f.id "
        "WHERE f.repo = %s AND f.digest = ANY(%s) AND s.file IS NULL",
        [repo, [bytes.fromhex(key) for key in digests]],
    ).fetchall()
    without = {bytes(row[0]).hex() for row in rows}
    return [key for key in digests if key in without]


def add(db: Database, repo: int, given: Mapping[str, bytes]) -> int:
    """Keep the sources of versions of files; return how many were new. Raises ValueError for what is not sound."""
    for data in given.values():
        unpacked(data)
    keys = sorted(bytes.fromhex(key) for key in given)
    return db.execute(
        b"INSERT INTO source(repo, file, packed) SELECT f.repo, f.id, g.packed "
        b"FROM unnest(%s::bytea[], %s::bytea[]) g(digest, packed) "
        b"JOIN file f ON f.repo = %s AND f.digest = g.digest ORDER BY f.id ON CONFLICT (repo, file) DO NOTHING",
        [keys, [given[key.hex()] for key in keys], repo],
    ).rowcount


def unpacked(data: bytes) -> bytes:
    """Return a source. Raises ValueError if it is damaged, or too long."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, MOST_SOURCE)
    except zlib.error as error:
        raise ValueError("a source is damaged") from error
    if not unpacker.eof:
        raise ValueError("a source is damaged, or too long")
    return found


# -- for its readers -------------------------------------------------------------------------------


def of_refs(here: Transactions, places: Iterable[Place]) -> dict[Place, tuple[str, list[str]]]:
    """Return (language, lines) of files; those without a source here are left out."""
    wanted = dict.fromkeys(places)

    def read(number: int, db: Database) -> dict[Place, tuple[str, list[str]]]:
        own = {(ref.id, path): (ref, path) for ref, path in wanted if ref.shard == number}
        columns = [[ref.repo for ref, _ in own.values()], [id for id, _ in own], [path for _, path in own]]
        rows = db.execute(_READ.encode(), columns).fetchall()
        return {own[ref, str(path)]: (str(language or ""), _lines(bytes(data))) for ref, path, language, data in rows}

    found = here.each(read, {ref.shard for ref, _ in wanted})
    return {place: one for some in found for place, one in some.items()}


def _lines(data: bytes) -> list[str]:
    return [line.rstrip("\r") for line in unpacked(data).decode("utf-8", "replace").split("\n")]
