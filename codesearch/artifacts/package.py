"""The artifact file: one line that names the format, one line of JSON about the index, then the compressed index.

The header says how large the index is and which SHA-256 it has, so that a file that is cut off, altered or larger than
it claims is noticed while it is unpacked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from codesearch.artifacts import compression
from codesearch.core.errors import StoreError

MAGIC = b"codesearch artifact 1\n"
_FAMILY = b"codesearch artifact "
MOST_HEADER = 1 << 16
"""Bytes of the longest header that is read."""
_CHUNK = 1 << 20
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Header:
    """What an artifact says about the index in it."""

    key: str
    """TREE/FORMAT; "" if the index is not that of a commit."""
    commit: str
    """The commit whose files are indexed, or ""."""
    tree: str
    """The git tree of the root, or ""."""
    rules: str
    """The rules by which files were read; a program with other rules reads them again."""
    schema: int
    model: str
    """The id of the static model."""
    files: int
    symbols: int
    vectors: Mapping[str, int]
    """Texts with a reranker vector, by model."""
    program: str
    """The version of codesearch that made it, for people; nothing depends on it."""
    codec: str
    size: int
    """Bytes of the index."""
    sha256: str
    """Of the index."""

    def as_json(self) -> dict[str, Any]:
        """Return the header as JSON."""
        return {**asdict(self), "vectors": dict(self.vectors)}


def write(target: Path, index: Path, facts: Mapping[str, Any]) -> Header:
    """Write an artifact of an exported index; it appears whole or not at all. Return its header."""
    codec = compression.best()
    header = Header(codec=codec, size=index.stat().st_size, sha256=sha256_of(index), **facts)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(MAGIC + json.dumps(header.as_json(), sort_keys=True).encode("ascii") + b"\n")
            with index.open("rb") as source, compression.writer(codec, file) as packed:
                shutil.copyfileobj(source, packed, _CHUNK)
        partial.replace(target)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
    return header


def read_header(path: Path) -> Header:
    """Return the header of an artifact. Raises StoreError if the file is none that this program can read."""
    with _opened(path) as file:
        return _header(path, file)


def unpack(path: Path, target: Path) -> Header:
    """Write the index in an artifact to `target`; return the header.

    Raises StoreError for a file that is cut off or altered, or if there is no space; `target` is then deleted.
    """
    try:
        with _opened(path) as file:
            header = _header(path, file)
            _check_space(path, header, target)
            _decompress(path, file, header, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return header


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from error


def _header(path: Path, file: BinaryIO) -> Header:
    first = file.readline(64)
    if first != MAGIC:
        if first.startswith(_FAMILY):
            raise StoreError(f"{path}: an artifact of a newer codesearch; upgrade codesearch to use it")
        raise StoreError(f"{path}: not an artifact of codesearch (`codesearch artifact pack` makes one)")
    line = file.readline(MOST_HEADER)
    try:
        values = json.loads(line)
        header = Header(**{field.name: values[field.name] for field in fields(Header)})
        sound = line.endswith(b"\n") and _is_sound(header)
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise StoreError(f"{path}: damaged: its header cannot be read. Get it again from its source.")
    return header


def _is_sound(header: Header) -> bool:
    texts = (header.key, header.commit, header.tree, header.rules, header.model, header.program)
    numbers = (header.schema, header.files, header.symbols, header.size)
    return (
        all(type(text) is str for text in texts)
        and all(type(number) is int and number >= 0 for number in numbers)
        and all(not text or is_object_id(text) for text in (header.commit, header.tree))
        and header.codec in compression.CODECS
        and type(header.sha256) is str
        and len(header.sha256) == 64
        and isinstance(header.vectors, dict)
        and all(type(count) is int for count in header.vectors.values())
    )


def is_object_id(text: str) -> bool:
    """Return whether a text is the whole id of a git object: SHA-1 or SHA-256."""
    return len(text) in (40, 64) and _HEX.issuperset(text)


def _check_space(path: Path, header: Header, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if header.size > free:
        raise StoreError(f"{path}: the index takes {header.size:,} bytes, and {target.parent} has only {free:,} free")


def _decompress(path: Path, file: BinaryIO, header: Header, target: Path) -> None:
    digest, left = hashlib.sha256(), header.size
    try:
        with compression.reader(header.codec, file) as packed, target.open("wb") as out:
            # One byte more than announced shows that it is longer; no more of it is ever unpacked.
            while chunk := packed.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise StoreError(f"{path}: altered: the index in it is larger than its header says")
                digest.update(chunk)
                out.write(chunk)
    except compression.errors() as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error
        raise StoreError(f"{path}: cut off or damaged ({error}). Get it again from its source.") from error
    if left or digest.hexdigest() != header.sha256:
        what = "cut off" if left else "altered: its checksum is not that of its header"
        raise StoreError(f"{path}: {what}. Get it again from its source.")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
