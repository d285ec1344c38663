"""Makes one index out of several that hold different files: every count is that of one index of all the files.

The first is copied, and the rows of the others follow with other ids. What depends on the whole (the nearest texts,
clusters) is left to be made again.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw

from codesearch.core.errors import StoreError
from codesearch.store import contents, interned, portable, sign_codes, text_segments
from codesearch.store.connection import CACHE_KIB, Connection, explained
from codesearch.store.full_text import DamagedError
from codesearch.store.paths import shown

_FACTS = ("model", "dims", "rules")
"""What indexes must have in common."""
_FILES = "path, language, skipped, detail, lines, size, mtime_ns, ctime_ns, inode, checked_ns, hash, roles"
_OWN = "start_line, lines, start_byte, bytes, rest, documentation"
"""What a symbol has of its own."""
_MAPS = ("content_of", "name_of", "part_of", "set_of")


def facts(path: Path, name: str) -> dict[str, str]:
    """Return the facts about an index that is to be merged; `name` is what people know it by.

    Raises StoreError if it is not finished.
    """
    with portable.untrusted(path) as db:
        rows: Any = db.execute("SELECT key, value FROM meta").fetchall()
    meta: dict[str, str] = dict(rows)
    if "rules" not in meta or meta.get("complete", "1") != "1":
        raise StoreError(f"{name}: not finished; run the `codesearch index` that makes it again, then merge")
    return meta


def check_same_making(one: dict[str, str], other: dict[str, str], name: str, first: str) -> None:
    """Raise StoreError unless two indexes were made in the same way."""
    for fact in _FACTS:
        if one.get(fact) != other.get(fact):
            how = "by other rules" if fact == "rules" else "with another model"
            raise StoreError(
                f"{name}: cannot be merged with {first}: it was made {how} ({one.get(fact)}; there: "
                f"{other.get(fact)}). Make all of them with the same version and configuration of codesearch."
            )


def prepare(path: Path) -> None:
    """Bring a copy of an index to the schema of this program."""
    with closing(Connection(path, writable=True)) as connection, explained(path):
        _without_safety(connection.raw)
        with connection.raw:
            portable.strip(connection.raw)


class Merger:
    """The index that grows: `add` appends another one; `finish` makes it usable."""

    def __init__(self, target: Path, name: str) -> None:
        """`target` is a prepared copy of the first index, `name` what people know that by."""
        self._path = target
        self._db = apsw.Connection(str(target))
        self._names = [(0, name)]
        """Where the files of each index begin, and its name."""
        with explained(target):
            _without_safety(self._db)
            for table in ("related_text", "related_pair", "atlas"):
                self._db.execute(f"DELETE FROM {table}")
            self._check_text("main", name)

    def add(self, path: Path, name: str) -> None:
        """Append a prepared index. Raises StoreError if it holds a file that is there already."""
        with explained(self._path), self._with(path), self._db:
            db = self._db
            shifts = {"file": _last(db, "main.file"), "symbol": text_segments.next_id(db) - 1}
            self._check_paths(name)
            self._names.append((shifts["file"], name))
            db.execute(
                f"INSERT INTO file(id, {_FILES}, first_symbol, last_symbol) SELECT id + ?1, {_FILES}, "
                "first_symbol + ?2, last_symbol + ?2 FROM other.file ORDER BY id",
                (shifts["file"], shifts["symbol"]),
            )
            self._add_contents()
            self._add_names()
            db.execute(
                "INSERT INTO symbol(id, file_id, content_id, kind_number, name_id, container_id, beginning_id, "
                f"{_OWN}) SELECT s.id + ?, s.file_id + ?, c.new, s.kind_number, n.new, p.new, b.new, {_OWN} "
                "FROM other.symbol s JOIN temp.content_of c ON c.old = s.content_id "
                "JOIN temp.name_of n ON n.old = s.name_id LEFT JOIN temp.part_of p ON p.old = s.container_id "
                "LEFT JOIN temp.part_of b ON b.old = s.beginning_id ORDER BY s.id",
                (shifts["symbol"], shifts["file"]),
            )
            try:
                self._add_references(shifts)
            except (KeyError, ValueError) as error:
                raise StoreError(f"{name}: damaged: its references are not sound. Make it again.") from error
            self._check_text("other", name)
            text_segments.carry(db, "other", shifts["symbol"])

    def _check_text(self, schema: str, name: str) -> None:
        try:
            text_segments.check(self._db, schema)
        except DamagedError as error:
            raise StoreError(f"{name}: damaged ({error}). Make it again.") from error

    def finish(self) -> None:
        """Make the index usable; nothing can be added after this."""
        with explained(self._path):
            with self._db:
                for minor in (False, True):
                    text_segments.merge(self._db, minor, whole=True)
            self._db.execute("VACUUM")
            self._db.pragma("journal_mode", "delete")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _with(self, path: Path) -> Iterator[None]:
        """Attach another index, with tables that map its ids to those here."""
        self._db.execute("ATTACH ? AS other", (str(path),))
        for table in _MAPS:
            self._db.execute(f"CREATE TEMP TABLE {table}(old INTEGER PRIMARY KEY, new INTEGER NOT NULL)")
        try:
            yield
        finally:
            for table in _MAPS:
                self._db.execute(f"DROP TABLE temp.{table}")
            self._db.execute("DETACH other")

    def _check_paths(self, name: str) -> None:
        twice: Any = self._db.execute(
            "SELECT m.path, m.id, count(*) OVER () FROM main.file m JOIN other.file o ON o.path = m.path "
            "ORDER BY m.path LIMIT 1"
        ).fetchall()
        if twice:
            path, id, count = twice[0]
            before = next(known for start, known in reversed(self._names) if id > start)
            more = f" and {count - 1:,} other file{'s' if count > 2 else ''}" if count > 1 else ""
            raise StoreError(
                f"{shown(path)}{more}: in both {before} and {name}. Indexes that are merged must hold different files "
                "of one root; choose them with `codesearch index --include` and `--exclude`."
            )

    def _add_contents(self) -> None:
        """Append the texts that are not there yet, and the vectors they have."""
        db = self._db
        db.execute(
            "INSERT INTO temp.content_of SELECT o.id, m.id FROM other.content o JOIN main.content m "
            f"ON {contents.beginning_of('m')} = {contents.beginning_of('o')} AND m.hash = o.hash"
        )
        new: list[Any] = db.execute(
            "SELECT id, hash FROM other.content WHERE id NOT IN (SELECT old FROM temp.content_of) ORDER BY id"
        ).fetchall()
        first = _last(db, "main.content") + 1
        db.executemany(
            "INSERT INTO main.content VALUES (?, ?)", [(at, digest) for at, (_, digest) in enumerate(new, first)]
        )
        db.executemany("INSERT INTO temp.content_of VALUES (?, ?)", [(id, at) for at, (id, _) in enumerate(new, first)])
        added: list[Any] = db.execute(
            "INSERT OR IGNORE INTO main.vector SELECT c.new, v.embedding FROM other.vector v "
            "JOIN temp.content_of c ON c.old = v.id ORDER BY c.new RETURNING id"
        ).fetchall()
        self._add_signs({id for (id,) in added})
        db.execute("INSERT OR IGNORE INTO main.model(model_id, dims) SELECT model_id, dims FROM other.model")
        db.execute(
            "INSERT OR IGNORE INTO main.model_vector SELECT c.new, m.id, v.embedding FROM other.model_vector v "
            "JOIN temp.content_of c ON c.old = v.content_id JOIN other.model o ON o.id = v.model "
            "JOIN main.model m USING (model_id) ORDER BY 1, 2"
        )

    def _add_signs(self, added: set[int]) -> None:
        """Copy the sign codes of the vectors that were added; those of minor symbols are zeros, here as there."""
        db = self._db
        numbers = self._numbers("content_of")
        codes: list[tuple[int, bytes]] = []
        blocks: Any = db.execute("SELECT block, signs FROM other.vector_signs ORDER BY block")
        for block, signs in blocks:
            size, start = len(signs) // sign_codes.PER_ROW, block * sign_codes.PER_ROW + 1
            for at in range(sign_codes.PER_ROW):
                new = numbers.get(start + at)
                if new in added and (code := signs[at * size : (at + 1) * size]).strip(b"\0"):
                    codes.append((new, code))
        sign_codes.write(db, codes)

    def _add_names(self) -> None:
        """Append the names and other texts that are not there yet; 0 stands for none."""
        db = self._db
        same_name = f"{interned.key_of('m')} = {interned.key_of('o')} AND m.text = o.text"
        same_part = "m.checksum = o.checksum AND m.whole = o.whole AND m.text = o.text"
        for table, columns, same in (("name", "text, key", same_name), ("part", "checksum, whole, text", same_part)):
            db.execute(
                f"INSERT INTO main.{table}(id, {columns}) SELECT ? + row_number() OVER (ORDER BY id), {columns} "
                f"FROM other.{table} o WHERE NOT EXISTS (SELECT 1 FROM main.{table} m WHERE {same})",
                (_last(db, f"main.{table}"),),
            )
            db.execute(
                f"INSERT INTO temp.{table}_of SELECT o.id, m.id FROM other.{table} o JOIN main.{table} m ON {same} "
                "UNION ALL SELECT 0, 0"
            )

    def _add_references(self, shifts: dict[str, int]) -> None:
        """Append references; a set that is there already is shared."""
        db = self._db
        db.execute(
            "INSERT INTO temp.set_of SELECT o.start, m.start FROM other.reference_set o "
            "JOIN main.reference_set m ON m.hash = o.hash"
        )
        known = {start for (start,) in db.execute("SELECT old FROM temp.set_of").fetchall()}
        names = self._numbers("name_of")
        ends: Any = db.execute("SELECT start + places FROM main.reference_set ORDER BY start DESC LIMIT 1").fetchall()
        start = ends[0][0] if ends else 1
        sets = []
        theirs: list[Any] = db.execute(
            "SELECT start, places, hash, names FROM other.reference_set ORDER BY start"
        ).fetchall()
        for old, places, digest, held in theirs:
            if old not in known:
                own = sorted(names[id] for id in array("I", held))
                sets.append((old, start, places, digest, array("I", own).tobytes()))
                start += places
        db.executemany("INSERT INTO main.reference_set VALUES (?, ?, ?, ?)", [row[1:] for row in sets])
        db.executemany("INSERT INTO temp.set_of VALUES (?, ?)", [row[:2] for row in sets])
        db.execute(
            "INSERT INTO main.reference_file SELECT r.file_id + ?, s.new FROM other.reference_file r "
            "JOIN temp.set_of s ON s.old = r.start",
            (shifts["file"],),
        )
        db.execute(
            "INSERT INTO main.reference SELECT n.new, r.place - o.start + s.new, r.role, w.new, r.line "
            "FROM other.reference r "
            "JOIN other.reference_set o "
            "ON o.start = (SELECT max(start) FROM other.reference_set WHERE start <= r.place) "
            "JOIN temp.set_of s ON s.old = o.start AND s.new >= ? JOIN temp.name_of n ON n.old = r.name_id "
            "JOIN temp.part_of w ON w.old = r.receiver_id ORDER BY 1, 2, 3, 4",
            (ends[0][0] if ends else 1,),
        )

    def _numbers(self, table: str) -> dict[int, int]:
        """Return the ids here of ids there."""
        rows: Any = self._db.execute(f"SELECT old, new FROM temp.{table}").fetchall()
        return dict(rows)


def _without_safety(db: apsw.Connection) -> None:
    """Write without waiting for the disk: the file is a copy, which is thrown away if something fails."""
    db.pragma("journal_mode", "memory")
    db.pragma("synchronous", "off")
    db.pragma("cache_size", -CACHE_KIB)


def _last(db: apsw.Connection, table: str) -> int:
    number: Any = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchall()[0][0]
    return int(number)
