"""Reading and writing one index file. Every method that writes does so in one transaction."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakMethod

import apsw

from codesearch.core.errors import StoreError
from codesearch.core.filter import Filter
from codesearch.core.log import Log
from codesearch.core.types import Symbol
from codesearch.store import filter_sql, interned, sign_codes, vector_codes, writes
from codesearch.store.connection import Connection, explained
from codesearch.store.location import rebuild_command
from codesearch.store.many import parts
from codesearch.store.match import Match, Words
from codesearch.store.paths import shown, stored
from codesearch.store.records import FileRecord, FileState, StoredSymbol
from codesearch.store.rerank_vectors import RerankVectors
from codesearch.store.symbol_sql import COLUMNS, FILES_FIRST, NO_DETAIL, NOT_MINOR, SYMBOLS, symbol_of
from codesearch.store.texts import MinorTexts, PhraseCounter, Texts

log = Log("codesearch.store")

SIGNS_LOOKED_AT = 750
SIGNS_PER_ANSWER = 5
"""Candidates found by the signs of their vectors that are then ordered by the vectors themselves: at least
SIGNS_LOOKED_AT, and SIGNS_PER_ANSWER times the answers wanted."""
MANY_VECTORS = 50_000
"""Number of vectors from which twice as many candidates are taken, and from sign_codes.VERY_MANY on four times as many:
for .98 instead of .97 of the first ten of a ranking that compares all (docs/benchmarks.md)."""
MOST_PASSING = 5000
"""If a filter passes at most this many texts, all of their vectors are compared."""
LOOKED_AT_AGAIN = 8
"""If it passes more, but too few of the candidates pass, this many times as many candidates are taken."""

MOST_UNUSED = 5000
UNUSED_SHARE = 0.2
"""Texts that no file contains any more are kept for their reranker vectors: this many, or this share of all texts if
that is more. Switching back to another branch then embeds nothing."""

MOST_FREE_PAGES = 2000
FREE_SHARE = 0.2
"""A file is compacted after an update if this many of its pages are free, and this share of them."""

_COSINE = "coalesce(1 - vec_distance_cosine(vec_int8({}), vec_int8(?)), 0)"
"""Cosine of a vector and a bound one; 0 for a zero vector, which has no direction."""
_SIMILARITY = _COSINE.format(f"{vector_codes.UNPACKED}(v.embedding)")
"""That of a static vector v."""

_STEPS = 20_000
"""SQLite virtual machine instructions between two checks whether to stop: about a millisecond."""

FileRow = tuple[Any, ...]
"""path (as stored), size, mtime_ns, ctime_ns, inode, checked_ns, hash, id."""


class Store(Texts):
    """An open index file.

    Not thread-safe; open one for each thread. Errors of SQLite come out as StoreError or IndexBusyError.
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self.path = path
        self._codes = sign_codes.Codes()
        self._near: tuple[tuple[int, bytes, int, Filter | None], list[tuple[int, float]]] | None = None
        """The last search for vectors, and its answer: one question to several repositories asks for it twice."""
        self._contents: tuple[tuple[int, Filter], list[int]] | None = None
        """The last filter of a search for vectors, and the contents that pass it: the next question may have it."""
        self.connection = Connection(path, writable=writable)
        self._minor = MinorTexts(self)
        db = self.connection.raw
        for name, (function, arguments) in filter_sql.FUNCTIONS.items():
            db.create_scalar_function(name, function, arguments, deterministic=True)
        # By weak references, so that the file is closed with its last reader.
        occurrences, texts_that_hold = WeakMethod(self._occurrences), WeakMethod(self._texts_that_hold)
        db.create_scalar_function("occurrences_in_bodies", lambda *word: _called(occurrences, word), 1)
        db.create_scalar_function("texts_that_hold", lambda *word: _called(texts_that_hold, word), 1)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a writer folds SQLite's write-ahead log back into it."""
        self.forget_texts()
        self._minor.forget_texts()
        self.connection.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Give all reads inside a consistent view of the index, whatever a writer does meanwhile."""
        return self.connection.snapshot()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold a transaction that changes what the index says about the tree."""
        with self.connection.transaction() as db:
            version = self.version() or int.from_bytes(os.urandom(6), "big")  # no two indexes have the same
            yield
            db.execute("INSERT OR REPLACE INTO meta VALUES ('written', ?)", (str(version + 1),))

    @contextmanager
    def stopped_if(self, given_up: Callable[[], bool]) -> Iterator[None]:
        """End reads inside with an apsw.InterruptError soon after `given_up` returns True."""
        self.connection.raw.set_progress_handler(given_up, _STEPS)
        try:
            yield
        finally:
            self.connection.raw.set_progress_handler(None)

    # -- facts about the index ------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Return the facts about the index itself: model, dims, rules, root."""
        return dict(self._rows("SELECT key, value FROM meta"))

    def set_meta(self, **values: str) -> None:
        """Record facts about the index."""
        with self._changing():
            self.connection.raw.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def use_model(self, model_id: str, dims: int) -> None:
        """Record which model's vectors are written. Raises StoreError if the index holds those of another model."""
        meta = self.meta()
        if meta.get("model", model_id) != model_id:
            raise StoreError(
                f"{self.path}: the index holds vectors of {meta['model']} ({meta['dims']} dimensions), and vectors "
                f"of {model_id} ({dims}) cannot be mixed with them. "
                f"Rebuild it with `{rebuild_command(self.path)}`, or name the old model with --model."
            )
        if "model" not in meta:
            self.set_meta(model=model_id, dims=str(dims))

    # -- writing ----------------------------------------------------------------------------------

    def replace(self, records: Iterable[FileRecord]) -> None:
        """Insert or replace the records of these files."""
        with self._changing():
            writes.replace(self.connection.raw, list(records))

    def remove(self, paths: Iterable[str]) -> None:
        """Delete the records of files."""
        with self._changing():
            writes.remove(self.connection.raw, paths)

    def touch(self, states: Iterable[tuple[str, FileState]]) -> None:
        """Record new sizes and times of files whose content has not changed."""
        with self._changing():
            self.connection.raw.executemany(
                "UPDATE file SET size=?, mtime_ns=?, ctime_ns=?, inode=?, checked_ns=? WHERE path=?",
                [(s.size, s.mtime_ns, s.ctime_ns, s.inode, s.checked_ns, stored(path)) for path, s in states],
            )

    def clear(self) -> None:
        """Delete all files, symbols and vectors, and the model; reranker vectors stay, keyed by their texts."""
        with self._changing():
            writes.clear(self.connection.raw)

    def prune(self) -> None:
        """Delete the texts that have been unused for longest, if too many are kept for their vectors."""
        with self.connection.transaction():
            writes.prune(self.connection.raw, MOST_UNUSED, UNUSED_SHARE)

    def optimize(self, *, whole: bool = False) -> None:
        """Merge the full-text index a little; worth it after many writes.

        `whole` makes one segment of it, so that a query reads each of its words at one place.
        """
        from codesearch.store import text_segments

        with self.connection.transaction() as db:
            for minor in (False, True):
                text_segments.merge(db, minor, whole=whole)
            interned.prune_parts(db)
            db.execute("PRAGMA optimize")

    def compact(self, *, whole: bool = False) -> None:
        """Give the file's free pages back if they are many, or in any case if `whole`; costs 1 % of indexing it all.

        Other processes can read meanwhile. If one writes, or the disk has no room for a copy, the file stays as it is.
        """
        pages, free = (int(self.connection.raw.pragma(one)) for one in ("page_count", "freelist_count"))
        if not whole and free < max(MOST_FREE_PAGES, FREE_SHARE * pages):
            return
        try:
            self.connection.raw.execute("VACUUM")
        except (apsw.BusyError, apsw.LockedError, apsw.FullError) as error:
            log.info("%s: not compacted: %s", self.path, error)

    # -- reading ----------------------------------------------------------------------------------

    def _occurrences(self, *word: Any) -> int:
        """Return how often the bodies of all texts hold a word: the filter `is:unused` asks by SQL."""
        with self.scores() as scores:
            return scores.occurrences(str(word[0]), "body")

    def _texts_that_hold(self, *word: Any) -> int:
        """Return how many texts hold a word, by SQL."""
        return self.count(Match((Words((str(word[0]),)),)))

    def paths(self) -> list[str]:
        """Return the path of every known file, in no particular order."""
        return [shown(row[0]) for row in self._rows("SELECT path FROM file")]

    def files_fingerprint(self) -> tuple[int, ...]:
        """Return numbers that change whenever the row of any file is written; the first is the number of rows."""
        low = (1 << 40) - 1  # the sums over all files must fit 64 bits
        columns = "size", "mtime_ns", "ctime_ns", "inode", "checked_ns"
        sums = ", ".join(f"sum({name} & {low})" for name in columns)
        row = self._rows(f"SELECT count(*), max(id), sum(id), {sums} FROM file")[0]
        return tuple(number or 0 for number in row)

    def file_states(self, where: Iterable[str] | None = None) -> dict[str, FileState]:
        """Return the state of every file by path; `where` restricts it to some paths and everything below them."""
        return {path: FileState(*row[1:]) for path, row in self.file_rows(where).items()}

    def file_rows(self, where: Iterable[str] | None = None) -> dict[str, FileRow]:
        """Return the same as raw rows by path, which takes a third of the time for very many files."""
        select = "SELECT path, size, mtime_ns, ctime_ns, inode, checked_ns, hash, id FROM file"
        if where is None:
            rows = self._rows(select)
        else:
            rows = []
            for path in where:
                raw = os.fsencode(path)
                # "0" follows "/" in ASCII: the range holds every path below this one, as text or as bytes.
                bounds = (stored(path), stored(path + "/"), stored(path + "0"), raw + b"/", raw + b"0")
                condition = "path = ? OR path >= ? AND path < ? OR path >= ? AND path < ?"
                rows += self._rows(f"{select} WHERE {condition}", bounds)
        return {path if type(path := row[0]) is str else shown(path): row for row in rows}

    def vector_candidates(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return (symbol id, cosine similarity) of the nearest symbols, nearest first.

        Exact for small numbers of texts; for larger ones, only the vectors with the nearest sign codes are compared.
        """
        key = self.version(), vector, limit, where
        if self._near is None or self._near[0] != key:
            self._near = key, self._vector_candidates(vector, limit, where)
        return list(self._near[1])

    def _vector_candidates(self, vector: bytes, limit: int, where: Filter | None) -> list[tuple[int, float]]:
        last = self._rows("SELECT max(id) FROM vector")[0][0] or 0
        times = 4 if last > sign_codes.VERY_MANY else 2 if last > MANY_VECTORS else 1
        looked_at = max(SIGNS_LOOKED_AT * times, SIGNS_PER_ANSWER * limit)
        if where:
            passing = self._passing_contents(where)
            if len(passing) <= MOST_PASSING:
                return self._nearest_of(passing, vector, limit, where)
        with explained(self.path):
            wanted = sign_codes.Wanted.of(self.connection.raw, vector)
        while True:
            with explained(self.path):
                near = self._codes.nearest(self.connection.raw, self.version(), wanted, looked_at)
            found = self._nearest_of(near, vector, limit, where)
            if len(found) >= limit or len(near) < looked_at:
                return found
            looked_at *= LOOKED_AT_AGAIN

    def _passing_contents(self, where: Filter) -> list[int]:
        """Return the contents of the symbols that pass a filter, at most one more than MOST_PASSING."""
        key = self.version(), where
        if self._contents is None or self._contents[0] != key:
            condition, values = filter_sql.render(where)
            select = f"SELECT DISTINCT s.content_id FROM {FILES_FIRST} WHERE {NOT_MINOR} AND {condition}"
            rows = self._rows(f"{select} LIMIT {MOST_PASSING + 1}", values)
            self._contents = key, [row[0] for row in rows]
        return self._contents[1]

    def _nearest_of(
        self, contents: Iterable[int], vector: bytes, limit: int, where: Filter | None
    ) -> list[tuple[int, float]]:
        """Return (symbol id, cosine similarity) of the symbols with one of some contents, nearest first."""
        near = self._rows(
            f"SELECT v.id, {_SIMILARITY} AS similarity FROM json_each(?) near JOIN vector v ON v.id = near.value "
            "ORDER BY similarity DESC, v.id",
            [vector, json.dumps(list(contents))],
        )
        condition, values = filter_sql.render(where) if where else ("1", [])
        symbols_joined = SYMBOLS if where else "symbol s"
        found: list[tuple[float, int]] = []
        texts = 0
        for some in parts(near, limit):  # usually the first part is enough
            similarity = dict(some)
            symbols: dict[int, list[int]] = {}
            for content, id in self._rows(
                f"SELECT s.content_id, s.id FROM json_each(?) near JOIN {symbols_joined} "
                f"WHERE s.content_id = near.value AND {NOT_MINOR} AND {condition}",
                [json.dumps(list(similarity)), *values],
            ):
                symbols.setdefault(content, []).append(id)
            nearest = [content for content in similarity if content in symbols]
            for content in nearest if where else nearest[: limit - texts]:
                found += [(-float(similarity[content]), id) for id in symbols[content]]
            texts += len(nearest)
            if texts >= limit:
                break
        return [(id, -below) for below, id in sorted(found)[:limit]]

    def similarities(self, vector: bytes, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine similarity of each of the symbols named to a vector."""
        wanted = list(ids)
        rows = self._rows(
            f"SELECT s.id, {_SIMILARITY} FROM symbol s JOIN vector v ON v.id = s.content_id "
            f"WHERE s.id IN ({','.join('?' * len(wanted))})",
            [vector, *wanted],
        )
        return {row[0]: float(row[1]) for row in rows}

    def symbols(self, ids: Iterable[int]) -> dict[int, StoredSymbol]:
        """Return symbols by id."""
        wanted = list(ids)
        rows = self._rows(
            f"SELECT s.id, {COLUMNS}, f.roles, s.content_id FROM {SYMBOLS} "
            f"WHERE s.id IN ({','.join('?' * len(wanted))})",
            wanted,
        )
        return {row[0]: StoredSymbol(symbol_of(row[1:-2]), row[-2], row[-1]) for row in rows}

    def listing(self, where: Filter | None = None, limit: int = -1) -> Iterator[Symbol]:
        """Yield symbols by path and line."""
        condition, values = filter_sql.render(where) if where else ("1", [])
        for row in self.connection.each(
            f"SELECT {COLUMNS} FROM {SYMBOLS} WHERE {condition} "
            "ORDER BY f.path, s.start_line, s.end_line DESC, s.id LIMIT ?",
            [*values, limit],
        ):
            yield symbol_of(row)

    def passes(self, symbol_id: int, where: Filter) -> bool:
        """Return whether a symbol passes a filter."""
        condition, values = filter_sql.render(where)
        return bool(self._rows(f"SELECT 1 FROM {SYMBOLS} WHERE s.id = ? AND {condition}", [symbol_id, *values]))

    def at(self, path: str, line: int) -> tuple[int, Symbol] | None:
        """Return (id, innermost symbol) at a line; the module unit of the file if no other symbol is there.

        Details are left out: what is around them answers for them.
        """
        rows = self._rows(
            f"SELECT s.id, {COLUMNS} FROM {SYMBOLS} "
            "WHERE f.path = ? AND s.start_line <= ? AND s.end_line >= ? "
            f"ORDER BY NOT ({NO_DETAIL}), s.end_line - s.start_line, s.kind IN ('module', 'document'), "
            "s.start_line DESC LIMIT 1",
            (stored(path), line, line),
        )
        return (rows[0][0], symbol_of(rows[0][1:])) if rows else None

    def symbols_in(self, symbol_id: int) -> list[Symbol]:
        """Return all symbols of the file that contains a symbol, in the order of extraction."""
        rows = self._rows(
            f"SELECT {COLUMNS} FROM {SYMBOLS} WHERE f.id = (SELECT file_id FROM symbol WHERE id = ?) ORDER BY s.id",
            (symbol_id,),
        )
        return [symbol_of(row) for row in rows]

    def model_vectors(self, model_id: str) -> RerankVectors:
        """Return the vectors of one reranker model."""
        return RerankVectors(self.connection, model_id)

    def cosines(self, vector: bytes, others: Mapping[int, bytes]) -> dict[int, float]:
        """Return the cosine of each int8 vector with `vector`, by key; those of another length are left out."""
        same = [(key, other) for key, other in others.items() if len(other) == len(vector)]
        rows = (
            self._rows(
                f"WITH v(key, embedding) AS (VALUES {','.join(['(?,?)'] * len(same))}) "
                f"SELECT key, {_COSINE.format('embedding')} FROM v",
                [*(value for pair in same for value in pair), vector],
            )
            if same
            else []
        )
        return {row[0]: float(row[1]) for row in rows}

    def vector_of(self, symbol_id: int) -> bytes | None:
        """Return the static int8 vector of a symbol, if it has one."""
        rows = self._rows(
            "SELECT v.embedding FROM symbol s JOIN vector v ON v.id = s.content_id WHERE s.id = ?",
            (symbol_id,),
        )
        return vector_codes.unpack(rows[0][0]) if rows else None

    def file(self, path: str) -> tuple[str | None, str] | None:
        """Return (reason it was left out or None, detail) of a file, or None if the file is not known."""
        rows = self._rows("SELECT skipped, detail FROM file WHERE path = ?", (stored(path),))
        return (rows[0][0], rows[0][1]) if rows else None

    def counts(self) -> dict[str, int]:
        """Return the number of files, symbols, vectors, bytes and lines."""
        return {
            "files": self._rows("SELECT count(*) FROM file WHERE skipped IS NULL")[0][0],
            "skipped": self._rows("SELECT count(*) FROM file WHERE skipped IS NOT NULL")[0][0],
            "symbols": self._rows("SELECT count(*) FROM symbol")[0][0],
            "vectors": self._rows("SELECT count(*) FROM vector")[0][0],
            "contents": self._rows("SELECT count(*) FROM content")[0][0],
            "bytes": self._rows("SELECT coalesce(sum(size), 0) FROM file WHERE skipped IS NULL")[0][0],
            "lines": self._rows("SELECT coalesce(sum(lines), 0) FROM file")[0][0],
        }

    def count_phrases_by(self, counter: PhraseCounter) -> None:
        """Have the phrases of queries counted in the source, which the index does not hold."""
        self.phrases = self._minor.phrases = counter

    @property
    def minor(self) -> MinorTexts:
        """The texts of the minor symbols."""
        return self._minor

    def languages(self) -> list[tuple[str, int, int]]:
        """Return (language, files, symbols), most symbols first."""
        rows = self._rows(
            "SELECT language, count(*), sum(last_symbol - first_symbol + 1) FROM file WHERE skipped IS NULL "
            "GROUP BY language ORDER BY 3 DESC, 1"
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def skipped(self) -> list[tuple[str, str, str]]:
        """Return (path, reason, detail) of every file left out, by reason and path."""
        rows = self._rows("SELECT path, skipped, detail FROM file WHERE skipped IS NOT NULL ORDER BY skipped, path")
        return [(shown(row[0]), row[1], row[2]) for row in rows]

    def skipped_for(self, reason: str) -> list[tuple[str, str]]:
        """Return (path, detail) of the files that were left out for one reason."""
        rows = self._rows("SELECT path, detail FROM file WHERE skipped = ?", (reason,))
        return [(shown(row[0]), row[1]) for row in rows]


def _called(method: WeakMethod[Callable[..., int]], arguments: Sequence[Any]) -> int:
    """Call a method of a store whose connection is in use, so that the store is there."""
    found = method()
    assert found is not None
    return found(*arguments)
