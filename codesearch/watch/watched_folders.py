"""Decides which folders of a tree to watch: those that may hold indexed files, not ignored ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from codesearch.files import git
from codesearch.files.discovery import Selection
from codesearch.files.reading import read_plain
from codesearch.files.values import FileOptions
from codesearch.files.walk import DEFAULT_IGNORES, OWN_FOLDERS, Chain, read_rules, rules_above
from codesearch.watch.debounce import Batch


class Folders:
    """The folders of a tree by its current ignore files; make a new object when those change.

    It may allow more folders than hold indexed files, but never fewer, except for tracked files in ignored folders.
    """

    def __init__(self, root: Path, options: FileOptions) -> None:
        self._root = os.fsencode(root)
        self._selection = Selection(self._root, options)
        top = git.top_of(self._root)
        above: Chain = ((0, b"", DEFAULT_IGNORES),)
        if top is not None:
            above = rules_above(top, self._root) if top != self._root else _excludes(self._root)
        self._chains: dict[bytes, Chain] = {b"": self._with_own(b"", above)}

    def _with_own(self, prefix: bytes, chain: Chain) -> Chain:
        rules = read_rules(self._root + b"/" + prefix + b".gitignore")
        return ((len(prefix), b"", rules), *chain) if rules else chain

    def _chain(self, folder: bytes) -> Chain:
        """Return the ignore rules for the entries of a folder."""
        if folder not in self._chains:
            chain = self._chain(folder.rpartition(b"/")[0])
            if os.path.lexists(self._root + b"/" + folder + b"/.git"):
                chain = tuple((len(folder) + 1, b"", rules) for _, _, rules in _excludes(self._root + b"/" + folder))
            self._chains[folder] = self._with_own(folder + b"/", chain)
        return self._chains[folder]

    def wants(self, folder: bytes) -> bool:
        """Return whether a folder (relative, without a final `/`) may hold files of the index."""
        while folder:
            above, _, name = folder.rpartition(b"/")
            if name in OWN_FOLDERS or not self._passes(above, name, folder):
                return False
            folder = above
        return True

    def _passes(self, above: bytes, name: bytes, path: bytes) -> bool:
        for skip, before, rules in self._chain(above):
            ignored = rules.match(name, before + path[skip:], True)
            if ignored is not None:
                if ignored:
                    return False
                break
        return self._selection.keeps_folder(path)

    def below(self, folder: bytes = b"") -> Iterator[bytes]:
        """Yield a folder, if it is wanted, and those below it; each before its entries are listed."""
        if not self.wants(folder):
            return
        stack = [folder]
        while stack:
            at = stack.pop()
            yield at
            try:
                with os.scandir(self._root + b"/" + at) as entries:
                    names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
            except OSError:
                continue  # gone or closed to us: the update reports it
            prefix = at + b"/" if at else b""
            stack += [
                prefix + name for name in names if name not in OWN_FOLDERS and self._passes(at, name, prefix + name)
            ]


def _excludes(top: bytes) -> Chain:
    rules = read_rules(top + b"/.git/info/exclude")
    return ((0, b"", rules),) if rules else ()


RULES = Batch(whole=True, folders=True)
"""What to check when ignore rules may have changed."""


def git_files(root: Path) -> dict[bytes, Batch]:
    """Return the files, besides those of the tree, that decide what git lists: absolute path -> what to check.

    These are HEAD and index, each `.gitignore` between the top of the work tree and the root, `info/exclude`, the
    user's global ignore file, and the configuration that names it. They need not exist yet.
    """
    folder = os.fsencode(root)
    top = git.top_of(folder)
    if top is None:
        return {}
    own = top + b"/.git"
    if not Path(os.fsdecode(own)).is_dir():
        try:
            text = read_plain(own, 8192)
        except OSError:
            return {}
        own = os.path.normpath(os.path.join(top, text.removeprefix(b"gitdir:").strip()))  # noqa: PTH118 - bytes
    common = git.identity(top)
    found = {own + b"/HEAD": Batch(whole=True), own + b"/index": Batch(whole=True)}
    rules = [common + b"/info/exclude", common + b"/config", *_users_files(folder)]
    at = folder
    while at != top:
        at = os.path.dirname(at)  # noqa: PTH120 - bytes
        rules.append(at + b"/.gitignore")
    for path in rules:
        found[path] = found[os.path.realpath(path)] = RULES
    return found


def _users_files(folder: bytes) -> list[bytes]:
    """Return the user's global ignore file, and the files of git's configuration that may name another."""
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    named = os.environ.get("GIT_CONFIG_GLOBAL")
    found = [named] if named else [os.path.expanduser("~/.gitconfig"), f"{settings}/git/config"]  # noqa: PTH111
    try:
        ignored = git.output(folder, ["config", "--path", "--get", "core.excludesFile"])
        found.append(os.fsdecode(os.path.join(folder, ignored.rstrip(b"\n"))))  # noqa: PTH118 - bytes
    except (git.GitUnavailableError, ValueError):  # also the answer if none is set
        found.append(f"{settings}/git/ignore")
    return [os.fsencode(path) for path in found if Path(path).is_absolute()]


def folders_of(files: Mapping[bytes, Batch]) -> dict[bytes, dict[bytes, Batch]]:
    """Return the folders to watch for some files: folder -> name in it -> what to check.

    For a folder that does not exist yet, its nearest parent is watched until it does.
    """
    found: dict[bytes, dict[bytes, Batch]] = {}
    for path, batch in files.items():
        folder, name = os.path.split(path)
        while not os.path.isdir(folder) and os.path.dirname(folder) != folder:  # noqa: PTH112, PTH120 - bytes
            (folder, name), batch = os.path.split(folder), RULES
        names = found.setdefault(folder, {})
        names[name] = names.get(name, Batch()) | batch
    return found
