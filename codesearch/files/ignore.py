"""Ignore rules as git understands them, on bytes: matches a path against one file of patterns.

git's own matcher (`dir.c`, `wildmatch.c`) is the reference, quirks included; tests compare the two on random
trees. Names stay bytes because git's `?` and `[...]` match one byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

_SPECIAL = re.compile(rb"[*?\[\\]")
_NEVER = rb"(?!)"

_CLASSES = {
    b"alnum": rb"[0-9A-Za-z]",
    b"alpha": rb"[A-Za-z]",
    b"blank": rb"[ \t]",
    b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]",
    b"graph": rb"[!-~]",
    b"lower": rb"[a-z]",
    b"print": rb"[ -~]",
    b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t\n\v\f\r]",
    b"upper": rb"[A-Z]",
    b"xdigit": rb"[0-9A-Fa-f]",
}


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """Translate the set that opens at `at`; return (regex, index after it), or None if it never closes."""
    negated = pattern[at + 1 : at + 2] in (b"!", b"^")
    i = first = at + 1 + negated
    members: set[int] = set()
    previous = -1  # perhaps the start of a range such as a-z
    while i < len(pattern):
        char = pattern[i]
        if char == 0x5D and i > first:  # ]
            return _set(set(range(256)) - members if negated else members), i + 1
        if pattern.startswith(b"[:", i) and (close := _class_end(pattern, i)) != i:
            named = _class(pattern[i + 2 : close - 1]) if close > 0 else None
            if named is None:
                return None
            members |= named
            previous, i = -1, close + 1
            continue
        is_range = previous >= 0 and char == 0x2D and pattern[i + 1 : i + 2] not in (b"", b"]")
        i += is_range
        if pattern[i] == 0x5C:  # a backslash, before any character
            i += 1
            if i >= len(pattern):
                return None
        members.update(range(previous if is_range else pattern[i], pattern[i] + 1))
        previous = -1 if is_range else pattern[i]
        i += 1
    return None


def _class(name: bytes) -> set[int] | None:
    """Return the bytes of a class such as `digit`; None if there is no such class."""
    regex = _CLASSES.get(name)
    return None if regex is None else {byte for byte in range(256) if re.match(regex, bytes((byte,)))}


def _class_end(pattern: bytes, at: int) -> int:
    """Return the index of the `]` of a `[:class:]` at `at`; `at` for an ordinary `[`, -1 if nothing closes it."""
    close = pattern.find(b"]", at + 2)
    if close < 0:
        return -1
    return at if close == at + 2 or pattern[close - 1] != 0x3A else close


def _set(members: set[int]) -> bytes:
    """Return the regex for a set of bytes; no set matches a slash."""
    body = b"".join(b"\\x%02x" % b for b in sorted(members - {0x2F}))
    return b"[" + body + b"]" if body else _NEVER


def _stars(pattern: bytes, stars: int, start: int) -> tuple[bytes, int]:
    """Translate the stars at `stars`; return (regex, index after them). `start` is where git's matcher starts."""
    i, end = stars, len(pattern)
    while i < end and pattern[i] == 0x2A:
        i += 1
    folders = (
        i - stars > 1
        and (stars == start or pattern[stars - 1] == 0x2F)
        and (i == end or pattern[i] == 0x2F or pattern.startswith(b"\\/", i))
    )
    if not folders:
        return b"[^/]*", i
    if i < end and pattern[i] == 0x2F:
        return b"(?:.*/)?", i + 1
    return b".*", i


def translate(pattern: bytes) -> bytes:
    """Translate one glob, slashes significant, to a regex for `fullmatch` on a path relative to its base."""
    special = _SPECIAL.search(pattern)
    # git compares the part before the first special character as it is and starts the matcher after it,
    # so that `**` counts as "at the start" there too: `foo**/bar` matches `foo/x/bar`.
    start = special.start() if special else len(pattern)
    out = [re.escape(pattern[:start])]
    i, end = start, len(pattern)
    while i < end:
        char = pattern[i : i + 1]
        if char == b"*":
            regex, i = _stars(pattern, i, start)
            out.append(regex)
            continue
        if char == b"?":
            out.append(b"[^/]")
        elif char == b"[":
            found = _bracket(pattern, i)
            if found is None:
                return _NEVER
            out.append(found[0])
            i = found[1]
            continue
        elif char == b"\\":
            i += 1
            if i >= end:
                return _NEVER
            out.append(re.escape(pattern[i : i + 1]))
        else:
            out.append(re.escape(char))
        i += 1
    return b"".join(out)


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
