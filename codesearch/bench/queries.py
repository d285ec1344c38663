"""The timed queries: read from a file, or made from the documentation in the tree."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.core.types import CALLABLES, Symbol
from codesearch.index import Index

_LOOKED_AT = 20
"""Symbols considered per query: not all documentation is useful."""


def read(file: Path) -> list[str]:
    """Return the queries of a file, one per line, without duplicates; blank lines and lines with # are skipped.

    Raises NotFoundError if there is no such file, UsageError (with the line) for an invalid query.
    """
    from codesearch.search import parse

    try:
        lines = file.read_bytes().decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise NotFoundError(f"{file}: no such file of queries") from None
    except IsADirectoryError:
        raise UsageError(f"{file}: is a folder; name a file of queries, one per line") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8") from None
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            parse(text)
        except UsageError as error:
            raise UsageError(f"{file}:{number}: {error}") from None
        found[text] = None
    if not found:
        raise UsageError(f"{file}: holds no queries")
    return list(found)


def mined(index: Index, count: int) -> tuple[list[str], int]:
    """Return (at most `count` queries, number of functions in the index); the same code gives the same queries.

    They are first sentences of documentation and, if there are too few, the words of names. Both are easy to answer:
    only the time is measured.
    """
    functions = 0

    def lots() -> Iterator[tuple[bytes, int, Symbol]]:
        nonlocal functions
        for number, symbol in enumerate(index.symbols()):
            functions += symbol.kind in CALLABLES
            place = f"{symbol.path}:{symbol.start_line}:{symbol.kind}".encode("utf-8", "surrogateescape")
            # Documented symbols come first, in an order decided by a hash.
            yield b"\1" * (not symbol.documentation) + blake2b(place, digest_size=8).digest(), number, symbol

    drawn = [symbol for _, _, symbol in heapq.nsmallest(_LOOKED_AT * count, lots())]
    found: dict[str, None] = {}
    for text in (*_sentences(drawn), *_names(drawn)):
        if len(found) == count:
            break
        found[text] = None
    return list(found), functions


def _sentences(symbols: list[Symbol]) -> Iterator[str]:
    from codesearch.quality.mining import first_sentence

    for symbol in symbols:
        if symbol.documentation and (text := first_sentence(symbol)):
            yield text


def _names(symbols: list[Symbol]) -> Iterator[str]:
    from codesearch.core.tokens import words

    for symbol in symbols:
        if text := " ".join(words(symbol.name)):
            yield text
