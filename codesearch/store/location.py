"""Where the index of a tree lives, and the lock of its one writer."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codesearch.core import dirs
from codesearch.core.errors import IndexBusyError, StoreError

FOLDER = ".codesearch"
FILE = "index.db"


@dataclass(frozen=True, slots=True)
class Location:
    """An index file and what a person should know about its place."""

    path: Path
    note: str = ""
    """Why the index is not in the tree, if it is not."""


def locate(root: Path, db: str = "") -> Location:
    """Return where the index of `root` lives: `db` if named, else `<root>/.codesearch`, else a cache folder.

    The cache folder serves trees that cannot be written to.
    """
    if db:
        return Location(Path(db).expanduser().absolute())
    folder = root / FOLDER
    if _writable(folder if folder.exists() else root):
        return Location(folder / FILE)
    key = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest()
    user = dirs.cache()
    if user is None:
        raise StoreError(
            f"{root} cannot be written to, and there is no home folder to keep its index in. Name a place with --db."
        )
    cache = user / f"{root.name or 'root'}-{key}"
    return Location(cache / FILE, f"{root} cannot be written to: the index is kept in {cache}")


def _writable(folder: Path) -> bool:
    """Return whether files can be made in `folder`; asked of the system, since a read-only mount fools access()."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    if os.name == "posix" and hasattr(os, "statvfs"):
        return not os.statvfs(folder).f_flag & os.ST_RDONLY
    return True


def prepare(path: Path) -> None:
    """Make the folder of an index; ours gets a .gitignore, so that no repository ever lists an index."""
    try:
        # A root that has just been deleted must not come back as an empty folder with an index in it.
        path.parent.mkdir(parents=path.parent.name != FOLDER, exist_ok=True)
        ignore = path.parent / ".gitignore"
        if path.parent.name == FOLDER and not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{path.parent}: cannot make the index's folder ({error.strerror or error}). Name another place with --db."
        ) from error


def remove(path: Path) -> None:
    """Delete an index file with what SQLite keeps beside it; other files in the folder stay."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextmanager
def writer_lock(path: Path, *, timeout: float, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the right to write the index at `path`; the operating system frees it when the process dies.

    `waiting` is told once who holds it. Raises IndexBusyError after `timeout` seconds.
    """
    from filelock import FileLock, Timeout

    prepare(path)
    lock = FileLock(f"{path}.lock")
    owner = Path(f"{path}.writer")
    started = time.monotonic()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = "another process"
        with contextlib.suppress(OSError):
            holder = f"process {owner.read_text(encoding='utf-8').strip()}"
        if timeout > 0 and waiting is not None:
            waiting(f"waiting for {holder}, which is writing {path}")
        try:
            lock.acquire(timeout=max(0.0, timeout - (time.monotonic() - started)))
        except Timeout:
            raise IndexBusyError(
                f"{path}: {holder} is writing the index and did not finish within {timeout:g} s. "
                "Run it again later, or stop that process."
            ) from None
    try:
        with contextlib.suppress(OSError):  # a full disk: only a message is poorer for it
            owner.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
