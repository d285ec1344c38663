"""Writes and deletes the records of files, many rows per statement; callers hold the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw

from codesearch.core.tokens import name_key
from codesearch.core.types import MINOR
from codesearch.store import references, schema, sign_codes, vector_codes
from codesearch.store.many import among
from codesearch.store.paths import stored
from codesearch.store.records import FileRecord, SymbolRecord

_FILE = (
    "INSERT INTO file(id, path, language, skipped, detail, lines, size, mtime_ns, ctime_ns, inode, checked_ns, hash, "
    "roles) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_SYMBOL = (
    "INSERT INTO symbol(id, file_id, content_id, kind, name, name_key, qualname, signature, documentation, "
    "start_line, end_line, start_byte, end_byte) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_TEXT = f"INSERT INTO {{}}(rowid, {', '.join(schema.TEXT_FIELDS)}) VALUES (?{',?' * len(schema.TEXT_FIELDS)})"


def replace(db: apsw.Connection, records: Sequence[FileRecord]) -> None:
    """Insert or replace the records of files."""
    stale = _forget(db, [stored(record.path) for record in records])
    contents = _contents(db, records)
    file_id, symbol_id = _next_id(db, "file"), _next_id(db, "symbol")
    files: list[tuple[Any, ...]] = []
    symbols: list[tuple[Any, ...]] = []
    texts: list[tuple[Any, ...]] = []
    minor_texts: list[tuple[Any, ...]] = []
    for record in records:
        state = record.state
        files.append(
            (
                file_id, stored(record.path), record.language, record.skipped, record.detail, record.lines, state.size,
                state.mtime_ns, state.ctime_ns, state.inode, state.checked_ns, state.hash, record.roles,
            )
        )  # fmt: skip
        for item in record.symbols:
            s = item.symbol
            symbols.append(
                (
                    symbol_id, file_id, contents[item.content_hash], s.kind, s.name, name_key(s.name), s.qualname,
                    s.signature, s.documentation, s.start_line, s.end_line, s.start_byte, s.end_byte,
                )
            )  # fmt: skip
            (minor_texts if s.kind in MINOR else texts).append((symbol_id, *item.fields))
            symbol_id += 1
        file_id += 1
    first_file = file_id - len(records)
    db.executemany(_FILE, files)
    db.executemany(_SYMBOL, symbols)
    db.executemany(_TEXT.format("symbol_text"), texts)
    db.executemany(_TEXT.format("minor_text"), minor_texts)
    references.write(db, records, first_file, symbol_id - len(symbols))
    _drop_unused(db, stale)


def remove(db: apsw.Connection, paths: Iterable[str]) -> None:
    """Delete the records of files."""
    _drop_unused(db, _forget(db, [stored(path) for path in paths]))


def _forget(db: apsw.Connection, paths: Sequence[str | bytes]) -> set[int]:
    """Delete files and their symbols; return the contents that may have lost their last symbol."""
    files = [row[0] for row in among(db, "SELECT id FROM file WHERE path IN", paths)]
    symbols = list(among(db, "SELECT id, content_id, kind FROM symbol WHERE file_id IN", files))
    references.forget(db, files)
    for table, minor in (("symbol_text", False), ("minor_text", True)):
        some = [(row[0],) for row in symbols if (row[2] in MINOR) == minor]
        db.executemany(f"DELETE FROM {table} WHERE rowid = ?", some)
    db.executemany("DELETE FROM symbol WHERE id = ?", [(row[0],) for row in symbols])
    db.executemany("DELETE FROM file WHERE id = ?", [(file,) for file in files])
    return {row[1] for row in symbols}


def _contents(db: apsw.Connection, records: Sequence[FileRecord]) -> dict[bytes, int]:
    """Return the id of each content of some files; new contents and their vectors are written."""
    items = [item for record in records for item in record.symbols]
    vectors = dict.fromkeys(item.content_hash for item in items)
    numbers: dict[bytes, int] = dict(among(db, "SELECT hash, id FROM content WHERE hash IN", list(vectors)))
    new = [digest for digest in vectors if digest not in numbers]
    first = _next_id(db, "content")
    # A content that was kept only for its reranker vectors has no static vector.
    unused = {row[0] for row in among(db, "SELECT content_id FROM unused WHERE content_id IN", list(numbers.values()))}
    without = [*new, *(digest for digest, number in numbers.items() if number in unused)]
    db.executemany("DELETE FROM unused WHERE content_id = ?", [(number,) for number in unused])
    numbers.update((digest, number) for number, digest in enumerate(new, first))
    db.executemany("INSERT INTO content VALUES (?, ?)", [(numbers[digest], digest) for digest in new])
    _write_vectors(db, items, {digest: numbers[digest] for digest in without})
    return numbers


def _write_vectors(db: apsw.Connection, items: Sequence[SymbolRecord], numbers: Mapping[bytes, int]) -> None:
    """Write the vectors of the contents in `numbers`; those of minor symbols have no sign code."""
    vectors = {item.content_hash: item.vector for item in items if item.vector is not None}
    minor = {item.content_hash for item in items if item.symbol.kind in MINOR}
    wanted = [digest for digest in numbers if digest in vectors]
    db.executemany(
        "INSERT INTO vector VALUES (?, ?)", [(numbers[digest], vector_codes.pack(vectors[digest])) for digest in wanted]
    )
    sign_codes.write(
        db, [(numbers[digest], sign_codes.of(db, vectors[digest])) for digest in wanted if digest not in minor]
    )


def _drop_unused(db: apsw.Connection, contents: set[int]) -> None:
    """Delete those contents that no symbol has any more; contents with reranker vectors are only marked unused."""
    used = {row[0] for row in among(db, "SELECT content_id FROM symbol WHERE content_id IN", list(contents))}
    gone = sorted(contents - used)
    ids = [(content,) for content in gone]
    kept = "EXISTS (SELECT 1 FROM model_vector WHERE content_id = ?1)"
    embedded = [row[0] for row in among(db, "SELECT id FROM vector WHERE id IN", gone)]
    sign_codes.erase(db, embedded)
    db.executemany("DELETE FROM vector WHERE id = ?", ids)
    db.executemany(f"INSERT OR IGNORE INTO unused(content_id) SELECT ?1 WHERE {kept}", ids)
    db.executemany(f"DELETE FROM content WHERE id = ?1 AND NOT {kept}", ids)


def clear(db: apsw.Connection) -> None:
    """Delete everything except the contents that a reranker has embedded, and their vectors."""
    tables = ("symbol", "vector", "vector_signs", "file", "meta", "related_text", "related_pair")
    for table in (*references.TABLES, *tables):
        db.execute(f"DELETE FROM {table}")
    for table in ("symbol_text", "minor_text"):
        db.execute(f"INSERT INTO {table}({table}) VALUES ('delete-all')")
    db.execute("INSERT OR IGNORE INTO unused(content_id) SELECT DISTINCT content_id FROM model_vector")
    db.execute("DELETE FROM content WHERE id NOT IN (SELECT content_id FROM unused)")


def prune(db: apsw.Connection, most: int, share: float) -> None:
    """Delete the contents that have been unused for longest.

    At most `most` are kept, or `share` of all contents if that is more.
    """
    sign_codes.prune(db)
    references.prune(db)
    sizes: Any = db.execute("SELECT (SELECT count(*) FROM content), (SELECT count(*) FROM unused)").fetchall()
    ((total, unused),) = sizes
    too_many = unused - max(most, int(share * total))
    if too_many <= 0:
        return
    ids = db.execute("SELECT content_id FROM unused ORDER BY id LIMIT ?", (too_many,)).fetchall()
    for column, table in (("content_id", "model_vector"), ("content_id", "unused"), ("id", "content")):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)


def _next_id(db: apsw.Connection, table: str) -> int:
    number: Any = db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchall()[0][0]
    return int(number)
