"""A log of opened answers, written only with the setting `feedback`, and only to a file beside the index.

The file holds one JSON object per line: time, query, rank of the answer (0 if unknown), and path, line and qualified
name of the opened symbol. Rebuilding the index does not touch it, and nothing ever sends it anywhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import CodesearchError
from codesearch.core.replacing import replace_bytes
from codesearch.core.types import Symbol

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.quality.questions import Question, Target

MOST_BYTES = 1 << 20
"""Maximum size of the log; a longer one loses its older half."""
MOST_QUERY = 1000
"""Number of characters of a query that are kept."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened answer."""

    time: str
    """UTC, as 2026-11-20T15:40:00Z."""
    query: str
    place: int
    path: str
    line: int
    name: str


def file_of(index: Path) -> Path:
    """Return the log file of an index."""
    return index.with_name(f"{index.stem}-feedback.jsonl")


def record(index: Path, query: str, symbol: Symbol, place: int) -> None:
    """Record that the answer `symbol` was opened; `place` is its rank from 1, or 0 if unknown. Check the setting first.

    Raises OSError if it cannot be written.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    one = Opened(now, query[:MOST_QUERY], place, symbol.path, symbol.start_line, symbol.qualname)
    line = json.dumps(asdict(one)).encode() + b"\n"
    file = file_of(index)
    # One write at the end of the file, so that processes do not mix their lines. Only the owner may read it.
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
        size = os.fstat(handle).st_size
    finally:
        os.close(handle)
    if size > MOST_BYTES:
        _halve(file)


def _halve(file: Path) -> None:
    kept = file.read_bytes()[-MOST_BYTES // 2 :].partition(b"\n")[2]
    replace_bytes(file, kept)


def read(index: Path) -> Iterator[Opened]:
    """Yield the recorded answers, oldest first; lines that cannot be parsed are skipped."""
    try:
        data = file_of(index).read_bytes()
    except FileNotFoundError:
        return
    for line in data.splitlines():
        with suppress(ValueError, TypeError):
            one = Opened(**json.loads(line))
            if isinstance(one.query, str) and isinstance(one.path, str) and isinstance(one.line, int):
                yield one


def clear(index: Path) -> int:
    """Delete the log; return the number of recorded answers."""
    count = sum(1 for _ in read(index))
    file_of(index).unlink(missing_ok=True)
    return count


def questions(index: Index) -> list[Question]:
    """Return the log as questions: the answer that was opened for a query is its right answer.

    A function is looked for by its name in the file as it is now; one that is gone leaves the file as the answer, and
    a file that is gone takes the answer with it.
    """
    from codesearch.quality.questions import OPENED, Question

    targets: dict[str, dict[Target, None]] = {}
    symbols: dict[str, list[Symbol]] = {}
    for one in read(index.path):
        if (target := _target(index, one, symbols)) is not None:
            targets.setdefault(one.query, {})[target] = None
    return [Question(query, tuple(found), OPENED) for query, found in targets.items() if _can_be_asked(query)]


def _can_be_asked(query: str) -> bool:
    from codesearch.search import parse

    try:
        parse(query)
    except CodesearchError:
        return False
    return True


def _target(index: Index, one: Opened, symbols: dict[str, list[Symbol]]) -> Target | None:
    from codesearch.quality.questions import Target

    if one.path not in symbols:
        symbols[one.path] = _symbols(index, one.path)
    same = [symbol for symbol in symbols[one.path] if symbol.qualname == one.name]
    if same:
        nearest = min(same, key=lambda symbol: abs(symbol.start_line - one.line))
        return Target(one.path, nearest.start_line, nearest.end_line, exact=True)
    return Target(one.path) if (index.root / one.path).is_file() else None


def _symbols(index: Index, path: str) -> list[Symbol]:
    from codesearch.extract.symbols import extract
    from codesearch.files import Source, read_source

    source = read_source(index.root, path, index.settings.file_options())
    if not isinstance(source, Source):
        return []
    try:
        return extract(source.data, source.language, path, timeout=index.settings.parse_timeout)
    except CodesearchError:
        return []
