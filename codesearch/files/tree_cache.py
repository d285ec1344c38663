"""What a look at a tree found, kept so that the next look recognises a tree in which nothing changed.

`discover` has git list the tree, applies rules, and makes a value of each file. Its list depends on the names in the
folders, on ignore files, and on git's configuration and list of tracked files. A tree cache holds all of these, with
the stat of each file whose content or size matters. Where they are the same, the list is, too. No time of a folder is
trusted: names are compared, because many file systems and tools do not keep these times. `tree_record` makes a cache,
`tree_check` compares it with the tree.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codesearch._version import __version__
from codesearch.core.replacing import replace_bytes
from codesearch.core.types import Skipped
from codesearch.files import git
from codesearch.files.reading import read_plain
from codesearch.files.values import FileOptions, LeftOut

FORMAT = 1
RULE_FILES = (".gitignore", ".codesearchignore")
BY_HANDLE = os.scandir in os.supports_fd and os.stat in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
"""Folders are opened once and their files found in them, which saves the system looking up the whole path each time."""
FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
ALL = "//"
"""Instead of names: every file of the folder."""
NUMBERS = 4
"""Per file: size, mtime, ctime, inode."""
_EMPTY = "\0"
_SECTIONS = 5
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Repository:
    """One git list or walk, and what it depended on."""

    prefix: str
    """Relative to the root, ending in `/`; "" for the root."""
    place: tuple[str, ...]
    """Where its repository is, and whose it is."""
    configuration: str = ""
    """The hash of git's configuration there; "" outside git."""
    index: tuple[int, ...] = ()
    """The stat of git's index file, if it was old enough to be trusted."""
    tracked: str = ""
    """The hash of the list of tracked files."""


@dataclass(frozen=True, slots=True)
class TreeCache:
    """What `discover` depended on, and what it found beside the files."""

    key: str
    """Root, options, and the program's tables: another list would be made with others."""
    rows: tuple[int, ...]
    """A fingerprint of the index that was compared with the tree, and matched it."""
    repositories: tuple[Repository, ...]
    rules: Mapping[str, str]
    """Ignore files, relative to the root or absolute -> the hash of their content; "" for none."""
    left_out: LeftOut
    folders: Sequence[str]
    """Relative to the root; "" is the root."""
    names: Sequence[str]
    """The entries of each folder, as `listing` gives them."""
    watched: Sequence[str]
    """The files of each folder whose stat matters, joined by `/`; ALL for all."""
    candidates: bytes
    """For each such file, in order: 1 for a candidate that its name alone makes one, 2 for other candidates, 0 for the
    rest."""
    stats: array[int]
    """NUMBERS for each such file."""


def key_of(root: str, options: FileOptions) -> str:
    """Return what must be the same for a cache to be of use, whatever the tree looks like."""
    from codesearch import languages

    tables = [(language.name, language.extensions, language.filenames) for language in languages.all()]
    variables = sorted(
        (name, value)
        for name, value in os.environ.items()
        if (name.startswith("GIT_") and name not in git.LOCAL_VARIABLES)
        or name in {"HOME", "USERPROFILE", "XDG_CONFIG_HOME"}
    )
    text = repr((FORMAT, __version__, root, options, tables, sorted(languages.DATA_FILES), variables))
    return digest(text.encode("utf-8", "surrogateescape"))


