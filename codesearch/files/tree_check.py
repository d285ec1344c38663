"""Compares a tree with its cache: one listing per folder and one stat per file, without git's list or rules."""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from codesearch.files import git
from codesearch.files.tree_cache import (
    ALL,
    BY_HANDLE,
    FOLDER_FLAGS,
    NUMBERS,
    TreeCache,
    digest,
    index_stat,
    listing,
    place_of,
    rule_hash,
)
from codesearch.files.values import FileOptions, FoundFile


class Checked(NamedTuple):
    """A tree that still has the files of its cache."""

    changed: tuple[FoundFile, ...]
    """The candidates whose stat is another one now."""
    unchanged: int


def check(root: str, options: FileOptions, cache: TreeCache) -> Checked | None:
    """Return which files changed since the cache was made; None if the tree must be listed again.

    That is so if any folder has other entries, if a file changed that is perhaps no candidate any more, or if anything
    else that `discover` depends on may be different.
    """
    if any(rule_hash(os.path.join(root, path)) != known for path, known in cache.rules.items()):  # noqa: PTH118
        return None
    differing = _differing(root, cache)
    if differing is None or not _same_repositories(root, cache):
        return None
    changed = [_candidate(root, options, path, cache.candidates[place]) for path, place in differing]
    if None in changed:
        return None
    candidates = len(cache.candidates) - cache.candidates.count(0)
    return Checked(tuple(file for file in changed if file is not None), candidates - len(changed))


def _differing(root: str, cache: TreeCache) -> list[tuple[str, int]] | None:
    """Return (path, place in the cache) of the files with another stat; None if a folder has other entries."""
    differing: list[tuple[str, int]] = []
    place = 0
    for folder, names, watched in zip(cache.folders, cache.names, cache.watched, strict=True):
        if watched == ALL:
            watched = names.partition("//")[0]
        files = watched.split("/") if watched else []
        try:
            found = _look(f"{root}/{folder}" if folder else root, names, files)
            if found is None:
                return None
            now = array("q", found)
        except (OSError, OverflowError):
            return None
        at = place * NUMBERS
        if now != cache.stats[at : at + len(now)]:
            for number, name in enumerate(files):
                here = number * NUMBERS
                if now[here : here + NUMBERS] != cache.stats[at + here : at + here + NUMBERS]:
                    differing.append((f"{folder}/{name}" if folder else name, place + number))
        place += len(files)
    return differing


def _look(folder: str, names: str, files: Sequence[str]) -> list[int] | None:
    """Return the NUMBERS of each of the files in a folder, one after the other; None if its entries are not `names`."""
    if not BY_HANDLE:
        return _stats(os.lstat(f"{folder}/{name}") for name in files) if listing(folder) == names else None
    handle = os.open(folder, FOLDER_FLAGS)
    try:
        if listing(handle) != names:
            return None
        found: list[int] = []
        for name in files:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            found += (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        return found
    finally:
        os.close(handle)


def _stats(statuses: Iterable[os.stat_result]) -> list[int]:
    return [
        number
        for status in statuses
        for number in (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    ]


def _same_repositories(root: str, cache: TreeCache) -> bool:
    """Return whether git would still list the same tracked files, by the same configuration."""
    for repository in cache.repositories:
        folder = f"{root}/{repository.prefix}".rstrip("/") if repository.prefix else root
        if place_of(folder) != repository.place:
            return False
        if not repository.configuration:
            continue
        raw = os.fsencode(folder)
        try:
            if digest(git.configuration(raw)) != repository.configuration:
                return False
            # Commands such as `git status` write an index that holds the same.
            known = repository.index and index_stat(folder) == repository.index
            if not known and digest(git.tracked(raw)) != repository.tracked:
                return False
        except git.GitUnavailableError:
            return False
    return True


def _candidate(root: str, options: FileOptions, path: str, kind: int) -> FoundFile | None:
    """Return a changed file, as `discover` would; None if that is not certain from its name and stat."""
    from codesearch.files.discovery import language_by_name

    language = language_by_name(path) if kind == 1 else None
    if language is None:
        return None
    try:
        status = os.lstat(f"{root}/{path}")
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > options.max_file_size:
        return None
    return FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, language)
