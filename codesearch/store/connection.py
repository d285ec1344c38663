"""The connection to an index file: extension, pragmas, migrations, and SQLite's errors in plain words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import apsw

from codesearch.core.errors import IndexBusyError, StoreError, UnwritableError
from codesearch.store import schema, vector_codes, vector_functions
from codesearch.store.full_text import DamagedError
from codesearch.store.location import create, is_kept_place, not_an_index, rebuild_command, refuse_foreign

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 16 * 1024
"""SQLite's page cache of a writer: four times as much saves no time, since the system has the pages in its own cache. A
reader touches few pages and keeps SQLite's default."""

FULL_BELOW = 1 << 20
"""Free bytes of a disk below which a write that failed is taken to have failed for that."""
_WRITES = (
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
    apsw.SQLITE_IOERR_SHMOPEN,
    apsw.SQLITE_IOERR_SHMSIZE,
)
"""The parts of SQLITE_IOERR that only a writer meets; the last two are about the memory that writers share."""

MEMORY = ":memory:"
"""The path of an index that is in no file."""


class Connection:
    """An open index file: rows, transactions, and SQLite's errors in plain words. Not thread-safe."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Open the index at `path`; create or migrate it if `writable`.

        Raises StoreError for a file that is no index, is corrupt or comes from a newer codesearch.
        """
        self.path = path
        self._copy: TemporaryDirectory[str] | None = None
        with explained(path):
            self.raw = self._open(writable=writable)
            try:
                self.raw.set_busy_timeout(BUSY_TIMEOUT_MS)
                vector_functions.register(self.raw)
                vector_codes.register(self.raw)
                self._check_version(writable=writable)
            except BaseException:
                self.close()
                raise

    def _open(self, *, writable: bool) -> apsw.Connection:
        """Open the file for writing, or for reading in the way that its place allows.

        A reader of a write-ahead log must be able to write beside it. On a read-only medium the file is opened as
        immutable, or, if a log is left there, both are copied.
        """
        if writable:
            if str(self.path) != MEMORY and not self.path.exists():
                create(self.path)
            return apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        try:
            connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                connection.pragma("user_version")
            except BaseException:
                connection.close()
                raise
            return connection
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.IOError):
            if not os.access(self.path, os.R_OK):
                raise
        log = Path(f"{self.path}-wal")
        if not log.exists() or not log.stat().st_size:
            return self._open_unchanging(self.path)
        from tempfile import TemporaryDirectory

        self._copy = TemporaryDirectory(prefix="codesearch-")
        copy = Path(self._copy.name) / self.path.name
        shutil.copyfile(self.path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READWRITE)

    @staticmethod
    def _open_unchanging(path: Path) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"file:{quote(str(path.absolute()))}?immutable=1", flags=flags)

    def _check_version(self, *, writable: bool) -> None:
        version = int(self.raw.pragma("user_version"))
        if version > schema.VERSION:
            refuse_foreign(self.path)
            raise StoreError(
                f"{self.path}: this index was written by a newer codesearch (schema {version}, this program knows "
                f"{schema.VERSION}). Upgrade codesearch, or rebuild the index with `{rebuild_command(self.path)}`."
            )
        if writable:
            self.raw.pragma("journal_mode", "wal")
            self.raw.pragma("synchronous", "normal")
            self.raw.pragma("cache_size", -CACHE_KIB)
            _migrate(self.raw, version)
        elif version < schema.VERSION:
            raise NeedsMigrationError(f"{self.path}: the index has schema {version}, not {schema.VERSION}")

    def close(self) -> None:
        """Close the file; a writer folds SQLite's write-ahead log back into it."""
        if hasattr(self, "raw"):
            self.raw.close()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def rows(self, sql: str, bindings: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        with explained(self.path):
            try:
                return self.raw.execute(sql, bindings).fetchall()
            except UnicodeDecodeError as error:
                raise DamagedError(_NO_TEXT) from error

    def each(self, sql: str, bindings: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement, which may be many."""
        with explained(self.path):
            try:
                yield from self.raw.execute(sql, bindings)
            except UnicodeDecodeError as error:
                raise DamagedError(_NO_TEXT) from error

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Hold the one transaction that may write; it is rolled back if an exception leaves it."""
        with explained(self.path):
            self.raw.execute("BEGIN IMMEDIATE")
            try:
                yield self.raw
                self.raw.execute("COMMIT")
            except BaseException:
                if self.raw.in_transaction:  # on a full disk, SQLite has already rolled back
                    self.raw.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Give all reads inside a consistent view of the index, whatever a writer does meanwhile."""
        with explained(self.path):
            self.raw.execute("BEGIN")
            try:
                yield
            finally:
                self.raw.execute("COMMIT")


class NeedsMigrationError(StoreError):
    """The index has an older schema, or is empty, and was opened only for reading."""


def _migrate(connection: apsw.Connection, version: int) -> None:
    for number in range(version, schema.VERSION):
        with connection:
            connection.execute(schema.MIGRATIONS[number])
            connection.pragma("user_version", number + 1)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at `path` into errors that say what to do.

    Other errors may be the first to meet damage that SQLite passes on as data: the file is checked before it is blamed.
    """
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError, DamagedError) as error:
        if isinstance(error, apsw.NotADBError) and not is_kept_place(path):
            raise not_an_index(path) from error
        raise _damaged(path, error) from error
    except (TypeError, AttributeError, ValueError, LookupError) as error:
        if found := _damage(path):
            raise _damaged(path, found) from error
        raise
    except apsw.SQLError as error:
        raise StoreError(
            f"{path}: this is not an index of codesearch, or part of it is missing ({error}). "
            f"Rebuild it with `{rebuild_command(path)}`, or name another file with --db."
        ) from error
    except apsw.FullError as error:
        raise _disk_full(path) from error
    except apsw.ReadOnlyError as error:
        raise UnwritableError(f"{path}: the index cannot be written ({error}). {_CHECK}") from error
    except apsw.BusyError as error:
        raise IndexBusyError(f"{path}: another process is writing the index; try again in a moment.") from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.IOError) as error:
        if getattr(error, "extendedresult", 0) in _WRITES:
            if shutil.disk_usage(path.parent).free < FULL_BELOW:
                raise _disk_full(path) from error
            raise UnwritableError(f"{path}: the index cannot be written ({error}). {_CHECK}") from error
        raise StoreError(f"{path}: cannot read or write the index ({error}). {_CHECK}") from error


def _damage(path: Path) -> str:
    """Return what SQLite's own check finds wrong with an index file; "" if nothing."""
    if not path.is_file():
        return ""
    try:
        raw = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            found = [str(row[0]) for row in raw.execute("PRAGMA quick_check(1)")]
        finally:
            raw.close()
    except apsw.CorruptError as error:
        return str(error)
    except apsw.Error:
        return ""  # the check says nothing
    return "" if found == ["ok"] else found[0]


def _damaged(path: Path, why: object) -> StoreError:
    return StoreError(
        f"{path}: the index is damaged ({why}). Your code is untouched; "
        f"rebuild the index with `{rebuild_command(path)}`."
    )


_NO_TEXT = "a text of it is not UTF-8"
_CHECK = "Check the folder's permissions and free space, or name another place with --db."


def _disk_full(path: Path) -> UnwritableError:
    return UnwritableError(
        f"{path}: the disk is full. What was indexed before is kept; free some space and run it again."
    )
