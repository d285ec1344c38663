"""Ignore rules as git understands them, on bytes: matches a path against one file of patterns.

git's own matcher (`dir.c`, `wildmatch.c`) is the reference, quirks included; tests compare the two on random
trees. Names stay bytes because git's `?` and `[...]` match one byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from codesearch.core import globs

_NEVER = globs.NEVER.encode()


def translate(pattern: bytes) -> bytes:
    """Translate one glob, slashes significant, to a regex for `fullmatch` on a path relative to its base."""
    # Byte by byte: git's `?` and `[...]` match one byte.
    return globs.translate(pattern.decode("latin-1")).encode("latin-1")


def _trim(line: bytes) -> bytes:
    """Drop trailing spaces, as git does: those behind a backslash stay."""
    i, last, end = 0, -1, len(line)
    while i < end:
        if line[i] == 0x20:
            if last < 0:
                last = i
        else:
            if line[i] == 0x5C:
                i += 1
                if i >= end:
                    return line
            last = -1
        i += 1
    return line if last < 0 else line[:last]


class _Rule:
    """One pattern: its sign, the part of a path it applies to, and its regex."""

    __slots__ = ("folders_only", "ignores", "on_path", "regex", "source")

    def __init__(self, line: bytes) -> None:
        self.ignores = not line.startswith(b"!")
        body = line if self.ignores else line[1:]
        self.folders_only = body.endswith(b"/")
        if self.folders_only:
            body = body[:-1]
        self.on_path = b"/" in body
        self.source = translate(body[1:] if body.startswith(b"/") else body) if body else _NEVER
        self.regex: re.Pattern[bytes] | None = None

    def matches(self, name: bytes, path: bytes) -> bool:
        if self.regex is None:
            self.regex = re.compile(self.source, re.DOTALL)
        return self.regex.fullmatch(path if self.on_path else name) is not None


def _any_of(rules: Iterable[_Rule]) -> re.Pattern[bytes] | None:
    sources = [b"(?:" + rule.source + b")" for rule in rules if rule.source != _NEVER]
    return re.compile(b"|".join(sources), re.DOTALL) if sources else None


class Rules:
    """The patterns of one ignore file, or of one list of globs; later ones win.

    Most paths match nothing, so one regex of all patterns is asked first.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._rules = [_Rule(line) for line in lines]
        self._rules.reverse()

    @classmethod
    def parse(cls, text: bytes) -> Rules:
        """Read a file in gitignore syntax: comments, escapes, trailing spaces, CRLF, byte-order mark."""
        lines = []
        for raw in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            line = raw.partition(b"\0")[0]
            line = _trim(line.removesuffix(b"\r"))
            if line and not line.startswith(b"#"):
                lines.append(line)
        return cls(lines)

    @classmethod
    def of_globs(cls, globs: Iterable[str]) -> Rules:
        """Take globs from settings or the command line; no comments there, so `#x` is a name."""
        return cls(glob.encode("utf-8", "surrogateescape") for glob in globs if glob)

    def __bool__(self) -> bool:
        return bool(self._rules)

    @cached_property
    def _file_name(self) -> re.Pattern[bytes] | None:
        return _any_of(r for r in self._rules if not r.on_path and not r.folders_only)

    @cached_property
    def _file_path(self) -> re.Pattern[bytes] | None:
        return _any_of(r for r in self._rules if r.on_path and not r.folders_only)

    @cached_property
    def _folder_name(self) -> re.Pattern[bytes] | None:
        return _any_of(r for r in self._rules if not r.on_path)

    @cached_property
    def _folder_path(self) -> re.Pattern[bytes] | None:
        return _any_of(r for r in self._rules if r.on_path)

    def match(self, name: bytes, path: bytes, is_folder: bool) -> bool | None:
        """Return True if the last matching pattern ignores the path, False if it re-includes it, None if none matches.

        `path` is relative to the folder of the ignore file, with `/`; `name` is its last part.
        """
        by_name = self._folder_name if is_folder else self._file_name
        by_path = self._folder_path if is_folder else self._file_path
        if not (by_name and by_name.fullmatch(name)) and not (by_path and by_path.fullmatch(path)):
            return None
        for rule in self._rules:
            if (is_folder or not rule.folders_only) and rule.matches(name, path):
                return rule.ignores
        return None
