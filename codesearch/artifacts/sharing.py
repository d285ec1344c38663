"""Push artifacts to a place and pull the one that fits: exactly these files, else those of the nearest ancestor.

`refs/BRANCH` is a list in JSON of the latest artifacts of a branch, newest first. An artifact under a key never
changes its meaning, so it is written once; the list is replaced as a whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from codesearch.artifacts import keys, package, revision, signing
from codesearch.artifacts.named import is_url, place
from codesearch.artifacts.places import Folder, Place
from codesearch.core.errors import NotFoundError, StoreError, UsageError
from codesearch.settings import Settings

SUFFIX = ".codesearch"
MOST_IN_REF = 200
"""Artifacts that the list of a branch keeps."""
_DEFAULT_BRANCHES = ("main", "master")


@dataclass(frozen=True, slots=True)
class Entry:
    """An artifact in the list of a branch."""

    commit: str
    key: str
    sha256: str
    """Of the artifact's file."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """An artifact that was found in a place."""

    key: str
    exact: bool
    """It holds exactly the files of the commit that was asked for."""
    behind: int
    """Commits between it and HEAD; -1 if that is not known."""
    signer: str
    """Who signed it; "" if that was not asked."""


def push(where: str, artifact: Path, ref: str, *, force: bool = False) -> bool:
    """Write an artifact, and its signature if there is one, to a place; note it as the latest of branch `ref`.

    Returns whether it was uploaded: one that is there already is not, unless `force`.
    Raises UsageError for an artifact without a key, StoreError if the place cannot be written.
    """
    header = package.read_header(artifact)
    if not header.key:
        raise UsageError(
            f"{artifact}: not pushed: it is not the index of a commit (files were changed and not committed)"
        )
    to = place(where)
    name = header.key + SUFFIX
    fresh = force or not to.has(name)
    if fresh:
        signature = artifact.with_name(artifact.name + signing.SUFFIX)
        if signature.is_file():
            to.upload(name + signing.SUFFIX, signature)
        to.upload(name, artifact)
        digest = package.sha256_of(artifact)
    else:
        digest = next((one.sha256 for one in _entries(to, ref) if one.key == header.key), "")
    if ref:
        mine = Entry(header.commit, header.key, digest)
        others = [one for one in _entries(to, ref) if one.key != mine.key]
        to.write(_ref(ref), json.dumps([asdict(one) for one in (mine, *others)][:MOST_IN_REF], indent=1).encode())
    return fresh


def pull(
    where: str, root: Path, settings: Settings, target: Path, *, ref: str = "", signers: Path | None = None
) -> Pulled:
    """Download the artifact that fits a checkout best: that of HEAD, else of its nearest ancestor, else the latest.

    `where` is a place, or the URL or path of one artifact. With `signers`, it must be signed by one of them.
    Raises NotFoundError if there is none, StoreError if it cannot be had or verified, UsageError if there is no file of
    signers.
    """
    if _is_file(where):
        return _pull_file(where, target, signers)
    at = revision.found(root)
    source = place(where)
    if at is not None:
        exact = keys.key(at.tree, settings)
        if source.download(exact + SUFFIX, target):
            return Pulled(exact, True, 0, _verified(source, exact + SUFFIX, target, signers))
    ordered, before = _nearest(source, root, settings, ref)
    for entry, behind in ordered:
        if source.download(entry.key + SUFFIX, target):
            if entry.sha256 and package.sha256_of(target) != entry.sha256:
                target.unlink()
                raise StoreError(f"{where}: {entry.key}: altered: its checksum is not the one that was pushed")
            return Pulled(entry.key, False, behind, _verified(source, entry.key + SUFFIX, target, signers))
    target.unlink(missing_ok=True)
    if not is_url(where) and where.endswith(SUFFIX) and not Path(where).expanduser().exists():
        raise NotFoundError(f"{where}: there is no such file")
    what = f"no artifact of HEAD, and none for {', '.join(before)}" if before else "no artifact of HEAD"
    raise NotFoundError(f"{source}: {what} in the format of this program ({keys.format_id(settings)})")


def _is_file(where: str) -> bool:
    if is_url(where):
        return where.partition("?")[0].endswith(SUFFIX)
    path = Path(where).expanduser()
    return path.is_file() or (path / ".codesearch").is_dir()


def _pull_file(where: str, target: Path, signers: Path | None) -> Pulled:
    if is_url(where):
        base, _, rest = where.partition("?")
        folder, _, name = base.rpartition("/")
        source: Place = place(f"{folder}?{rest}" if rest else folder)
        if not source.download(name, target):
            raise NotFoundError(f"{where}: there is no such file")
    else:
        path = Path(where).expanduser()
        file = path if path.is_file() else path / ".codesearch" / "index.db"
        if not file.is_file():
            raise NotFoundError(f"{where}: holds no index")
        source, name = Folder(file.parent), file.name
        shutil.copyfile(file, target)
        if Path(f"{file}-wal").is_file():
            shutil.copyfile(f"{file}-wal", f"{target}-wal")
    return Pulled("", False, -1, _verified(source, name, target, signers))


def _verified(source: Place, name: str, target: Path, signers: Path | None) -> str:
    """Return who signed a downloaded artifact, if that is asked for; it is deleted unless a signer is allowed."""
    if signers is None:
        return ""
    signature = target.with_name(target.name + signing.SUFFIX)
    try:
        source.download(name + signing.SUFFIX, signature)
        return signing.verify(target, signature, signers, name=f"{source}/{name}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        signature.unlink(missing_ok=True)


def _nearest(
    source: Place, root: Path, settings: Settings, ref: str
) -> tuple[list[tuple[Entry, int]], tuple[str, ...]]:
    """Return the artifacts of the branches, the nearest ancestor first, and the branches looked at."""
    wanted = dict.fromkeys(filter(None, (ref, revision.branch(root), *_DEFAULT_BRANCHES)))
    behind = {commit: distance for distance, commit in enumerate(revision.ancestors(root))}
    made = f"/{keys.format_id(settings)}"
    found: dict[str, tuple[Entry, int]] = {}
    for name in wanted:
        for entry in _entries(source, name):
            if entry.key.endswith(made):
                found.setdefault(entry.key, (entry, behind.get(entry.commit, -1)))
    # A shallow clone knows no ancestors: the latest of the branch that was asked for is the best guess.
    ordered = sorted(found.values(), key=lambda pair: (pair[1] < 0, pair[1]))
    return ordered[:3], tuple(wanted)


def _entries(source: Place, ref: str) -> Sequence[Entry]:
    """Return the list of a branch; a damaged one is as if there were none, and the next push replaces it."""
    data = source.read(_ref(ref)) if ref else None
    try:
        rows: Any = json.loads(data or b"[]")
        entries = [Entry(str(row["commit"]), str(row["key"]), str(row["sha256"])) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    return [one for one in entries if package.is_object_id(one.commit) and _is_key(one.key)]


def _is_key(key: str) -> bool:
    """Return whether a key is TREE/FORMAT, so that the name of an object cannot lead out of the place."""
    tree, _, made = key.partition("/")
    return package.is_object_id(tree) and made.isalnum() and made.isascii()


def _ref(branch: str) -> str:
    return f"refs/{quote(branch, safe='')}"
