"""The values of the file layer: options, found files, sources, and the reasons for leaving a file out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from codesearch.core.types import Skipped

REASONS: dict[str, str] = {
    "unknown language": "no language is known for this name; counted by extension, not listed",
    "too large": "larger than the setting max_file_size",
    "binary": "holds NUL bytes or mostly control characters",
    "minified": "machine-packed code; index it with the setting index_minified",
    "generated": "says that it is generated; index it with the setting index_generated",
    "data": "configuration or markup of this size is data",
    "unreadable": "the file or folder cannot be opened",
    "excluded": "left out by include, exclude, languages or a .codesearchignore; counted, not listed",
    "encoding": "starts as UTF-16 or UTF-32 but is not valid",
    "parse timeout": "the parser did not finish within the setting parse_timeout; it is read again when that is raised",
    "parse failed": "the parser crashed, needed too much memory, or gave nothing",
    "no grammar": "the grammar of its language is not installed; it is read as soon as that is",
    "interrupted": "the machine ran out of memory or was stopped while the file was read; the next runs read it again",
}
"""Why a file is not in the index: stable key -> explanation."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """The options that decide which files are indexed; docs/configuration.md describes each."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_file_size: int = 1 << 20
    """Bytes; larger files are skipped."""
    languages: tuple[str, ...] = ()
    """Names of languages; empty means all."""
    index_generated: bool = False
    index_minified: bool = False


class FoundFile(NamedTuple):
    """A candidate file and its stat.

    A named tuple, not a dataclass: ten thousand of them are made on every run, and it is three times as quick.
    """

    path: str
    """Relative to the root, with `/`; bytes that are not UTF-8 are surrogate-escaped."""
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    language: str
    """The language, by its name or, without an extension, by its first line; reading the rest may change it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a look at a tree found beside its candidate files."""

    skipped: tuple[Skipped, ...] = ()
    """Source files and folders left out one by one: `too large`, `unreadable`."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Files of no known language: extension with its dot, lower case (`.md`; `` for none) -> count."""
    excluded: int = 0
    """Files left out by include, exclude, languages or `.codesearchignore` (folders left out whole: not counted)."""
    notes: tuple[str, ...] = ()
    """Messages for the user: git refused, a second worktree was left out."""
    from_git: bool = False
    """The root's own list came from git, not from a walk."""


@dataclass(frozen=True, slots=True)
class Discovery(LeftOut):
    """The candidate files of a tree, in the order of their paths, and what was left out."""

    root: str
    """Absolute, symlinks as given."""
    files: tuple[FoundFile, ...]


class Source(NamedTuple):
    """The text of one file as the parser sees it."""

    data: bytes
    """UTF-8 without byte-order mark; lines end in LF or CRLF."""
    encoding: str
    """Encoding of the file: `utf-8`, `utf-8-sig`, `utf-16-le`, `cp1252` ..."""
    hash: bytes
    """blake2b, 16 bytes, of the file's raw content."""
    language: str
    """The language, by name and content."""
