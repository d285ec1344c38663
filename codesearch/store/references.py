"""References in the store: who names what, as rows of interned names; see schema.py.

A set holds the references of all files with the same symbols and references, so copies cost nothing. Its places are
consecutive numbers, one for each symbol of the file, in the order of extraction.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import apsw

from codesearch.core.references import DECORATOR
from codesearch.core.tokens import name_key
from codesearch.core.types import Symbol
from codesearch.store.connection import Connection
from codesearch.store.many import among
from codesearch.store.paths import shown
from codesearch.store.records import FileRecord

TABLES = ("reference", "reference_file", "reference_set", "reference_name")

_SYMBOL = (
    "s.kind, s.name, s.qualname, s.signature, s.documentation, s.start_line, s.end_line, "
    "s.start_byte, s.end_byte, f.language, f.path"
)
_PLACES = (
    "JOIN reference_file rf ON rf.start = (SELECT max(start) FROM reference_set WHERE start <= r.place) "
    "JOIN symbol s ON s.id = rf.first_symbol + r.place - rf.start"
)


# -- writing -----------------------------------------------------------------------------------------


def write(db: apsw.Connection, records: Sequence[FileRecord], file_id: int, symbol_id: int) -> None:
    """Write the references of files whose ids, and those of their symbols, begin at some numbers."""
    packed: dict[bytes, FileRecord] = {}
    files: list[tuple[int, bytes, int]] = []
    for record in records:
        if record.references:
            digest = blake2b(marshal.dumps((len(record.symbols), record.references), 2), digest_size=16).digest()
            packed.setdefault(digest, record)
            files.append((file_id, digest, symbol_id))
        file_id += 1
        symbol_id += len(record.symbols)
    starts: dict[bytes, int] = dict(among(db, "SELECT hash, start FROM reference_set WHERE hash IN", list(packed)))
    new = {digest: record for digest, record in packed.items() if digest not in starts}
    names = _interned(db, new.values())
    rows: Any = db.execute("SELECT start + places FROM reference_set ORDER BY start DESC LIMIT 1").fetchall()
    start = rows[0][0] if rows else 1
    sets: list[tuple[int, int, bytes, bytes]] = []
    references: list[tuple[int, int, int, int, int]] = []
    for digest, record in new.items():
        starts[digest] = start
        lines = [one.symbol.start_line for one in record.symbols]
        own = [
            (names[name], start + at, role, names[receiver], line - lines[at])
            for at, line, role, name, receiver in record.references
        ]
        references += own
        # A mark of its own, by which `is:unused` finds what a decorator hands to something else.
        references += [(0, start + at, DECORATOR, 0, 0) for at, _, role, _, _ in record.references if role == DECORATOR]
        sets.append((start, len(lines), digest, array("I", [0, *sorted({row[0] for row in own})]).tobytes()))
        start += len(lines)
    references.sort()  # rows in the order of the table are written much faster
    db.executemany("INSERT INTO reference_set(start, places, hash, names) VALUES (?,?,?,?)", sets)
    db.executemany("INSERT OR IGNORE INTO reference VALUES (?,?,?,?,?)", references)
    db.executemany(
        "INSERT INTO reference_file VALUES (?,?,?)", [(file, starts[digest], first) for file, digest, first in files]
    )


def _interned(db: apsw.Connection, records: Iterable[FileRecord]) -> dict[str, int]:
    """Return the id of each name and receiver of some files; new ones are written. "" is 0."""
    wanted = {text for record in records for one in record.references for text in one[3:]}
    wanted.discard("")
    numbers: dict[str, int] = dict(among(db, "SELECT name, id FROM reference_name WHERE name IN", list(wanted)))
    new = sorted(wanted.difference(numbers))
    rows: Any = db.execute("SELECT coalesce(max(id), 0) + 1 FROM reference_name").fetchall()
    fresh = dict(zip(new, range(rows[0][0], rows[0][0] + len(new)), strict=True))
    db.executemany("INSERT INTO reference_name(name, id) VALUES (?,?)", fresh.items())
    return {"": 0, **numbers, **fresh}


def forget(db: apsw.Connection, files: Sequence[int]) -> None:
    """Delete the references of files, unless another file has the same."""
    starts = {row[0] for row in among(db, "SELECT start FROM reference_file WHERE file_id IN", files)}
    db.executemany("DELETE FROM reference_file WHERE file_id = ?", [(file,) for file in files])
    used = {row[0] for row in among(db, "SELECT start FROM reference_file WHERE start IN", list(starts))}
    gone = sorted(starts - used)
    for start, places, names in among(db, "SELECT start, places, names FROM reference_set WHERE start IN", gone):
        rows = [(name, start, start + places) for name in array("I", names)]
        db.executemany("DELETE FROM reference WHERE name_id = ? AND place >= ? AND place < ?", rows)
    db.executemany("DELETE FROM reference_set WHERE start = ?", [(start,) for start in gone])


def prune(db: apsw.Connection) -> None:
    """Delete the names that nothing has any more, if they are many."""
    db.execute(
        "DELETE FROM reference_name WHERE id NOT IN (SELECT name_id FROM reference) "
        "AND id NOT IN (SELECT receiver_id FROM reference)"
    )


# -- reading -----------------------------------------------------------------------------------------


class Place(NamedTuple):
    """A reference as it is read: which symbol names what."""

    symbol: int
    """Id of the symbol that contains it."""
    line: int
    role: int
    name: str
    receiver: str


class Known(NamedTuple):
    """A symbol with its id and the roles of its file."""

    id: int
    symbol: Symbol
    roles: frozenset[str]


class References:
    """Reads the references of an index."""

    def __init__(self, connection: Connection) -> None:
        self._rows = connection.rows

    def naming(self, name: str, roles: Sequence[int] = ()) -> list[Place]:
        """Return the references with a name, by symbol."""
        among_roles = f" AND r.role IN ({','.join(map(str, roles))})" if roles else ""
        rows = self._rows(
            "SELECT s.id, s.start_line + r.line, r.role, coalesce(w.name, '') FROM reference_name n "
            f"JOIN reference r ON r.name_id = n.id{among_roles} {_PLACES} "
            "LEFT JOIN reference_name w ON w.id = r.receiver_id WHERE n.name = ? ORDER BY s.id, r.line",
            (name,),
        )
        return [Place(symbol, line, role, name, receiver) for symbol, line, role, receiver in rows]

    def within(self, symbol: int, through: int | None = None, roles: Sequence[int] = ()) -> list[Place]:
        """Return the references in a symbol, or in those from `symbol` to `through` of one file, by line."""
        found = self._rows(
            "SELECT rf.first_symbol, rf.start, s.names FROM symbol o JOIN reference_file rf ON rf.file_id = o.file_id "
            "JOIN reference_set s ON s.start = rf.start WHERE o.id = ?",
            (symbol,),
        )
        if not found:
            return []
        first, start, names = found[0]
        among_roles = f" AND r.role IN ({','.join(map(str, roles))})" if roles else ""
        rows = self._rows(
            "SELECT s.id, s.start_line + r.line, r.role, n.name, coalesce(w.name, '') FROM json_each(?) one "
            f"JOIN reference r ON r.name_id = one.value AND r.place BETWEEN ? AND ?{among_roles} "
            "JOIN reference_name n ON n.id = r.name_id LEFT JOIN reference_name w ON w.id = r.receiver_id "
            "JOIN symbol s ON s.id = r.place + ? ORDER BY 2, n.name",
            (
                str(list(array("I", names))),
                start + symbol - first,
                start + (symbol if through is None else through) - first,
                first - start,
            ),
        )
        return [Place(*row) for row in rows]

    def of_file(self, path: str | bytes, roles: Sequence[int] = ()) -> list[Place]:
        """Return the references in a file, by line."""
        rows = self._rows(
            "SELECT min(s.id), max(s.id) FROM symbol s JOIN file f ON f.id = s.file_id WHERE f.path = ?", (path,)
        )
        return self.within(rows[0][0], rows[0][1], roles) if rows and rows[0][0] is not None else []

    def defined(self, name: str) -> list[Known]:
        """Return the symbols with exactly this name; modules are none."""
        return self._known("s.name_key = ? AND s.name = ? AND s.kind != 'module' ORDER BY s.id", (name_key(name), name))

    def symbols(self, ids: Iterable[int]) -> dict[int, Known]:
        """Return symbols by id."""
        wanted = list(ids)
        out: dict[int, Known] = {}
        for at in range(0, len(wanted), 500):
            some = wanted[at : at + 500]
            out.update((one.id, one) for one in self._known(f"s.id IN ({','.join('?' * len(some))})", some))
        return out

    def in_file(self, path: str | bytes) -> list[Known]:
        """Return the symbols of a file, in the order of extraction."""
        return self._known("f.path = ? ORDER BY s.id", (path,))

    def _known(self, condition: str, bindings: Sequence[Any]) -> list[Known]:
        rows = self._rows(
            f"SELECT s.id, {_SYMBOL}, f.roles FROM symbol s JOIN file f ON f.id = s.file_id WHERE {condition}", bindings
        )
        return [Known(row[0], Symbol(*(*row[1:11], shown(row[11]))), frozenset(row[12].split())) for row in rows]
