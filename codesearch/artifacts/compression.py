"""Compression of artifacts: zstd of the standard library (Python 3.14) or of its backport, else zlib.

`backports.zstd` is the standard library's own module for older versions, by its author; code for the one runs with
the other, and the dependency ends with Python 3.13. Without it, artifacts are written with zlib, which is everywhere:
about as small, and seven times the processor time.
"""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, BinaryIO, cast

from codesearch.core.errors import StoreError
from codesearch.core.libraries import install_command

ZSTD, GZIP = "zstd", "gzip"
CODECS = (ZSTD, GZIP)
_ZSTD_LEVEL, _GZIP_LEVEL = 3, 6


def best() -> str:
    """Return the best codec that this program has."""
    return ZSTD if _module() is not None else GZIP


def _module() -> Any:
    if sys.version_info >= (3, 14) and find_spec("compression.zstd") is not None:
        return import_module("compression.zstd")
    if find_spec("backports") is not None and find_spec("backports.zstd") is not None:
        return import_module("backports.zstd")
    return None


def writer(codec: str, file: BinaryIO) -> BinaryIO:
    """Return a stream that compresses into `file`; closing it leaves `file` open."""
    if codec == ZSTD:
        return cast(BinaryIO, _zstd().ZstdFile(file, "w", level=_ZSTD_LEVEL))
    return cast(BinaryIO, gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0))


def reader(codec: str, file: BinaryIO) -> BinaryIO:
    """Return a stream of what was compressed into `file`. Raises StoreError if this program lacks the codec."""
    if codec == ZSTD:
        return cast(BinaryIO, _zstd().ZstdFile(file, "r"))
    return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))


def errors() -> tuple[type[Exception], ...]:
    """Return the errors of reading a stream that is cut off or damaged."""
    import zlib

    module = _module()
    return (EOFError, OSError, zlib.error, *((module.ZstdError,) if module is not None else ()))


def _zstd() -> Any:
    module = _module()
    if module is None:
        raise StoreError(f"this artifact is compressed with zstd: {install_command('backports.zstd')}")
    return module
