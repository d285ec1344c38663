"""Takes an index from elsewhere into use: unpack, check, move here, and let the next update read only the difference.

A file here counts as unchanged if git knows that it is as the artifact's commit has it, and its size is the one that
was indexed. All others are compared by content, which reads them but does not parse or embed them.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codesearch.artifacts import keys, package, revision
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.core.log import Log
from codesearch.files import discover
from codesearch.index import Index
from codesearch.store import FileState, location, portable

log = Log("codesearch.artifacts")


@dataclass(frozen=True, slots=True)
class Adopted:
    """An index that was taken from elsewhere."""

    source: Path
    header: package.Header | None
    """None if it was a plain index file."""
    verified: int
    """Files that need not be read, because git knows that they are the same."""
    note: str = ""
    """Why it saves less than it could; "" if it does not."""


def adopt(index: Index, source: Path, *, lock_timeout: float = 600.0) -> Adopted:
    """Make an artifact, or an index file, the index of a tree, in place of the one it has.

    Call `Index.update` next, which reads what differs. Raises StoreError if the file is not sound (nothing has then
    changed), NotFoundError if there is none, IndexBusyError if another process is writing the index.
    """
    started = time.perf_counter()
    index.close()
    with location.writer_lock(index.path, timeout=lock_timeout):
        incoming = index.path.with_name(f"{index.path.name}.incoming")
        try:
            header = unpack(source, incoming)
            meta = portable.check(incoming, source)
            verified = _touch(index, incoming, header) if header is not None else 0
            portable.set_facts(incoming, root=os.fsencode(index.root).decode("utf-8", "replace"))
            location.remove(index.path)
            incoming.replace(index.path)
        except OSError as error:
            raise StoreError(f"{index.path}: cannot be written ({error.strerror or error})") from error
        finally:
            location.remove(incoming)
    log.info("adopted %s in %.0f ms: %d verified", source, 1000 * (time.perf_counter() - started), verified)
    return Adopted(source, header, verified, _difference(index, meta))


def unpack(source: Path, target: Path) -> package.Header | None:
    """Write the index in an artifact, or a plain index file, to `target`, unchecked; return the artifact's header."""
    source = _file_of(source)
    if not portable.is_index(source):
        return package.unpack(source, target)
    if Path(f"{source}-wal").exists():
        portable.check(source)
        portable.export(source, target)  # with what has not been folded into it yet
    else:
        shutil.copyfile(source, target)
    return None


def _file_of(source: Path) -> Path:
    """Return the file that is meant: a folder means the index in it."""
    for file in (source, source / location.FOLDER / location.FILE):
        if file.is_file():
            return file
    if source.is_dir():
        raise NotFoundError(f"{source}: holds neither an index nor artifacts")
    raise NotFoundError(f"{source}: no such file")


def _touch(index: Index, incoming: Path, header: package.Header) -> int:
    """Give the files that git vouches for the size and times that they have here; return their number."""
    if not header.tree:
        return 0
    # Listed before git is asked: a file that changes in between has other times than those noted here.
    now = time.time_ns()
    there = discover(index.root, index.settings.file_options()).files
    same = revision.verified(index.root, header.commit, header.tree)
    known = portable.sizes(incoming) if same else {}
    states = [
        (file.path, FileState(file.size, file.mtime_ns, file.ctime_ns, file.inode, now, None))
        for file in there
        if file.path in same and known.get(file.path) == file.size
    ]
    portable.touch(incoming, states)
    return len(states)


def _difference(index: Index, meta: dict[str, str]) -> str:
    wanted = keys.format_of(index.settings)
    if meta.get("model") != wanted.model:
        return f"it was made with the model {meta.get('model')}, not {wanted.model}: all files are read again"
    if meta.get("rules") != wanted.rules:
        return (
            f"it was made by other rules ({meta.get('rules')}; here {wanted.rules}): all files are read again, and "
            "only its reranker vectors are used"
        )
    return ""


@contextmanager
def checked(source: Path, folder: Path) -> Iterator[tuple[Path, package.Header | None]]:
    """Unpack and check a file in `folder`, for a caller that looks at it; it is deleted afterwards."""
    target = folder / "checked.db"
    try:
        header = unpack(source, target)
        portable.check(target, source)
        yield target, header
    finally:
        location.remove(target)


def unpack_for_reading(source: Path, target: Path) -> package.Header | None:
    """Write the checked index of an artifact to a new file, to be used with `--db`, read-only if need be.

    Raises UsageError if `target` exists, StoreError if the file is not sound.
    """
    with new_file(target) as incoming:
        header = unpack(source, incoming)
        portable.check(incoming, source)
    return header


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Give a path to write an index to, which becomes `target` once it is whole; nothing is left behind otherwise.

    Raises UsageError if `target` exists, NotFoundError if its folder does not, StoreError if it cannot be written.
    """
    if target.exists():
        raise UsageError(f"{target}: exists already; name another file, or delete this one")
    if not target.parent.is_dir():
        raise NotFoundError(f"{target.parent}: no such folder")
    incoming = target.with_name(f"{target.name}.incoming")
    try:
        yield incoming
        incoming.replace(target)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        location.remove(incoming)
