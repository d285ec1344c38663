"""References in the store: who names what, as rows of interned names; see schema.py and interned.py.

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
from codesearch.store import interned, symbol_sql
from codesearch.store.connection import Connection
from codesearch.store.many import among
from codesearch.store.records import FileRecord

TABLES = ("reference", "reference_file", "reference_set")

_PLACES = (
    "JOIN reference_file rf ON rf.start = (SELECT max(start) FROM reference_set WHERE start <= r.place) "
    "JOIN file f ON f.id = rf.file_id JOIN symbol s ON s.id = f.first_symbol + r.place - rf.start"
)


# -- writing -----------------------------------------------------------------------------------------


def write(db: apsw.Connection, records: Sequence[FileRecord], file_id: int) -> None:
    """Write the references of files whose ids begin at some number."""
    packed: dict[bytes, FileRecord] = {}
    files: list[tuple[int, bytes]] = []
    for record in records:
        if record.references:
            digest = blake2b(marshal.dumps((len(record.symbols), record.references), 2), digest_size=16).digest()
            packed.setdefault(digest, record)
            files.append((file_id, digest))
        file_id += 1
    starts: dict[bytes, int] = dict(among(db, "SELECT hash, start FROM reference_set WHERE hash IN", list(packed)))
    new = {digest: record for digest, record in packed.items() if digest not in starts}
    names, receivers = _interned(db, new.values())
    rows: Any = db.execute("SELECT start + places FROM reference_set ORDER BY start DESC LIMIT 1").fetchall()
    start = rows[0][0] if rows else 1
    sets: list[tuple[int, int, bytes, bytes]] = []
    references: list[tuple[int, int, int, int, int]] = []
    for digest, record in new.items():
        starts[digest] = start
        lines = [one.symbol.start_line for one in record.symbols]
        own = [
            (names[name], start + at, role, receivers[receiver], line - lines[at])
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
    db.executemany("INSERT INTO reference_file VALUES (?,?)", [(file, starts[digest]) for file, digest in files])


def _interned(db: apsw.Connection, records: Iterable[FileRecord]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the ids of the names and of the receivers of some files; new ones are written. The receiver "" is 0."""
    references = [one for record in records for one in record.references]
    names = interned.with_names(db, {name for *_, name, _ in references})
    parts = interned.with_parts(db, {(receiver, False) for *_, receiver in references if receiver})
    return names, {"": 0, **{text: id for (text, _), id in parts.items()}}


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
            "SELECT s.id, s.start_line + r.line, r.role, coalesce(w.text, '') FROM name n "
            f"JOIN reference r ON r.name_id = n.id{among_roles} {_PLACES} LEFT JOIN part w ON w.id = r.receiver_id "
            f"WHERE {interned.key_of('n')} = ? AND n.text = ? ORDER BY s.id, r.line",
            (name_key(name), name),
        )
        return [Place(symbol, line, role, name, receiver) for symbol, line, role, receiver in rows]

    def within(self, symbol: int, through: int | None = None, roles: Sequence[int] = ()) -> list[Place]:
        """Return the references in a symbol, or in those from `symbol` to `through` of one file, by line."""
        found = self._rows(
            "SELECT f.first_symbol, rf.start, s.names FROM symbol o JOIN file f ON f.id = o.file_id "
            "JOIN reference_file rf ON rf.file_id = f.id JOIN reference_set s ON s.start = rf.start WHERE o.id = ?",
            (symbol,),
        )
        if not found:
            return []
        first, start, names = found[0]
        among_roles = f" AND r.role IN ({','.join(map(str, roles))})" if roles else ""
        rows = self._rows(
            "SELECT s.id, s.start_line + r.line, r.role, n.text, coalesce(w.text, '') FROM json_each(?) one "
            f"JOIN reference r ON r.name_id = one.value AND r.place BETWEEN ? AND ?{among_roles} "
            "JOIN name n ON n.id = r.name_id LEFT JOIN part w ON w.id = r.receiver_id "
            "JOIN symbol s ON s.id = r.place + ? ORDER BY 2, n.text",
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
            "SELECT first_symbol, last_symbol FROM file WHERE path = ? AND last_symbol >= first_symbol", (path,)
        )
        return self.within(rows[0][0], rows[0][1], roles) if rows else []

    def defined(self, name: str) -> list[Known]:
        """Return the symbols with exactly this name; modules are none."""
        condition = f"{interned.HAS_KEY.format('= ? AND text = ?')} AND s.kind != 'module' ORDER BY s.id"
        return self._known(condition, (name_key(name), name))

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
            f"SELECT s.id, {symbol_sql.COLUMNS}, f.roles FROM {symbol_sql.SYMBOLS} WHERE {condition}", bindings
        )
        return [Known(row[0], symbol_sql.symbol_of(row[1:-1]), frozenset(row[-1].split())) for row in rows]
