"""The user's repositories: names, groups, and where each is. One JSON file in the folder of the user's settings.

A repository is a folder of the user's, or a clone in the cache folder. The folder of a clone follows from its name, so
nothing that the file holds can make codesearch overwrite or delete another folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesearch.core import dirs
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.lock import ProcessLock
from codesearch.core.replacing import USUAL, edit_bytes

FILE = "repositories.json"
FOLDER = "repositories"
ALL = "all"
"""Means every repository, so it is no name."""
LOCK_SECONDS = 30.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that has a name."""

    name: str
    folder: Path
    """Where its files are, absolute."""
    url: str = ""
    """What it was cloned from; "" for a folder of the user's."""
    branch: str = ""
    """The branch that is cloned; "" for the default branch or a commit."""
    commit: str = ""
    """The commit that is cloned; "" for a branch."""
    groups: tuple[str, ...] = ()

    @property
    def is_clone(self) -> bool:
        """Whether codesearch cloned it, and so may overwrite and delete its folder."""
        return bool(self.url)


def file() -> Path:
    """Return the file of the registry. Raises CodesearchError for a user without a home folder."""
    return _folder(dirs.config()) / FILE


def clones() -> Path:
    """Return the folder of the clones. Raises CodesearchError for a user without a home folder."""
    return _folder(dirs.cache()) / FOLDER


def _folder(found: Path | None) -> Path:
    if found is None:
        raise CodesearchError("repositories cannot be registered: this user has no home folder")
    return found


def load() -> dict[str, Repository]:
    """Return the repositories by name, in the order in which they were added.

    Raises UsageError if the file is damaged, CodesearchError if it cannot be read.
    """
    if dirs.config() is None:
        return {}
    path = file()
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise CodesearchError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        listed: dict[str, Any] = json.loads(raw)["repositories"]
        return {name: _from_json(name, facts) for name, facts in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise UsageError(
            f"{path}: not a list of repositories ({error}). Mend it, or delete it and add the repositories again"
        ) from error


def _from_json(name: str, facts: Mapping[str, Any]) -> Repository:
    checked_name(name)
    groups = tuple(map(checked_name, facts.get("groups", ())))
    url = str(facts.get("url", ""))
    folder = clones() / name if url else Path(str(facts["path"]))
    return Repository(name, folder, url, str(facts.get("branch", "")), str(facts.get("commit", "")), groups)


def _to_json(one: Repository) -> dict[str, Any]:
    facts: dict[str, Any] = {"url": one.url} if one.is_clone else {"path": str(one.folder)}
    optional = {"branch": one.branch, "commit": one.commit, "groups": list(one.groups)}
    return facts | {name: value for name, value in optional.items() if value}


@contextmanager
def changing() -> Iterator[dict[str, Repository]]:
    """Lend the registry for a change, which is written at the end, all or nothing. Other processes wait.

    Raises as `load`, and CodesearchError if the file cannot be written or another process changes it for too long.
    """
    path = file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = ProcessLock(path.with_name(FILE + ".lock"))
        if not lock.acquire(timeout=LOCK_SECONDS):
            raise CodesearchError(f"{path}: another process is changing it; try again")
    except OSError as error:
        raise CodesearchError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        found = load()
        before = dict(found)
        yield found
        if found != before:
            _write(path, found.values())
    finally:
        lock.release(delete=True)


def _write(path: Path, repositories: Iterable[Repository]) -> None:
    value = {"repositories": {one.name: _to_json(one) for one in repositories}}
    try:
        edit_bytes(path, (json.dumps(value, indent=2) + "\n").encode(), USUAL)
    except OSError as error:
        raise CodesearchError(f"{path}: cannot be written: {error.strerror}") from error


def checked_name(name: object) -> str:
    """Return the name of a repository or group. Raises UsageError if it cannot be one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a name: use letters, digits, `.`, `_` and `-`, a letter or digit first")
    if name.lower() == ALL:
        raise UsageError(f"{name!r} cannot be a name: it means all repositories")
    return name


def name_for(place: str) -> str:
    """Return a name for a folder or URL: its last part, without `.git`; "" if there is none."""
    last = re.split(r"[/\\:]", place.rstrip("/\\"))[-1].removesuffix(".git")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).lstrip("._-")[:100]


def put(found: dict[str, Repository], new: Repository) -> None:
    """Add a repository, or groups to one that is there. Raises UsageError if its name or a group's name is taken."""
    groups = {group for one in found.values() if one.name != new.name for group in one.groups}
    for one in found.values():
        if one.name.casefold() == new.name.casefold() and _place(one) != _place(new):
            raise UsageError(
                f"the name {one.name} is taken by {one.url or one.folder}: choose another with --name, or remove it "
                f"(`codesearch repo remove {one.name}`)"
            )
        if one.name in new.groups:
            raise UsageError(f"{one.name} is a repository, so it cannot be a group")
    if new.name in groups or new.name in new.groups:
        raise UsageError(f"{new.name} is a group, so it cannot be a repository: choose another name with --name")
    found[new.name] = new


def _place(one: Repository) -> tuple[str, str, str, str]:
    return (one.name, str(one.folder), one.url, one.branch or one.commit)
