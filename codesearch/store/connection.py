"""Opening an index file: extension, pragmas, migrations, and SQLite's errors in plain words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import apsw

from codesearch.core.errors import CodesearchError, IndexBusyError, StoreError
from codesearch.store import schema

BUSY_TIMEOUT_MS = 10_000
CACHE_KIB = 64 * 1024
"""SQLite's page cache of a writer; a reader touches few pages and keeps SQLite's default."""

_LIBRARY = {"darwin": "vec0.dylib", "win32": "vec0.dll"}.get(sys.platform, "vec0.so")


def connect(path: Path, *, writable: bool) -> apsw.Connection:
    """Open the index at `path`; create or migrate it when writable.

    Raises StoreError for a file that is no index, is corrupt or comes from a newer codesearch.
    """
    with explained(path):
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if writable else 0)
        connection = apsw.Connection(str(path), flags=flags)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _load_vector_extension(connection)
            version = int(connection.pragma("user_version"))
            if version > schema.VERSION:
                raise StoreError(
                    f"{path}: this index was written by a newer codesearch (schema {version}, this program knows "
                    f"{schema.VERSION}). Upgrade codesearch, or rebuild it with `codesearch index --rebuild`."
                )
            if writable:
                connection.pragma("journal_mode", "wal")
                connection.pragma("synchronous", "normal")
                connection.pragma("cache_size", -CACHE_KIB)
                _migrate(connection, version)
            elif version < schema.VERSION:
                raise NeedsMigrationError(f"{path}: the index has schema {version}, not {schema.VERSION}")
        except BaseException:
            connection.close()
            raise
    return connection


class NeedsMigrationError(StoreError):
    """The index is of an older schema (or empty) and was opened for reading only."""


def _load_vector_extension(connection: apsw.Connection) -> None:
    # The extension is loaded by path: importing sqlite_vec would import numpy, 100 ms a command.
    spec = find_spec("sqlite_vec")
    if spec is None or not spec.submodule_search_locations:
        raise CodesearchError("the package sqlite-vec is not installed; run: python -m pip install sqlite-vec")
    connection.enable_load_extension(True)
    connection.load_extension(str(Path(spec.submodule_search_locations[0]) / _LIBRARY))
    connection.enable_load_extension(False)


def _migrate(connection: apsw.Connection, version: int) -> None:
    for number in range(version, schema.VERSION):
        with connection:
            connection.execute(schema.MIGRATIONS[number])
            connection.pragma("user_version", number + 1)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at `path` into errors that say what to do."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError, apsw.NoFTS5Error) as error:  # the last: its schema cannot be read
        raise StoreError(
            f"{path}: the index is damaged ({error}). Your code is untouched; "
            "rebuild the index with `codesearch index --rebuild`."
        ) from error
    except apsw.SQLError as error:
        if "no such" not in str(error):
            raise
        raise StoreError(
            f"{path}: this is no index of codesearch, or a part of it is missing ({error}). "
            "Rebuild it with `codesearch index --rebuild`, or name another file with --db."
        ) from error
    except apsw.FullError as error:
        raise StoreError(
            f"{path}: the disk is full. What was indexed before is kept; free some space and run it again."
        ) from error
    except apsw.BusyError as error:
        raise IndexBusyError(f"{path}: another process is writing the index; try again in a moment.") from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.IOError) as error:
        raise StoreError(
            f"{path}: cannot read or write the index ({error}). Check the folder's permissions and free space, "
            "or name another place with --db."
        ) from error
