"""Copies of an index that leave the machine, and checks of those that come from elsewhere.

A copy from elsewhere is untrusted: nothing of it is executed or believed before `check` has seen it. Its schema must be
exactly the schema of this program, so it holds no other trigger or view.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from codesearch.core.errors import StoreError
from codesearch.core.types import KINDS
from codesearch.store import schema, symbol_sql, vector_codes
from codesearch.store.connection import explained
from codesearch.store.paths import stored
from codesearch.store.records import FileState

_STRIP = """
    DELETE FROM query_vector;
    DELETE FROM model_vector WHERE content_id IN (SELECT content_id FROM unused);
    DELETE FROM content WHERE id IN (SELECT content_id FROM unused);
    DELETE FROM unused;
    UPDATE file SET mtime_ns = 0, ctime_ns = 0, inode = 0, checked_ns = 0;
    DELETE FROM meta WHERE key IN ('root', 'written');
"""
"""What is true on one machine only, or belongs to one user: times of files, vectors of questions, the root."""
_TYPES = {"INTEGER": ("integer",), "TEXT": ("text",), "BLOB": ("blob",), "": ("text", "blob")}
"""The types of values that a column of each declared type may hold. `file.path`, without one, is text or bytes."""

_COMMENT = re.compile(r"('(?:[^']|'')*')|--[^\n]*")
"""A text of a statement, which stays, or a comment."""
_PACKED_VECTORS = 7
"""The schema from which on a static vector takes half a byte per dimension."""


def export(source: Path, target: Path) -> None:
    """Write a compact copy of an index that can be used anywhere; `target` must not exist. Readers and writers go on.

    Raises StoreError if the index cannot be read or the copy cannot be written.
    """
    with explained(source), closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)) as db:
        db.set_busy_timeout(10_000)
        db.execute("VACUUM INTO ?", (str(target),))
    with explained(target), closing(apsw.Connection(str(target))) as copy:
        with copy:
            strip(copy)
        # Without a write-ahead log, the file can be read where nothing can be written beside it.
        copy.pragma("journal_mode", "delete")


def strip(db: apsw.Connection) -> None:
    """Delete from a copy of an index what is of no use elsewhere."""
    db.execute(_STRIP)


@contextmanager
def untrusted(path: Path) -> Iterator[apsw.Connection]:
    """Open a file from elsewhere for reading: SQLite trusts neither its schema nor its pages."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with (
        explained(path),
        closing(apsw.Connection(f"file:{quote(str(path.absolute()))}?immutable=1", flags=flags)) as db,
    ):
        db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
        db.pragma("cell_size_check", True)
        db.pragma("mmap_size", 0)
        yield db


def check(path: Path, name: Path | None = None) -> dict[str, str]:
    """Check an index file from elsewhere; return the facts about it (see `Store.meta`).

    `name` is the file of which `path` is a copy. Raises StoreError, which names that file and says what is wrong,
    unless it is a sound index of this or an older schema.
    """
    name = name or path
    with untrusted(path) as db:
        try:
            return _checked(db, name)
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise _damaged(name, str(error)) from error


def _checked(db: apsw.Connection, name: Path) -> dict[str, str]:
    version = int(db.pragma("user_version"))
    if version > schema.VERSION:
        raise StoreError(
            f"{name}: made by a newer codesearch (schema {version}, this program knows {schema.VERSION}). "
            "Upgrade codesearch, or have the index made by the version that you use."
        )
    if not version or _schema(db) != _expected(version):
        raise StoreError(f"{name}: refused: its tables are not those of a codesearch index (schema {version})")
    found: Any = db.execute("PRAGMA quick_check(1)").fetchall()
    if found != [("ok",)]:
        raise _damaged(name, str(found[0][0]).splitlines()[-1] if found else "unreadable")
    facts: Any = db.execute("SELECT key, value FROM meta").fetchall()
    meta: dict[str, Any] = dict(facts)
    if problem := _wrong_value(db, version, meta):
        raise StoreError(f"{name}: refused: {problem}")
    return meta


def _damaged(name: Path, why: str) -> StoreError:
    return StoreError(f"{name}: damaged ({why}). Get it again from its source, or make it again.")


