"""Where the index of a tree is stored, and the lock of its single writer."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from codesearch.core import dirs
from codesearch.core.errors import IndexBusyError, StoreError, UnwritableError
from codesearch.core.lock import ProcessLock
from codesearch.store import registry

FOLDER = ".codesearch"
FILE = "index.db"
TREE_CACHE = "-tree"
"""What the name of an index file is followed by in the name of its tree cache."""

_ELSEWHERE = "Name another place with --db FILE, or in the variable CODESEARCH_DB."
"""What to do where an index cannot be written. Programs that agents and editors start take the variable."""
_TABLES = {"meta", "file", "content", "symbol"}
"""Tables that every version of an index has."""
_FOREIGN_TIMEOUT_MS = 2_000


class Location(NamedTuple):
    """An index file, and a note for the user if it is not where they expect it."""

    path: Path
    note: str = ""
    """Why the index is not in the tree, if it is not."""


def locate(root: Path, db: str = "") -> Location:
    """Return the location of the index of `root`: `db` if given, else `<root>/.codesearch`, else a cache folder.

    The cache folder is for trees that cannot be written to and hold no index. One that they hold is used as it is.
    Raises StoreError if there is no place for an index.
    """
    if db:
        return Location(dirs.expand_home(db).absolute())
    file = root / FOLDER / FILE
    if is_writable(file.parent if file.parent.exists() else root) or file.exists():
        return Location(file)
    user = dirs.cache()
    if user is None:
        raise StoreError(f"{root} cannot be written to, and there is no home folder to keep its index in. {_ELSEWHERE}")
    key = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest()
    cache = user / f"{root.name or 'root'}-{key}"
    return Location(cache / FILE, f"{root} cannot be written to: its index is kept in {cache}")


def is_own(root: Path, path: Path) -> bool:
    """Return whether an index lies at the default place in its tree. It then belongs to that tree, copied or not."""
    return path == root / FOLDER / FILE


def is_writable(folder: Path) -> bool:
    """Return whether files can be made in `folder`; asked of the system, since a read-only mount fools access()."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    if os.name == "posix" and hasattr(os, "statvfs"):
        return not os.statvfs(folder).f_flag & os.ST_RDONLY
    return True


def is_kept_place(path: Path) -> bool:
    """Return whether an index file is where indexes are kept unless `--db` says otherwise: only we write there."""
    cache = dirs.cache()
    return path.name == FILE and (path.parent.name == FOLDER or (cache is not None and path.is_relative_to(cache)))


def refuse_foreign(path: Path) -> None:
    """Raise StoreError if there is a file at `path` that is no index: it must be neither changed, replaced nor deleted.

    A damaged file counts as an index only at the place where indexes are kept. An empty file counts as one.
    """
    if is_kept_place(path) or not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return
    if not path.is_file() or not _holds_index(path):
        raise not_an_index(path)


def not_an_index(path: Path) -> StoreError:
    """Return the error about a file that is no index."""
    return StoreError(
        f"{path}: is not an index of codesearch and stays as it is. Name another file with --db; "
        "if it is a damaged index, delete it yourself."
    )


def rebuild_command(path: Path) -> str:
    """Return the command that makes the index at `path` again, with the folder of its tree if that is known."""
    from shlex import quote

    words = ["codesearch", "index", "--rebuild"]
    if path.name == FILE and path.parent.name == FOLDER:
        words.append(str(path.parent.parent))
    else:
        words += [str(one.root) for one in registry.known() if one.file == path][:1]
        if not is_kept_place(path):
            words += ["--db", str(path)]
    return " ".join(map(quote, words))


def _holds_index(path: Path) -> bool:
    import apsw

    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(_FOREIGN_TIMEOUT_MS)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except (apsw.NotADBError, apsw.CorruptError):
        return False
    except apsw.Error:  # opening it for writing says what is wrong
        return True
    return not tables or tables >= _TABLES


def identity(path: Path) -> tuple[int, int] | None:
    """Return (device, inode) of a file, which a rebuilt index changes; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def prepare(path: Path) -> None:
    """Make the folder of an index, with a .gitignore in a folder of ours, so that no repository ever lists an index.

    Raises UnwritableError if it cannot be made, or if the index in it cannot be written.
    """
    try:
        # A root that has just been deleted must not come back as an empty folder with an index in it.
        path.parent.mkdir(parents=path.parent.name != FOLDER, exist_ok=True)
        ignore = path.parent / ".gitignore"
        if path.parent.name == FOLDER and not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        usable = is_writable(path.parent) and (not path.exists() or os.access(path, os.W_OK))
    except OSError as error:
        cache = dirs.cache()
        elsewhere = cache is not None and path.is_relative_to(cache)
        why = ", which is kept there because its tree cannot be written to" if elsewhere else ""
        raise UnwritableError(
            f"{path.parent}: cannot make the folder of the index ({error.strerror or error}){why}. {_ELSEWHERE}"
        ) from error
    if not usable:
        raise UnwritableError(f"{path}: the index cannot be written. Check the permissions of its folder. {_ELSEWHERE}")


def create(path: Path) -> None:
    """Make an empty index file that members of a group can share, if the umask lets them; SQLite's own cannot."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))


def remove(path: Path) -> None:
    """Delete an index file with what SQLite and `indexing.quick` keep beside it; other files in the folder stay."""
    for suffix in ("", "-wal", "-shm", "-journal", TREE_CACHE):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextmanager
def writer_lock(path: Path, *, timeout: float, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Let only one process at a time write the index at `path`; the system releases the lock if the process dies.

    `on_wait` is called once with a message that names the process that holds it. Raises IndexBusyError after `timeout`
    seconds, UnwritableError if the index cannot be written, StoreError if the file there is not an index.
    """
    refuse_foreign(path)
    prepare(path)
    lock = ProcessLock(Path(f"{path}.lock"))
    try:
        if not lock.acquire():
            pid = lock.holder().get("pid")
            holder = f"process {pid}" if pid else "another process"
            if timeout > 0 and on_wait is not None:
                on_wait(f"waiting for {holder}, which is writing {path}")
            if not lock.acquire(timeout=timeout):
                raise IndexBusyError(
                    f"{path}: {holder} is writing the index and has not finished in time. "
                    "Run it again later, or stop that process."
                )
    except OSError as error:
        raise UnwritableError(f"{lock.path}: cannot be opened ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()
