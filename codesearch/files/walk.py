"""List a tree without git: a walk that obeys `.gitignore` files at every level as git does.

Own code on `os.scandir`, because `rignore` (ripgrep's walker) cannot name a file whose name is not UTF-8, does
not say which folder it could not open, and knows nothing of nested repositories.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field

from codesearch.files.ignore import Rules
from codesearch.files.reading import read_plain

OWN_FOLDERS = frozenset({b".git", b".hg", b".svn", b".jj", b".codesearch"})
"""Folders of version control and of codesearch, which are never searched."""

DEFAULT_IGNORES = Rules.parse(b"node_modules/\n__pycache__/\n.venv/\n.tox/\n.nox/\n")
"""Ignored by default in trees outside git; any `.gitignore` can re-include it (`!node_modules/`)."""

Chain = tuple[tuple[int, bytes, Rules], ...]
"""Ignore files in force, nearest first: (length of the folder's prefix, what to put before the rest, rules)."""


@dataclass(slots=True)
class Listing:
    """The result of one git list or one walk; paths are bytes relative to its start."""

    paths: list[bytes] = field(default_factory=list)
    repositories: list[bytes] = field(default_factory=list)
    """Nested repositories and linked worktrees, ending in `/`; not looked into."""
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    """Folders that could not be listed, and why."""


def read_rules(path: bytes) -> Rules | None:
    """Read an ignore file; None if there is none, or if it is not a plain file (git does not follow links)."""
    try:
        return Rules.parse(read_plain(path))
    except OSError:  # none there, or a link or a folder of that name
        return None


def rules_above(top: bytes, folder: bytes) -> Chain:
    """Return the rules that a work tree's `top` and the folders between it and `folder` impose on `folder`.

    Both are absolute, `folder` is `top` or below it. `.git/info/exclude` comes last.
    """
    chain: list[tuple[int, bytes, Rules]] = []
    below = b""
    at = folder
    while at != top and os.path.dirname(at) != at:  # noqa: PTH120 - bytes
        below = os.path.basename(at) + b"/" + below  # noqa: PTH119 - bytes
        at = os.path.dirname(at)  # noqa: PTH120 - bytes
        rules = read_rules(at + b"/.gitignore")
        if rules:
            chain.append((0, below, rules))
    rules = read_rules(top + b"/.git/info/exclude")
    if rules:
        chain.append((0, below, rules))
    return tuple(chain)


def _is_ignored(chain: Chain, name: bytes, path: bytes, is_folder: bool) -> bool:
    """Return whether the nearest ignore file that mentions an entry ignores it."""
    for skip, before, rules in chain:
        ignored = rules.match(name, before + path[skip:], is_folder)
        if ignored is not None:
            return bool(ignored)
    return False


def walk(
    root: bytes,
    keep_folder: Callable[[bytes], bool],
    above: Chain = (),
    where: Iterable[bytes] = (),
    listed: Callable[[bytes, Collection[bytes]], None] = lambda path, names: None,
) -> Listing:
    """List the files below `root` that no `.gitignore` leaves out.

    `keep_folder(path)` is asked before a folder (relative, without a final `/`) is entered. `where` restricts the list
    to some paths and everything below them. `listed` is called with the names in a folder, if all of them were read.
    """
    found = Listing()
    ways = _ways(where)
    stack: list[tuple[bytes, Chain]] = [(b"", (*above, (0, b"", DEFAULT_IGNORES)))]
    while stack:
        prefix, chain = stack.pop()
        try:
            entries = _entries(root + b"/" + prefix, ways.get(prefix))
        except OSError as error:
            if prefix and isinstance(error, FileNotFoundError):
                continue
            found.unreadable.append((prefix.rstrip(b"/"), error.strerror or str(error)))
            continue
        names = {name for name, _ in entries}
        if prefix not in ways:
            listed(prefix[:-1], names)
        if prefix and b".git" in names:
            found.repositories.append(prefix)
            continue
        if b".gitignore" in names and (rules := read_rules(root + b"/" + prefix + b".gitignore")):
            chain = ((len(prefix), b"", rules), *chain)
        for name, is_folder in _kept(entries, prefix, chain, ways.get(prefix)):
            if not is_folder:
                found.paths.append(prefix + name)
            elif keep_folder(prefix + name):
                stack.append((prefix + name + b"/", chain))
    return found


def _kept(
    entries: Iterable[tuple[bytes, bool]], prefix: bytes, chain: Chain, wanted: Container[bytes] | None
) -> Iterator[tuple[bytes, bool]]:
    """Yield the (name, is a folder) of a folder's entries that are not ignored, and among `wanted` if that is given."""
    for name, is_folder in entries:
        if is_folder and name in OWN_FOLDERS:
            continue
        if not _is_ignored(chain, name, prefix + name, is_folder) and (wanted is None or name in wanted):
            yield name, is_folder


def _ways(where: Iterable[bytes]) -> dict[bytes, set[bytes]]:
    """Return the entries to read in each folder above the wanted paths; other folders are read whole."""
    ways: dict[bytes, set[bytes]] = {}
    wanted = set(where)
    for path in wanted:
        parts = path.split(b"/")
        above = [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
        if wanted.isdisjoint(above):
            for folder, name in zip([b"", *(folder + b"/" for folder in above)], parts, strict=True):
                ways.setdefault(folder, set()).add(name)
    return ways


def _entries(folder: bytes, names: set[bytes] | None) -> list[tuple[bytes, bool]]:
    """Return (name, is a folder) of the entries of a folder: of all, or of these names and of git's files."""
    if names is None:
        with os.scandir(folder) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    there = [name for name in names | {b".git", b".gitignore"} if os.path.lexists(folder + name)]
    return [(name, os.path.isdir(folder + name) and not os.path.islink(folder + name)) for name in there]  # noqa: PTH112, PTH114 - bytes
