"""Where the texts of symbols come from: the symbols themselves, their files, and what else is in those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from codesearch.core.types import Symbol
from codesearch.files.again import Indexed
from codesearch.store.connection import explained
from codesearch.store.many import among
from codesearch.store.paths import shown
from codesearch.store.symbol_sql import NO_DETAIL, SYMBOLS

if TYPE_CHECKING:
    from codesearch.store.store import Store


class Part(NamedTuple):
    """A symbol on which the bodies of the symbols around it depend, which details are not."""

    start_byte: int
    minus_end: int
    id: int
    kind: str
    name: str

    @property
    def end_byte(self) -> int:
        """Where it ends."""
        return -self.minus_end


PartRow = tuple[int, int, int, str, str]
"""The values of a `Part`; a question needs few of those that it reads."""


class SourceFile(NamedTuple):
    """A file, and some of its symbols."""

    id: int
    indexed: Indexed
    symbols: dict[int, Symbol]
    """By id."""


def files_of(store: Store, ids: Iterable[int]) -> Iterator[SourceFile]:
    """Yield the files that hold some symbols, each with those."""
    with explained(store.path):
        rows: Iterable[Any] = among(
            store.connection.raw,
            "SELECT f.id, f.path, f.language, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.checked_ns, f.hash, s.id, "
            "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, s.start_byte, "
            f"s.end_byte FROM {SYMBOLS} WHERE s.id IN",
            list(ids),
        )
        found: list[Any] = sorted(rows, key=itemgetter(0, 9))
    for _, some in groupby(found, key=itemgetter(0)):
        own: list[Any] = list(some)
        id, path, language, *seen = own[0][:9]
        name = shown(path)
        symbols = {row[9]: Symbol(*(*row[10:], language, name)) for row in own}
        yield SourceFile(id, Indexed(name, *seen), symbols)


def parts(store: Store, files: Iterable[int]) -> dict[int, list[PartRow]]:
    """Return the parts of some files, by their beginning, the longest first, as `extract.documents` needs them."""
    found: dict[int, list[PartRow]] = {}
    with explained(store.path):
        for file, *row in among(
            store.connection.raw,
            f"SELECT f.id, s.start_byte, -s.end_byte, s.id, s.kind, s.name FROM {SYMBOLS} "
            f"WHERE {NO_DETAIL} AND f.id IN",
            list(files),
        ):
            found.setdefault(file, []).append(tuple(row))
    for some in found.values():
        some.sort()
    return found
