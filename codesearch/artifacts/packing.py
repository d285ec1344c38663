"""Makes artifacts: of the index of a checkout, or of a commit that is read from git's objects."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codesearch._version import __version__
from codesearch.artifacts import keys, package, revision
from codesearch.core.counts import number
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.files import commit as commits
from codesearch.files.git import GitUnavailableError
from codesearch.index import Index, open_index
from codesearch.indexing.request import Progress, Report
from codesearch.store import portable


def pack(index: Index, target: Path) -> package.Header:
    """Write the index of a checkout as an artifact; it must be up to date.

    If the files are those of HEAD, the artifact has a key, under which others find it. Otherwise it has none.
    Raises NotFoundError without an index, UsageError if it is out of date, StoreError if `target` cannot be written.
    """
    store = index.reader()
    if store is None or not index.complete:
        raise NotFoundError(f"{index.root}: not indexed yet; run `codesearch index {index.root}` first")
    status = index.status()
    if not status.fresh:
        raise UsageError(
            f"{index.root}: the index is out of date ({number(status.changed, 'file')} changed, "
            f"{status.deleted:,} deleted); run `codesearch index {index.root}` first"
        )
    at = None
    if not uncommitted(index):
        at = revision.found(index.root)
    return _write(index, target, at)


def uncommitted(index: Index) -> list[str]:
    """Return the indexed files that differ from HEAD; all that is known outside git is that there is no HEAD."""
    try:
        return revision.differing(index.root, index.paths())
    except GitUnavailableError:
        return []


def _write(index: Index, target: Path, at: revision.Revision | None) -> package.Header:
    made = keys.format_of(index.settings)
    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        copy = Path(folder) / "index.db"
        portable.export(index.path, copy)
        counts = portable.counts(copy)
        facts: dict[str, Any] = {
            "key": "" if at is None else keys.key(at.tree, index.settings),
            "commit": "" if at is None else at.commit,
            "tree": "" if at is None else at.tree,
            "rules": made.rules,
            "schema": made.schema,
            "model": made.model,
            "program": __version__,
            **counts,
        }
        return package.write(target, copy, facts)


def pack_commit(
    root: Path, rev: str, target: Path, *, on_progress: Callable[[Progress], None] | None = None, **settings: Any
) -> tuple[package.Header, Report]:
    """Index a commit from git's objects and write it as an artifact; return its header and what was read.

    `root` may be a bare repository, or a folder in a checkout, which is neither read nor changed.
    Raises NotFoundError if there is no such commit.
    """
    with (
        tempfile.TemporaryDirectory(prefix="codesearch-") as folder,
        _index_of(root, rev, Path(folder), settings) as (index, at),
    ):
        report = index.update(on_progress=on_progress)
        return _write(index, target, at), report


def index_commit(
    root: Path,
    rev: str,
    db: Path,
    *,
    rebuild: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    after: Callable[[Index], None] | None = None,
    **settings: Any,
) -> Report:
    """Bring the index file `db` to the state of a commit, read from git's objects. Otherwise as `pack_commit`.

    `after` is called with the index while the files can still be read.
    """
    with tempfile.TemporaryDirectory(prefix="codesearch-") as folder:
        with _index_of(root, rev, Path(folder), {**settings, "db": str(db)}) as (index, _):
            _take_over(index, root)
            report = index.update(rebuild=rebuild, on_progress=on_progress)
            if after is not None:
                after(index)
        # The files are gone after this; the index is that of the repository.
        portable.set_facts(db, root=str(root))
    return report


def _take_over(index: Index, root: Path) -> None:
    """Let an index of an earlier commit of this repository be updated from the folder that its files are in now."""
    store = index.reader()
    if store is not None and store.meta().get("root") == str(root):
        index.close()
        portable.set_facts(index.path, root=str(index.root))


@contextmanager
def _index_of(
    root: Path, rev: str, folder: Path, settings: dict[str, Any]
) -> Iterator[tuple[Index, revision.Revision]]:
    """Write a commit to `folder`, and open its index there."""
    if not revision.is_repository(root):
        raise NotFoundError(f"{root}: not a git repository, so it has no commit {rev}")
    at = revision.find(root, rev)
    tree = folder / (root.name.removesuffix(".git") or "tree")
    tree.mkdir()
    try:
        # The settings of the commit, which are among its files, decide which others are read.
        commits.write_out(root, at.tree, tree, open_index(root, **settings).settings.file_options())
    except OSError as error:
        raise StoreError(f"{folder}: cannot write the files of {rev} ({error.strerror or error})") from error
    with open_index(tree, **settings) as index:
        yield index, at


__all__ = ["index_commit", "pack", "pack_commit", "uncommitted"]
