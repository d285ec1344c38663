"""Makes a tree cache from a look at a tree, if it is certain that nothing changed meanwhile.

Git's list does not say which folders git looked into, nor what is in them beside the files that it lists. So each
folder is listed here, and git says of every name that is not in its list whether its rules ignore it. A name that is
neither listed nor ignored appeared after the list was made; then there is no cache, and the next look makes one.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from codesearch.files import git
from codesearch.files.discovery import language_by_name
from codesearch.files.times import settled
from codesearch.files.trail import Trail
from codesearch.files.tree_cache import ALL, RULE_FILES, TreeCache, key_of, listing, parts, rule_hash
from codesearch.files.values import Discovery, FileOptions, LeftOut
from codesearch.files.walk import OWN_FOLDERS, Listing

_OWN = frozenset(map(os.fsdecode, OWN_FOLDERS))


_Known = dict[str, tuple[int, tuple[int, int, int, int]]]
"""Name -> (kind, stat) of the files in one folder."""


class _ChangedError(Exception):
    """Something changed while the tree was looked at, or cannot be recorded; the message says what."""


def record(found: Discovery, options: FileOptions, trail: Trail, rows: tuple[int, ...]) -> TreeCache | str:
    """Return the cache of a look, or why there is none. `rows` is the fingerprint of the index that matches it."""
    try:
        if trail.odd:
            raise _ChangedError(trail.odd)
        return _Record(found, trail).cache(options, rows)
    except (_ChangedError, git.GitUnavailableError) as error:
        return str(error)
    except (OSError, OverflowError) as error:
        return f"{type(error).__name__}: {error}"


@dataclass(slots=True)
class _Record:
    """A cache in the making."""

    found: Discovery
    trail: Trail
    folders: dict[str, str] = field(default_factory=dict)
    """Folder -> its entries."""
    rules: dict[str, str] = field(default_factory=dict)

    def cache(self, options: FileOptions, rows: tuple[int, ...]) -> TreeCache:
        """Look into every folder, and return the cache. Raises _ChangedError."""
        for prefix, listed in self.trail.listings.items():
            folder = os.fsdecode(prefix).rstrip("/")
            if listed is None:
                if not os.path.lexists(f"{self._at(folder)}/.git"):
                    self._scan(folder)  # a submodule that is not checked out
                continue
            if prefix in self.trail.by_walk:
                self._walked(prefix.rstrip(b"/"))
            else:
                self._listed(folder, listed)
            self._rules_around(self._at(folder))
        folders = sorted(self.folders)
        watched, candidates, stats = self._files(folders)
        found = self.found
        left_out = LeftOut(
            skipped=found.skipped, unknown=found.unknown, excluded=found.excluded, notes=found.notes,
            from_git=found.from_git,
        )  # fmt: skip
        repositories = tuple(self.trail.repositories.values())
        names = [self.folders[folder] for folder in folders]
        key = key_of(found.root, options)
        return TreeCache(key, rows, repositories, self.rules, left_out, folders, names, watched, candidates, stats)

    def _at(self, path: str) -> str:
        return f"{self.found.root}/{path}" if path else self.found.root

    def _scan(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the entries of a folder, and take note of them and of its ignore files."""
        at = self._at(folder)
        status = os.lstat(at)
        if not settled(status.st_mtime_ns, status.st_ctime_ns, self.trail.started_ns):
            raise _ChangedError(f"{folder or '.'} has just changed")
        self.folders[folder] = listing(at)
        files, others = parts(self.folders[folder])
        for name in RULE_FILES:
            if name in files or f"l{name}" in others:
                self._rule(f"{folder}/{name}" if folder else name)
        return files, others

    def _rule(self, path: str) -> None:
        """Take note of an ignore file, relative to the root or absolute; there may be none."""
        place = os.path.join(self.found.root, path)  # noqa: PTH118 -- an absolute path stays
        try:
            status = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            self.rules[path] = ""
            return
        if not settled(status.st_mtime_ns, status.st_ctime_ns, self.trail.started_ns):
            raise _ChangedError(f"{path} has just changed")
        self.rules[path] = rule_hash(place)

    def _rules_around(self, folder: str) -> None:
        """Take note of the ignore files that hold in a folder but are not in it or below."""
        top = git.top_of(os.fsencode(folder))
        if top is None:
            return
        at = folder
        while at != os.fsdecode(top) and os.path.dirname(at) != at:  # noqa: PTH120
            at = os.path.dirname(at)  # noqa: PTH120
            self._rule(f"{at}/.gitignore")
        self._rule(os.fsdecode(git.identity(top)) + "/info/exclude")
        # Walked instead of listed: `rules_above` reads this one.
        self._rule(os.fsdecode(top) + "/.git/info/exclude")
        excludes = git.excludes_file(os.fsencode(folder))
        if excludes is None:
            raise _ChangedError("git's core.excludesFile cannot be understood")
        for file in excludes:
            self._rule(os.fsdecode(file))

    def _walked(self, prefix: bytes) -> None:
        """Take note of the folders of a walk."""
        for folder, before in self.trail.walked.items():
            if folder == prefix or not prefix or folder.startswith(prefix + b"/"):
                if os.fsdecode(folder) in self.folders:
                    continue
                files, others = self._scan(os.fsdecode(folder))
                names = {os.fsencode(name) for name in (*files, *(name[1:] for name in others))}
                if names != before:
                    raise _ChangedError(f"{os.fsdecode(folder) or '.'} has other entries")

    def _listed(self, base: str, listed: Listing) -> None:
        """Take note of the folders that git looked into, from the one that it was asked about."""
        start = f"{base}/" if base else ""
        known = _by_folder(listed)
        nested = {os.fsdecode(path.rstrip(b"/")) for path in listed.repositories}
        level = [""]
        while level:
            inside: list[str] = []
            doubtful: dict[str, bool] = {}
            for folder in level:
                files, others = self._scan(f"{start}{folder}" if folder else base)
                for name in files:
                    self._listed_file(start, folder, name, known[folder], doubtful)
                for entry in others:
                    path = f"{folder}/{entry[1:]}" if folder else entry[1:]
                    if entry[0] == "d" and path in known and entry[1:] not in _OWN:
                        inside.append(path)
                    elif path not in nested:
                        self._other_entry(start, path, entry[0], entry[1:] in known[folder], doubtful)
            level = inside + self._not_ignored(base, start, doubtful)
            known.update((path, known.get(path, set())) for path in level)

    def _not_ignored(self, base: str, start: str, doubtful: dict[str, bool]) -> list[str]:
        """Return the folders among entries that git did not list, if its rules do not ignore them.

        Raises _ChangedError if they do not ignore a file: it is new.
        """
        ignored = git.ignored(os.fsencode(self._at(base)), map(os.fsencode, doubtful))
        left = [path for path in doubtful if os.fsencode(path) not in ignored]
        for path in left:
            if not doubtful[path]:
                raise _ChangedError(f"{start}{path} is new")
        return left

    def _listed_file(self, start: str, folder: str, name: str, known: set[str], doubtful: dict[str, bool]) -> None:
        """Judge a file: it is in git's list, and was a file then, or remains to be judged by git's rules."""
        path = f"{folder}/{name}" if folder else name
        if name not in known:
            if name != ".git":
                doubtful[path] = False
            elif folder:
                raise _ChangedError(f"{start}{folder} is a repository that git does not list as one")
        elif os.fsencode(start + path) in self.trail.irregular:
            raise _ChangedError(f"{start}{path} is another kind of file now")

    def _other_entry(self, start: str, path: str, kind: str, listed: bool, doubtful: dict[str, bool]) -> None:
        """Judge an entry that is no file, nor a folder with listed files or a repository of its own."""
        raw, name = os.fsencode(start + path), path.rpartition("/")[2]
        if listed:
            if raw not in self.trail.irregular and raw not in self.trail.excluded:
                raise _ChangedError(f"{start}{path} is another kind of file now")
        elif name == ".git":
            if "/" in path:
                raise _ChangedError(f"{start}{path}: git does not list this repository as one")
        elif kind == "l" or (kind == "d" and name not in _OWN):
            doubtful[path] = kind == "d"

    def _files(self, folders: Iterable[str]) -> tuple[list[str], bytes, array[int]]:
        """Return the files whose stat matters, by folder, with kind and stat, in the form of a cache."""
        watched: list[str] = []
        candidates = bytearray()
        stats = array("q")
        for folder, known in self._known_files(folders).items():
            files = parts(self.folders[folder])[0]
            names = [name for name in files if name in known]
            if len(names) != len(known):
                raise _ChangedError(f"a file of {folder or '.'} is gone")
            watched.append(ALL if names and len(names) == len(files) else "/".join(names))
            for name in names:
                candidates.append(known[name][0])
                stats.extend(known[name][1])
        return watched, bytes(candidates), stats

    def _known_files(self, folders: Iterable[str]) -> dict[str, _Known]:
        """Return (kind, stat) of the files in each folder whose stat matters, by name."""
        by_folder: dict[str, _Known] = {folder: {} for folder in folders}
        certain: dict[str, bool] = {}
        moment = self.trail.started_ns
        for file in self.found.files:
            folder, _, name = file.path.rpartition("/")
            suffix = "x" + name[name.rfind(".") :] if name.rfind(".") > 0 else name
            if suffix not in certain:
                certain[suffix] = language_by_name(name) is not None
            by_name = certain[suffix]
            if not by_name and not settled(file.mtime_ns, file.ctime_ns, moment):
                raise _ChangedError(f"{file.path} has just changed")
            _of(by_folder, folder)[name] = 1 if by_name else 2, file[1:5]
        for path, status in self.trail.others:
            if not settled(status.st_mtime_ns, status.st_ctime_ns, moment):
                raise _ChangedError(f"{path} has just changed")
            folder, _, name = path.rpartition("/")
            numbers = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
            _of(by_folder, folder)[name] = 0, numbers
        return by_folder


def _of(by_folder: dict[str, _Known], folder: str) -> _Known:
    if folder not in by_folder:
        raise _ChangedError(f"{folder} was not there")
    return by_folder[folder]


def _by_folder(listed: Listing) -> dict[str, set[str]]:
    """Return the listed names in each folder, with every folder above one that has any."""
    known: dict[str, set[str]] = {"": set()}
    for raw in listed.paths:
        folder, _, name = os.fsdecode(raw).rpartition("/")
        known.setdefault(folder, set()).add(name)
    complete = {""}
    for folder in (*known, *(os.fsdecode(path.rstrip(b"/")).rpartition("/")[0] for path in listed.repositories)):
        at = folder
        while at not in complete:
            known.setdefault(at, set())
            complete.add(at)
            at = at.rpartition("/")[0]
    return known