def _schema(db: apsw.Connection) -> list[tuple[Any, ...]]:
    """Return what makes up the schema, without the comments of its statements: versions word them differently."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
    return [
        (*row[:3], " ".join(_COMMENT.sub(r"\1 ", str(row[3] or "")).split()))
        for row in rows
        if not str(row[1]).startswith("sqlite_stat")
    ]


def _expected(version: int) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(":memory:")) as db:
        vector_codes.register(db)
        for migration in schema.MIGRATIONS[:version]:
            db.execute(migration)
        return _schema(db)


def _wrong_value(db: apsw.Connection, version: int, meta: dict[str, Any]) -> str:
    """Return what is wrong with the values of an index, or ""."""
    if version == schema.VERSION:
        for table in _tables(db):
            for column in _columns(db, table):
                if db.execute(f"SELECT 1 FROM {table} WHERE {column} LIMIT 1").fetchall():
                    return f"table {table} holds a value of a wrong type"
    if _dangling(db):
        return "it refers to rows that it does not have"
    dims = str(meta.get("dims", "0"))
    if not dims.isdecimal() or not all(isinstance(value, str) for pair in meta.items() for value in pair):
        return "the facts about it are not text"
    if db.execute(
        "SELECT 1 FROM vector WHERE length(embedding) * ? <> ? LIMIT 1",
        (2 if version >= _PACKED_VECTORS else 1, int(dims)),
    ).fetchall():
        return f"a vector has not {dims} dimensions"
    for (path,) in db.execute("SELECT path FROM file"):
        if not is_inside(os.fsdecode(path) if isinstance(path, bytes) else str(path)):
            return f"it holds the path {path!r}, which leads out of the tree"
    return ""


def _dangling(db: apsw.Connection) -> bool:
    """Return whether a row refers to what is missing. Name 0 of a reference is a mark, and no name."""
    tables = set(_tables(db))
    names = "name" if "name" in tables else "reference_name"
    checks = [f"PRAGMA foreign_key_check({table})" for table in tables - {"reference"}]
    if "reference" in tables:
        checks.append(f"SELECT 1 FROM reference WHERE name_id <> 0 AND name_id NOT IN (SELECT id FROM {names}) LIMIT 1")
    if "part" in tables:
        checks += [
            "SELECT 1 FROM reference WHERE receiver_id <> 0 AND receiver_id NOT IN (SELECT id FROM part) LIMIT 1",
            f"SELECT 1 FROM symbol s JOIN file f ON f.id = s.file_id WHERE NOT {symbol_sql.IN_FILE} LIMIT 1",
            f"SELECT 1 FROM symbol WHERE kind_number NOT BETWEEN 0 AND {len(KINDS) - 1} LIMIT 1",
        ]
    return any(db.execute(check).fetchall() for check in checks)


def _tables(db: apsw.Connection) -> list[str]:
    """Return the tables of ours, without those that hold the content of virtual tables."""
    rows = db.execute("SELECT name, sql LIKE 'CREATE VIRTUAL%' FROM sqlite_schema WHERE type = 'table'").fetchall()
    others = ("sqlite_", *(str(name) for name, virtual in rows if virtual))
    return [str(name) for name, _ in rows if not str(name).startswith(others)]


def _columns(db: apsw.Connection, table: str) -> Iterator[str]:
    """Yield, for each column of a table of ours, the condition of a value with a wrong type."""
    for _, name, declared, required, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
        if str(declared) not in _TYPES:
            continue
        allowed = (*_TYPES[str(declared)], *(() if required else ("null",)))
        yield f"typeof({name}) NOT IN ({','.join(repr(kind) for kind in allowed)})"


def is_inside(path: str) -> bool:
    """Return whether a path, as an index holds it, stays below the root."""
    if not path or "\0" in path or path.startswith("/"):
        return False
    if os.name == "nt" and ("\\" in path or ":" in path):
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def touch(path: Path, states: Iterable[tuple[str, FileState]]) -> None:
    """Record size and times of files in a copy that is not in use yet."""
    with explained(path), closing(apsw.Connection(str(path))) as db, db:
        db.executemany(
            "UPDATE file SET size=?, mtime_ns=?, ctime_ns=?, inode=?, checked_ns=? WHERE path=?",
            [(s.size, s.mtime_ns, s.ctime_ns, s.inode, s.checked_ns, stored(name)) for name, s in states],
        )


def set_facts(path: Path, **values: str) -> None:
    """Record facts about an index in a copy that is not in use yet."""
    with explained(path), closing(apsw.Connection(str(path))) as db, db:
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def sizes(path: Path) -> dict[str, int]:
    """Return the size of each file by path, as a copy holds it; files that were left out are among them."""
    with untrusted(path) as db:
        rows: Any = db.execute("SELECT path, size FROM file").fetchall()
    return {os.fsdecode(name) if isinstance(name, bytes) else str(name): int(size) for name, size in rows}


def counts(path: Path) -> dict[str, Any]:
    """Return files, symbols, and vectors by reranker model."""
    with untrusted(path) as db:
        one: Any = db.execute(
            "SELECT (SELECT count(*) FROM file WHERE skipped IS NULL), (SELECT count(*) FROM symbol)"
        ).fetchall()
        vectors: Any = db.execute(
            "SELECT m.model_id, count(*) FROM model_vector v JOIN model m ON m.id = v.model GROUP BY 1 ORDER BY 1"
        ).fetchall()
    return {"files": one[0][0], "symbols": one[0][1], "vectors": dict(vectors)}


def is_index(path: Path) -> bool:
    """Return whether a file begins as every SQLite database does."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"
