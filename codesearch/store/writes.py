"""Writes and deletes the records of files, many rows per statement; callers hold the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apsw

from codesearch.core.types import KINDS, MINOR, Symbol
from codesearch.store import contents, interned, references, sign_codes, symbol_sql, vector_codes
from codesearch.store.many import among
from codesearch.store.paths import stored
from codesearch.store.records import FileRecord, SymbolRecord

_FILE = (
    "INSERT INTO file(id, path, language, skipped, detail, lines, size, mtime_ns, ctime_ns, inode, checked_ns, hash, "
    "roles, first_symbol, last_symbol) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_SYMBOL = (
    "INSERT INTO symbol(id, file_id, content_id, kind_number, name_id, container_id, beginning_id, start_line, "
    "lines, start_byte, bytes, rest, documentation) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def replace(db: apsw.Connection, records: Sequence[FileRecord]) -> None:
    """Insert or replace the records of files."""
    from codesearch.store import text_segments  # it imports numpy

    if any(record.texts.size != len(record.symbols) for record in records):
        raise ValueError("a record has more or fewer texts than symbols")
    stale = _forget(db, [stored(record.path) for record in records])
    numbers = _contents(db, records)
    split = _split(db, [item.symbol for record in records for item in record.symbols])
    file_id, symbol_id = _next_id(db, "file"), text_segments.next_id(db)
    files: list[tuple[Any, ...]] = []
    symbols: list[tuple[Any, ...]] = []
    first_id = symbol_id
    for record in records:
        state, first_symbol = record.state, symbol_id
        for item in record.symbols:
            s = item.symbol
            *ids, rest = next(split)
            symbols.append(
                (
                    symbol_id, file_id, numbers[item.content_hash], _KIND_NUMBERS[s.kind], *ids, s.start_line,
                    s.end_line - s.start_line, s.start_byte, s.end_byte - s.start_byte, rest, s.documentation,
                )
            )  # fmt: skip
            symbol_id += 1
        files.append(
            (
                file_id, stored(record.path), record.language, record.skipped, record.detail, record.lines, state.size,
                state.mtime_ns, state.ctime_ns, state.inode, state.checked_ns, state.hash, record.roles,
                first_symbol, symbol_id - 1,
            )
        )  # fmt: skip
        file_id += 1
    first_file = file_id - len(records)
    db.executemany(_FILE, files)
    db.executemany(_SYMBOL, symbols)
    minor = [item.symbol.kind in MINOR for record in records for item in record.symbols]
    text_segments.add(db, first_id, [record.texts for record in records], minor)
    references.write(db, records, first_file)
    _drop_unused(db, stale)


def remove(db: apsw.Connection, paths: Iterable[str]) -> None:
    """Delete the records of files."""
    _drop_unused(db, _forget(db, [stored(path) for path in paths]))


def _forget(db: apsw.Connection, paths: Sequence[str | bytes]) -> set[int]:
    """Delete files and their symbols; return the contents that may have lost their last symbol."""
    from codesearch.store import text_segments

    files = [row[0] for row in among(db, "SELECT id FROM file WHERE path IN", paths)]
    symbols = list(
        among(
            db,
            f"SELECT s.id, s.content_id, {symbol_sql.IS_MINOR} FROM file f JOIN symbol s "
            f"ON {symbol_sql.IN_FILE} WHERE f.id IN",
            files,
        )
    )
    references.forget(db, files)
    for minor in (False, True):
        text_segments.forget(db, minor, [row[0] for row in symbols if row[2] == minor])
    db.executemany("DELETE FROM symbol WHERE id = ?", [(row[0],) for row in symbols])
    db.executemany("DELETE FROM file WHERE id = ?", [(file,) for file in files])
    return {row[1] for row in symbols}


def _split(db: apsw.Connection, symbols: Sequence[Symbol]) -> Iterator[tuple[int, int | None, int | None, str]]:
    """Yield name, container and beginning of the signature of each symbol, as ids, and the rest of the signature."""
    names = interned.with_names(db, {s.name for s in symbols})
    split = [(_container(s), *_around_name(s)) for s in symbols]
    parts = interned.with_parts(
        db,
        {container for container, *_ in split if container is not None}
        | {(beginning, False) for _, beginning, _ in split if beginning is not None},
    )
    for s, (container, beginning, rest) in zip(symbols, split, strict=True):
        yield (
            names[s.name],
            None if container is None else parts[container],
            None if beginning is None else parts[beginning, False],
            rest,
        )


def _container(symbol: Symbol) -> interned.Part | None:
    """Return what the qualified name of a symbol has before the name; None if that is all of it."""
    if symbol.qualname == symbol.name:
        return None
    if symbol.qualname.endswith(symbol.name):
        return symbol.qualname.removesuffix(symbol.name), False
    return symbol.qualname, True


def _around_name(symbol: Symbol) -> tuple[str | None, str]:
    """Return what the signature of a symbol has before and after the name; (None, signature) if it is not in it."""
    before, found, after = symbol.signature.partition(symbol.name) if symbol.name else ("", "", "")
    return (before, after) if found else (None, symbol.signature)


def _contents(db: apsw.Connection, records: Sequence[FileRecord]) -> dict[bytes, int]:
    """Return the id of each content of some files; new contents and their vectors are written."""
    items = [item for record in records for item in record.symbols]
    vectors = dict.fromkeys(item.content_hash for item in items)
    numbers = contents.known(db, vectors)
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
    from codesearch.store import text_segments

    tables = ("symbol", "vector", "vector_signs", "file", "meta", "related_text", "related_pair")
    for table in (*references.TABLES, *tables, *interned.TABLES):
        db.execute(f"DELETE FROM {table}")
    text_segments.clear(db)
    db.execute("INSERT OR IGNORE INTO unused(content_id) SELECT DISTINCT content_id FROM model_vector")
    db.execute("DELETE FROM content WHERE id NOT IN (SELECT content_id FROM unused)")


def prune(db: apsw.Connection, most: int, share: float) -> None:
    """Delete the contents that have been unused for longest.

    At most `most` are kept, or `share` of all contents if that is more.
    """
    sign_codes.prune(db)
    interned.prune_names(db)
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
