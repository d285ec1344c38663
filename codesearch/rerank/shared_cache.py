"""The user's cache of the reranker's vectors, shared by all indexes: those of branches, worktrees and clones.

One SQLite file in the user's cache folder holds hashes of texts and their vectors: no text, no path, no name. If it
cannot be used, the model computes the vectors, and `VectorCache.problem` says why. The file is opened for each use:
an idle process keeps nothing open, and another process may clear the cache at any time.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from codesearch.core import dirs
from codesearch.core.errors import CodesearchError

FILE = "vectors.db"
VERSION = 1
_APPLICATION = 0x63737663
"""In the file's header: it distinguishes the file from other SQLite files."""

_SCHEMA = """
CREATE TABLE model(id INTEGER PRIMARY KEY, model_id TEXT NOT NULL UNIQUE);
CREATE TABLE vector(
    id INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES model(id),
    used INTEGER NOT NULL,         -- seconds since 1970; see MARK_AFTER
    hash BLOB NOT NULL,            -- of the text
    embedding BLOB NOT NULL,       -- one int8 per dimension
    UNIQUE(model, hash)
);
CREATE INDEX vector_used ON vector(used);
"""

PATIENCE = 0.1
"""Seconds that a query waits for another process that is writing the cache."""
MARK_AFTER = 24 * 3600
"""Seconds until another use of a vector is recorded; otherwise every read would be a write."""
ROOM = 0.9
"""Share of the limit that is still used after the least recently used vectors were deleted."""
ROW_BYTES = 500
"""Bytes that a vector of 384 dimensions takes in the file, its share of the indexes included."""
EVICTION_BATCH = 1000
"""Vectors deleted per transaction; other processes can write in between."""
RETRY_AFTER = 60.0
"""Seconds until a cache that failed is tried again."""
_CLEAR_PATIENCE = 10.0
_AT_ONCE = 500
"""Hashes per statement."""

_T = TypeVar("_T")


class _UnusableError(Exception):
    """The file must not be used; the message says why."""


class _ForeignError(_UnusableError):
    """The file belongs to another user."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Size and content of the cache."""

    path: Path | None
    """None if the user has no home folder."""
    bytes: int
    models: tuple[tuple[str, int], ...]
    """(model_id, vectors), most vectors first."""
    problem: str
    """Why it cannot be used, or ""."""


