"""What git says about a tree: its commit, its ancestors, and which files are as a commit has them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codesearch import languages
from codesearch.core.errors import NotFoundError, UsageError
from codesearch.files import git

MOST_ANCESTORS = 5000
"""Commits before HEAD among which the nearest artifact is looked for."""
_COMMITS_AT_ONCE = 500
"""Names of commits that one call of git is given."""
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, as seen from the root of an index."""

    commit: str
    tree: str
    """The git tree of the root, which is that of the commit, or of a folder in it."""
    prefix: str
    """The root relative to the top of the repository, ending in `/`; "" if they are the same."""


def _git(root: Path, *arguments: str) -> str:
    return os.fsdecode(git.output(os.fsencode(root), arguments)).strip("\n")


def find(root: Path, rev: str = "HEAD") -> Revision:
    """Return the commit `rev` of the repository around `root`, which may be bare.

    Raises NotFoundError if there is no repository, commit, or folder of that name in the commit.
    """
    if rev.startswith("-"):
        raise UsageError(f"{rev}: not the name of a commit")
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{rev}^{{commit}}")
    except git.GitUnavailableError as error:
        said = str(error)
        why = f"no commit {rev} here" if said == "git: git failed" else said
        raise NotFoundError(f"{root}: {why}") from error
    below = prefix(root)
    try:
        tree = _git(root, "rev-parse", "--verify", "--quiet", f"{commit}:{below}" if below else f"{commit}^{{tree}}")
    except git.GitUnavailableError as error:
        raise NotFoundError(f"{root}: commit {commit[:12]} has no folder {below}") from error
    return Revision(commit, tree, below)


def prefix(root: Path) -> str:
    """Return a root relative to the top of its repository, ending in `/`; "" for the top, and where there is none."""
    try:
        return _git(root, "rev-parse", "--show-prefix")
    except git.GitUnavailableError:  # bare, or no repository
        return ""


def found(root: Path, rev: str = "HEAD") -> Revision | None:
    """Return the same, or None if there is no such commit."""
    try:
        return find(root, rev)
    except NotFoundError:
        return None


def branch(root: Path) -> str:
    """Return the name of the branch that is checked out; "" for none."""
    try:
        return _git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    except git.GitUnavailableError:
        return ""


def ancestors(root: Path) -> list[str]:
    """Return HEAD and the commits before it, nearest first; only those that the clone has."""
    try:
        return _git(root, "rev-list", f"--max-count={MOST_ANCESTORS}", "HEAD").split()
    except git.GitUnavailableError:
        return []


def present(root: Path, commits: Iterable[str]) -> set[str]:
    """Return those of some commits, by their full names, that the clone around `root` has."""
    wanted = sorted({one for one in commits if _FULL.fullmatch(one)})
    found: set[str] = set()
    for start in range(0, len(wanted), _COMMITS_AT_ONCE):
        some = wanted[start : start + _COMMITS_AT_ONCE]
        try:
            found.update(_git(root, "rev-list", "--no-walk=unsorted", "--ignore-missing", *some, "--").split())
        except git.GitUnavailableError:
            return set()
    return found


def differing(root: Path, indexed: Iterable[str]) -> list[str]:
    """Return the paths, relative to `root`, that keep an index of the working tree from being that of HEAD.

    They are changed, new or deleted files that are in the index or would be. Raises GitUnavailableError.
    """
    known = set(indexed)
    prefix = _git(root, "rev-parse", "--show-prefix")
    listed = git.output(
        os.fsencode(root), ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", ".")
    )
    paths = [os.fsdecode(entry[3:]).removeprefix(prefix) for entry in listed.split(b"\0") if entry]
    return sorted(path for path in paths if path in known or languages.detect(path, b"") is not None)


def verified(root: Path, commit: str, tree: str) -> set[str]:
    """Return the paths, relative to `root`, that git knows to be as the tree (of the root) in `commit` has them.

    Empty if the clone does not have the commit, and `tree` neither. Git compares size and times with those that it
    noted, so no file is read; what it is not sure of is left out.
    """
    folder = os.fsencode(root)
    try:
        base = _base(root, commit, tree)
        if not base:
            return set()
        # H: tracked and checked out. A lower-case letter means that git does not look at the file.
        listed = git.output(folder, ("ls-files", "-v", "-z")).split(b"\0")
        tracked = {entry[2:] for entry in listed if entry.startswith(b"H ")}
        changed = git.output(folder, ("diff-index", "-z", "--name-only", "--no-renames", "--relative", base, "--"))
    except git.GitUnavailableError:
        return set()
    return {os.fsdecode(path) for path in tracked.difference(changed.split(b"\0"))}


def _base(root: Path, commit: str, tree: str) -> str:
    """Return the commit or tree that stands for `tree` as the content of `root`; "" if this clone has neither."""
    prefix = _git(root, "rev-parse", "--show-prefix")
    for base in (commit, tree if not prefix else ""):
        if not base:
            continue
        try:
            if _git(root, "rev-parse", "--verify", "--quiet", f"{base}:{prefix}") == tree:
                return base
        except git.GitUnavailableError:
            continue
    return ""


def is_repository(folder: Path) -> bool:
    """Return whether a folder is in a work tree, or is a bare repository."""
    path = os.fsencode(folder)
    return git.top_of(path) is not None or git.is_bare(path)