def digest(data: bytes) -> str:
    """Return the hash of some bytes, in hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=_DIGEST).hexdigest()


def rule_hash(path: str) -> str:
    """Return the hash of an ignore file; "" if there is none, or if it is not a plain file, which has no effect."""
    try:
        return digest(read_plain(os.fsencode(path)))
    except OSError:
        return ""


def listing(where: int | str) -> str:
    """Return the entries of a folder: its files joined by `/`, then `//`, then the others with a letter for their kind.

    Raises OSError if it cannot be read.
    """
    with os.scandir(where) as found:
        entries = list(found)
    files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    files.sort()
    if len(files) == len(entries):
        return "/".join(files) + "//"
    others = sorted(kind + entry.name for entry in entries if (kind := _kind(entry)))
    return "/".join(files) + "//" + "/".join(others)


def _kind(entry: os.DirEntry[str]) -> str:
    """Return "" for a file, else d for a folder, l for a link (on Windows also a junction), o for anything else."""
    if entry.is_file(follow_symlinks=False):
        return ""
    if entry.is_symlink() or getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", None):
        return "l"
    return "d" if entry.is_dir(follow_symlinks=False) else "o"


def parts(names: str) -> tuple[list[str], list[str]]:
    """Return (files, others with their letter) of a `listing`."""
    files, _, others = names.partition("//")
    return files.split("/") if files else [], others.split("/") if others else []


def place_of(folder: str) -> tuple[str, ...]:
    """Return where the repository of a folder is and who owns it: what decides whether and how git lists the folder."""
    raw = os.fsencode(folder)
    top = git.top_of(raw)
    if top is None:
        return ("bare",) if git.is_bare(raw) else ("none",)
    try:
        owners = (os.lstat(top).st_uid, os.lstat(top + b"/.git").st_uid)
    except OSError:
        return ("gone",)
    common = git.identity(top)
    valid = git.is_valid(top, common)
    return os.fsdecode(top), os.fsdecode(common), str(git.is_main_worktree(top)), str(valid), str(owners)


def index_stat(folder: str) -> tuple[int, ...]:
    """Return the stat of the index file of the repository around a folder; () if it has none."""
    top = git.top_of(os.fsencode(folder))
    if top is None:
        return ()
    try:
        status = os.lstat(git.folder_of(top) + b"/index")
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def load(file: Path, key: str, rows: tuple[int, ...]) -> TreeCache | None:
    """Read a cache; None if there is none for this key and this state of the index, or if it is damaged."""
    try:
        data = file.read_bytes()
        if data[:_DIGEST] != hashlib.blake2b(data[_DIGEST:], digest_size=_DIGEST).digest():
            return None
        return _decoded(data[_DIGEST:], key, rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(file: Path, cache: TreeCache) -> None:
    """Write a cache in place of the one before. Raises OSError; that one is then kept."""
    body = _encoded(cache)
    replace_bytes(file, hashlib.blake2b(body, digest_size=_DIGEST).digest() + body)


def _encoded(cache: TreeCache) -> bytes:
    head: dict[str, Any] = {
        "key": cache.key,
        "rows": cache.rows,
        "repositories": [asdict(repository) for repository in cache.repositories],
        "rules": dict(cache.rules),
        "left_out": asdict(cache.left_out),
    }
    texts = [_EMPTY.join(some).encode("utf-8", "surrogatepass") for some in (cache.folders, cache.names, cache.watched)]
    body = [json.dumps(head).encode(), *texts, cache.candidates]
    lengths = array("q", map(len, body)).tobytes()
    return b"".join((lengths, *body, cache.stats.tobytes()))


def _decoded(data: bytes, key: str, rows: tuple[int, ...]) -> TreeCache | None:
    at = 8 * _SECTIONS
    lengths = array("q", data[:at])
    sections = []
    for length in lengths:
        sections.append(data[at : at + length])
        at += length
    head = json.loads(sections[0])
    if head["key"] != key or tuple(head["rows"]) != rows:
        return None
    folders, names, watched = (text.decode("utf-8", "surrogatepass").split(_EMPTY) for text in sections[1:4])
    left_out = head["left_out"]
    skipped = tuple(Skipped(**one) for one in left_out["skipped"])
    return TreeCache(
        key,
        rows,
        tuple(
            Repository(one["prefix"], tuple(one["place"]), one["configuration"], tuple(one["index"]), one["tracked"])
            for one in head["repositories"]
        ),
        head["rules"],
        LeftOut(**{**left_out, "skipped": skipped, "notes": tuple(left_out["notes"])}),
        folders,
        names,
        watched,
        sections[4],
        array("q", data[at:]),
    )