class VectorCache:
    """The cache, for use by one thread. It never raises: `problem` says why it cannot be used."""

    def __init__(self, path: Path | None, limit: int) -> None:
        """Use the file at `path`, which the first `put` creates. It is kept below about `limit` bytes."""
        self._path, self._limit = path, limit
        self._problems: dict[str, tuple[float, str]] = {}

    @property
    def problem(self) -> str:
        """Why the last attempt to read or write the cache failed; "" if it did not."""
        return next((why for _, why in self._problems.values()), "")

    def get(self, model_id: str, dims: int, hashes: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the known vectors of some texts, by hash."""
        wanted = list(hashes)
        if not wanted:
            return {}
        rows = self._try("read", lambda db: _rows(db, model_id, wanted), PATIENCE) or []
        now = int(time.time())
        aged = [(now, id) for id, used, _, _ in rows if abs(now - used) > MARK_AFTER]
        if aged:
            self._try("write", lambda db: _mark(db, aged), PATIENCE)
        return {digest: vector for _, _, digest, vector in rows if len(vector) == dims}

    def put(self, model_id: str, vectors: Mapping[bytes, bytes], *, patience: float | None = None) -> None:
        """Keep vectors by the hash of their text; the least recently used ones make room for them.

        They are not kept if another process writes for longer than `patience` seconds. None means that a user is
        waiting: then a cache that is far too big, because its limit was lowered, shrinks only a little.
        """
        if not vectors:
            return

        def write(db: apsw.Connection) -> None:
            _add(db, model_id, vectors, int(time.time()))
            _shrink(db, self._limit, 1 if patience is None else None)

        self._try("write", write, PATIENCE if patience is None else patience, create=True)

    def _try(
        self, what: str, work: Callable[[apsw.Connection], _T], patience: float, *, create: bool = False
    ) -> _T | None:
        """Return the result of `work` with the open file; None if there is no file, or on failure."""
        if what in self._problems and time.monotonic() - self._problems[what][0] < RETRY_AFTER:
            return None
        try:
            with _opened(self._path, patience, create=create) as db:
                done = None if db is None else work(db)
        except (apsw.Error, OSError, _UnusableError) as error:
            if not (
                what == "write" and isinstance(error, apsw.BusyError)
            ):  # another process is writing; that is no problem
                self._problems[what] = time.monotonic(), _message(self._path, error)
            return None
        self._problems.pop(what, None)
        return done


def location() -> Path | None:
    """Return the path of the cache, whether or not it exists; None if the user has no home folder."""
    folder = dirs.cache()
    return None if folder is None else folder / FILE


def size(path: Path) -> int:
    """Return the bytes that the cache and its write-ahead log take. Raises OSError."""
    files = (path, Path(f"{path}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def problem(path: Path | None) -> str:
    """Return why the cache at `path` cannot be read, or ""."""
    cache = VectorCache(path, 0)
    cache.get("", 0, [b""])
    return cache.problem


def facts() -> Facts:
    """Return size and content of the user's cache."""
    path = location()
    total = 0
    models: list[tuple[Any, ...]] = []
    try:
        total = 0 if path is None else size(path)
        with _opened(path, _CLEAR_PATIENCE, create=False) as db:
            if db is not None:
                models = db.execute(
                    "SELECT model_id, count(*) FROM vector v JOIN model m ON m.id = v.model "
                    "GROUP BY model_id ORDER BY 2 DESC, 1"
                ).fetchall()
        problem = ""
    except (apsw.Error, OSError, _UnusableError) as error:
        problem = _message(path, error)
    return Facts(path, total, tuple((name, count) for name, count in models), problem)


def clear() -> bool:
    """Delete every vector, or the file if it cannot be used; return whether there was anything to delete.

    Raises CodesearchError if that fails.
    """
    path = location()
    if path is None or not path.exists():
        return False
    try:
        try:
            # Other processes may be using the file.
            with _opened(path, _CLEAR_PATIENCE, create=False) as db:
                if db is None:
                    return False
                with _writing(db):
                    ((count,),) = db.execute("SELECT count(*) FROM vector").fetchall()
                    db.execute("DELETE FROM vector")
                    db.execute("DELETE FROM model")
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return bool(count)
        except _ForeignError as error:
            raise CodesearchError(_message(path, error)) from error
        except (_UnusableError, apsw.NotADBError, apsw.CorruptError, apsw.SQLError):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            return True
    except (apsw.Error, OSError) as error:
        raise CodesearchError(f"{path}: the vectors cannot be deleted: {_why(error)}") from error


# -- the file -------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path | None, patience: float, *, create: bool) -> Iterator[apsw.Connection | None]:
    """Open the file; yield None if there is none and `create` is False."""
    if path is None:
        raise _UnusableError("there is no home folder to keep it in")
    if create:
        _prepare(path)
    elif not path.exists():
        yield None
        return
    _close_to_others(path)
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        db.set_busy_timeout(int(patience * 1000))
        if not _is_made(db):
            if not create:
                yield None
                return
            _make(db)
        db.pragma("synchronous", "normal")
        yield db
    finally:
        db.close()  # the last one to close it folds SQLite's write-ahead log back into it


def _is_made(db: apsw.Connection) -> bool:
    """Return whether the file has its tables. Raises _UnusableError if it is another kind of file."""
    with db:  # in one transaction: another process may be creating it
        application, version = int(db.pragma("application_id")), int(db.pragma("user_version"))
        empty = not db.execute("SELECT 1 FROM sqlite_schema").fetchall()
    if application == _APPLICATION:
        if version > VERSION:
            raise _UnusableError(f"a newer codesearch made it (version {version}, this one knows {VERSION})")
        return True
    if application or version or not empty:
        raise _UnusableError("it is another program's file")
    return False


def _make(db: apsw.Connection) -> None:
    db.pragma("auto_vacuum", "incremental")
    db.pragma("journal_mode", "wal")
    with _writing(db):
        if not _is_made(db):  # another process was quicker
            db.execute(_SCHEMA)
            db.pragma("application_id", _APPLICATION)
            db.pragma("user_version", VERSION)


def _prepare(path: Path) -> None:
    """Create the file and its folder, readable by this user only; never a missing home folder."""
    folder = path.parent
    if os.name != "posix":
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.exists():
        base = folder.parent if folder.parent.exists() else folder.parent.parent
        if not base.is_dir():
            raise _UnusableError(f"there is no folder {base}")
        if os.geteuid() == 0 != base.stat().st_uid:  # under sudo: the user could not use a file that root creates there
            raise _ForeignError(f"{base} belongs to another user")
        for one in (folder.parent, folder):
            one.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return  # opening and closing a file that is in use would release all locks of this process


def _close_to_others(path: Path) -> None:
    """Restrict the file to its owner. Raises _ForeignError if another user owns it."""
    if os.name != "posix":
        return  # Windows protects the user's profile
    for one, mode, kind in ((path.parent, 0o700, stat.S_ISDIR), (path, 0o600, stat.S_ISREG)):
        status = one.stat()
        if status.st_uid != os.geteuid() or not kind(status.st_mode):
            raise _ForeignError(f"{one} belongs to another user")
        if status.st_mode & 0o077:
            one.chmod(mode)


@contextmanager
def _writing(db: apsw.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # on a full disk, SQLite has already rolled back
            db.execute("ROLLBACK")
        raise


def _rows(db: apsw.Connection, model_id: str, hashes: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """Return (id, time of last use, hash, vector) of the known hashes."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(hashes), _AT_ONCE):
        some = hashes[start : start + _AT_ONCE]
        found += db.execute(
            "SELECT id, used, hash, embedding FROM vector WHERE model = (SELECT id FROM model WHERE model_id = ?) "
            f"AND hash IN ({','.join('?' * len(some))})",
            [model_id, *some],
        ).fetchall()
    return found


def _mark(db: apsw.Connection, used: Sequence[tuple[int, int]]) -> None:
    with _writing(db):
        db.executemany("UPDATE vector SET used = ? WHERE id = ?", used)


def _add(db: apsw.Connection, model_id: str, vectors: Mapping[bytes, bytes], now: int) -> None:
    with _writing(db):
        db.execute("INSERT OR IGNORE INTO model(model_id) VALUES (?)", (model_id,))
        ((model,),) = db.execute("SELECT id FROM model WHERE model_id = ?", (model_id,)).fetchall()
        db.executemany(
            "INSERT OR IGNORE INTO vector(model, used, hash, embedding) VALUES (?, ?, ?, ?)",
            [(model, now, digest, vector) for digest, vector in vectors.items()],
        )


def _shrink(db: apsw.Connection, limit: int, max_rounds: int | None) -> None:
    """Delete the least recently used vectors above `limit` bytes, in at most `max_rounds` transactions."""
    page = int(db.pragma("page_size"))
    if _pages(db) * page <= limit:
        return
    rounds = 0
    while (surplus := _pages(db) * page - ROOM * limit) > 0 and (max_rounds is None or rounds < max_rounds):
        rounds += 1
        # No more than the surplus: a thousand might be the whole of a small cache.
        too_many = int(surplus / ROW_BYTES) + 1
        with _writing(db):
            db.execute(
                "DELETE FROM vector WHERE id IN (SELECT id FROM vector ORDER BY used, id LIMIT ?)",
                (min(EVICTION_BATCH, too_many),),
            )
            if not db.changes():
                break
    if (free := int(db.pragma("page_count")) - limit // page) > 0:
        free = free if max_rounds is None else min(free, EVICTION_BATCH)
        db.execute(f"PRAGMA incremental_vacuum({free})").fetchall()


def _pages(db: apsw.Connection) -> int:
    """Return the number of pages in use."""
    return int(db.pragma("page_count")) - int(db.pragma("freelist_count"))


# -- in words -------------------------------------------------------------------------------------


def _message(path: Path | None, error: Exception) -> str:
    where = "" if path is None else f" {path}"
    return f"the vector cache{where} is not used: {_why(error)}"


def _why(error: Exception) -> str:
    if isinstance(error, (apsw.NotADBError, apsw.CorruptError, apsw.SQLError)):
        return "it is damaged; `codesearch cache clear` deletes it"
    if isinstance(error, apsw.FullError):
        return "there is no space left"
    if isinstance(error, apsw.BusyError):
        return "another process keeps it locked"
    if isinstance(error, apsw.ReadOnlyError):
        return "it, or its folder, can only be read"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
