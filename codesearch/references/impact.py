"""What a change reaches: the symbols that a diff touches, what calls them, and the tests of both."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from codesearch.core.errors import UsageError
from codesearch.core.types import Symbol
from codesearch.files import git
from codesearch.index import Index
from codesearch.references.edges import Confidence, Edge
from codesearch.references.graph import Graph, supported
from codesearch.store.paths import stored
from codesearch.store.references import Known

STEPS = 3
"""Arrows that are followed backwards."""

_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change reaches."""

    changed: tuple[Symbol, ...]
    """The symbols with changed lines, by path and line."""
    reached: tuple[Edge, ...]
    """What calls them, directly or through others, the nearest first; tests are not among them."""
    tests: tuple[Edge, ...]
    """The tests among what calls them, the nearest first."""
    unknown: tuple[str, ...]
    """Changed files of which nothing is known: deleted, not indexed, or in a language without references."""


def impact(
    of: Index, rev: str = "HEAD", *, confidence: Confidence = "likely", steps: int = STEPS, staged: bool = False
) -> Impact:
    """Return what the difference between a commit and the tree reaches, by at most `steps` calls.

    `staged` compares the commit with what is staged. Bring the index up to date first: lines are those of the tree.
    Raises UsageError if git cannot compare them, NotFoundError if there is no index.
    """
    graph = Graph(of)
    changed: dict[int, Known] = {}
    unknown: list[str] = []
    for path, ranges in changed_lines(of, rev, staged=staged).items():
        symbols = graph.references.in_file(stored(path))
        if not symbols or not supported(symbols[0].symbol.language):
            unknown.append(path)
        for first, last in ranges if symbols else ():
            changed.update((one.id, one) for one in _touched(symbols, first, last))
    begun = sorted(changed.values(), key=lambda one: (one.symbol.path, one.symbol.start_line, one.id))
    reached = graph.reaching(begun, confidence, steps)
    return Impact(
        tuple(one.symbol for one in begun),
        tuple(edge for edge in reached if not graph.is_test(edge.symbol)),
        tuple(edge for edge in reached if graph.is_test(edge.symbol)),
        tuple(sorted(unknown)),
    )


def _touched(symbols: list[Known], first: int, last: int) -> list[Known]:
    """Return the innermost symbols that some lines touch; a module only if nothing else is there."""
    touched = [one for one in symbols if one.symbol.start_line <= last and one.symbol.end_line >= first]
    inner = [
        one
        for one in touched
        if not any(
            other.id != one.id
            and one.symbol.start_byte <= other.symbol.start_byte
            and other.symbol.end_byte <= one.symbol.end_byte
            and (other.symbol.start_line <= first and other.symbol.end_line >= last)
            for other in touched
        )
    ]
    return [one for one in inner if one.symbol.kind != "module"] or inner


def changed_lines(of: Index, rev: str, *, staged: bool = False) -> dict[str, list[tuple[int, int]]]:
    """Return the changed lines of each file that differs from a commit, as (first, last) of the tree.

    Paths are relative to the root. New files that git does not track are whole changes. Raises UsageError.
    """
    if rev.startswith("-"):
        raise UsageError(f"{rev} is no commit")
    root = os.fsencode(of.root)
    options = [
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--no-renames",
        "--relative",
        "-U0",
        "--inter-hunk-context=0",
    ]
    prefixes = ["--src-prefix=a/", "--dst-prefix=b/"]  # users set others
    try:
        text = git.output(root, ["diff", *options, *prefixes, *(["--cached"] if staged else []), rev, "--", "."])
        new = git.output(root, ["ls-files", "-z", "--others", "--exclude-standard", "--", "."]) if not staged else b""
    except git.GitUnavailableError as error:
        raise UsageError(f"cannot compare the tree with {rev}: {error}") from error
    found = parse(os.fsdecode(text))
    found.update((os.fsdecode(path), [(1, 1 << 30)]) for path in new.split(b"\0") if path)
    return found


def parse(diff: str) -> dict[str, list[tuple[int, int]]]:
    """Return the changed lines of each file of a unified diff, as (first, last) of the new files."""
    found: dict[str, list[tuple[int, int]]] = {}
    path = ""
    left = 0
    for line in diff.split("\n"):
        if left > 0 and line[:1] in ("+", " "):
            left -= 1
        elif line.startswith("--- ") and left <= 0:
            path = _path(line[4:])
        elif line.startswith("+++ ") and left <= 0:
            path = _path(line[4:]) or path
            found.setdefault(path, [])
        elif hunk := _HUNK.match(line):
            first, left = int(hunk[1]), int(hunk[2] or 1)
            found[path].append((max(1, first), max(1, first + left - 1)))
    return found


def _path(name: str) -> str:
    """Return the path that a header of a diff names, which git quotes as C does; "" for none."""
    name = name.rstrip("\t\r")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = os.fsdecode(_ESCAPE.sub(_unescaped, os.fsencode(name[1:-1])))
    return "" if name == "/dev/null" else name[2:] if name[:2] in ("a/", "b/") else name


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    return bytes([int(escaped, 8)]) if escaped.isdigit() else _ESCAPED.get(escaped, escaped)
