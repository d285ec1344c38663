"""What a change does to the symbols of a tree: added, changed, removed, moved; what is like them, and who calls them.

A symbol counts as changed if its own text differs: its source and documentation without the symbols inside it, so that
a class does not change with each of its methods.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from codesearch.artifacts import revision
from codesearch.core.errors import NotFoundError
from codesearch.core.types import CALLABLES, Hit, Skipped, Symbol
from codesearch.files import git, judge
from codesearch.files.reading import read_plain
from codesearch.index import Index
from codesearch.indexing.buffer_worker import Buffer, BufferReader
from codesearch.references import graph

LIKE = 0.75
"""Similarity from which a function that is added is reported as like another. Names weigh much in small ones."""
MOST_LIKE = 3
MOST_CALLERS = 20

What = Literal["added", "changed", "removed", "moved"]


@dataclass(frozen=True, slots=True)
class Change:
    """A symbol that a change touches."""

    what: What
    symbol: Symbol
    """As it is now; as it was, if it was removed."""
    before: str = ""
    """The path where it was, if it was moved."""
    like: tuple[Hit, ...] = ()
    """For a function that was added: symbols of the tree that are much like it."""
    callers: tuple[Symbol, ...] = ()
    """The symbols that call a function that was changed, or still call one that was removed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between a commit and the working tree."""

    base: str
    """The commit that was compared."""
    changes: tuple[Change, ...]
    files: int
    """Files that differ."""
    skipped: tuple[Skipped, ...] = ()
    """Files that differ and could not be read as source."""


class _Own(NamedTuple):
    """A symbol and its own text."""

    symbol: Symbol
    text: bytes
    source: bytes
    """All of its source."""


_Key = tuple[str, str, str, int]
"""Path, kind, name, and number among those of the same name."""


class _Comparison(NamedTuple):
    commit: str
    changes: list[Change]
    before: dict[_Key, _Own]
    paths: list[str]
    skipped: dict[str, Skipped]


class Touched(NamedTuple):
    """A symbol that a change adds or changes."""

    symbol: Symbol
    before: bytes
    """Its source before the change; empty if the change adds it."""


def difference(index: Index, base: str = "HEAD", *, like: float = LIKE) -> Difference:
    """Return what differs between the commit where the tree left `base` and the files as they are now.

    The index must be up to date. Raises NotFoundError if there is no such commit.
    """
    compared = _comparison(index, base)
    found = [_with_evidence(index, change, like) for change in compared.changes]
    order = ("added", "changed", "moved", "removed")
    found.sort(key=lambda one: (order.index(one.what), one.symbol.path, one.symbol.start_line))
    skipped = tuple(compared.skipped[path] for path in sorted(compared.skipped))
    return Difference(compared.commit, tuple(found), len(compared.paths), skipped)


def touched(index: Index, base: str = "HEAD") -> list[Touched]:
    """Return the symbols that differ from the commit where the tree left `base`, by path and line.

    Those that were only moved or removed are left out. Raises as `difference`.
    """
    compared = _comparison(index, base)
    before: dict[tuple[str, str, str], bytes] = {}
    for (path, kind, name, _), own in compared.before.items():
        before.setdefault((path, kind, name), own.source)
    found = [
        Touched(
            one.symbol,
            before.get((one.symbol.path, one.symbol.kind, one.symbol.qualname), b"") if one.what == "changed" else b"",
        )
        for one in compared.changes
        if one.what in ("added", "changed")
    ]
    return sorted(found, key=lambda one: (one.symbol.path, one.symbol.start_line))


def _comparison(index: Index, base: str) -> _Comparison:
    at = revision.find(index.root, base)
    commit = _fork(index.root, at.commit)
    paths = paths_since(index.root, commit)
    reader = BufferReader()
    skipped: dict[str, Skipped] = {}
    try:
        before = dict(_symbols(index, reader, _old(index.root, commit, at.prefix, paths), skipped))
        after = dict(_symbols(index, reader, _new(index, paths), skipped))
    finally:
        reader.close()
    return _Comparison(commit, _moved(list(_compared(before, after)), before, after), before, paths, skipped)


def _fork(root: Path, commit: str) -> str:
    """Return the last commit that HEAD and another have in common: what others added since is no part of a change."""
    try:
        return git.output(os.fsencode(root), ("merge-base", commit, "HEAD")).decode().strip()
    except git.GitUnavailableError:
        return commit  # a shallow clone


def paths_since(root: Path, commit: str) -> list[str]:
    """Return the files that differ from a commit, new ones included, relative to the root."""
    folder = os.fsencode(root)
    try:
        changed = git.output(
            folder, ("diff", "--name-only", "-z", "--no-renames", "--relative", "--no-ext-diff", commit)
        )
        added = git.output(folder, ("ls-files", "-o", "-z", "--exclude-standard"))
    except git.GitUnavailableError as error:
        raise NotFoundError(f"{root}: {error}") from error
    return sorted({os.fsdecode(path) for path in (*changed.split(b"\0"), *added.split(b"\0")) if path})


def _old(root: Path, commit: str, prefix: str, paths: list[str]) -> Iterator[tuple[str, bytes]]:
    folder = os.fsencode(root)
    wanted = {os.fsencode(path) for path in paths}
    listed = git.output(folder, ("ls-tree", "-r", "-z", "--full-tree", f"{commit}:{prefix}"))
    entries = [entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry]
    known = [(name, head.split()) for head, name in entries if name in wanted]
    plain = [(name, head[2]) for name, head in known if head[0] in (b"100644", b"100755")]
    for (name, _), data in zip(plain, git.blobs(folder, [id for _, id in plain]), strict=True):
        yield os.fsdecode(name), data


def _new(index: Index, paths: list[str]) -> Iterator[tuple[str, bytes]]:
    indexed = set(index.paths())
    for path in paths:
        if path in indexed:
            try:
                yield path, read_plain(f"{index.root}/{path}", index.settings.max_file_size + 1)
            except OSError:
                continue


def _symbols(
    index: Index, reader: BufferReader, files: Iterator[tuple[str, bytes]], skipped: dict[str, Skipped]
) -> Iterator[tuple[_Key, _Own]]:
    """Yield the symbols of some files by (path, kind, name, number among those of the same name)."""
    options = index.settings.file_options()
    for path, raw in files:
        source = judge(path, raw, options)
        if isinstance(source, Skipped):
            if source.reason != "unknown language":
                skipped[path] = source
            continue
        record = reader.read(Buffer(path, raw, None, options, index.settings.parse_timeout))
        if record.skipped is not None:
            skipped[path] = Skipped(path, record.skipped, record.detail)
        seen: dict[tuple[str, str], int] = {}
        symbols = [one.symbol for one in record.symbols]
        for symbol in symbols:
            name = (symbol.kind, symbol.qualname)
            seen[name] = seen.get(name, 0) + 1
            text = _own_text(symbol, symbols, source.data)
            if symbol.kind != "module" or text.strip():  # the rest of a file that holds nothing else is no news
                yield (path, *name, seen[name]), _Own(symbol, text, source.data[symbol.start_byte : symbol.end_byte])


def _own_text(symbol: Symbol, others: list[Symbol], data: bytes) -> bytes:
    """Return the text of a symbol without the symbols inside it, and without the blanks around its lines."""
    at, parts = symbol.start_byte, []
    for inner in sorted(others, key=lambda one: (one.start_byte, -one.end_byte)):
        inside = symbol.start_byte <= inner.start_byte and inner.end_byte <= symbol.end_byte and inner is not symbol
        if inside and inner.start_byte >= at and inner.kind != "module":
            parts.append(data[at : inner.start_byte])
            at = inner.end_byte
    parts.append(data[at : symbol.end_byte])
    lines = b"".join(parts).splitlines()
    return b"\n".join(
        [symbol.documentation.encode("utf-8", "replace"), *filter(None, (line.strip() for line in lines))]
    )


def _compared(before: dict[_Key, _Own], after: dict[_Key, _Own]) -> Iterator[Change]:
    for key, now in after.items():
        old = before.get(key)
        if old is None:
            yield Change("added", now.symbol)
        elif old.text != now.text:
            yield Change("changed", now.symbol)
    for key, gone in before.items():
        if key not in after:
            yield Change("removed", gone.symbol)


def _moved(
    changes: list[Change],
    before: dict[_Key, _Own],
    after: dict[_Key, _Own],
) -> list[Change]:
    """Join what was removed in one file and added in another with the same text."""
    texts = {id(own.symbol): own.text for own in (*before.values(), *after.values())}

    def same_as(symbol: Symbol) -> tuple[str, str, bytes]:
        # The rest of a file has the name of the file.
        return symbol.kind, "" if symbol.kind == "module" else symbol.qualname, texts[id(symbol)]

    gone: dict[tuple[str, str, bytes], list[Change]] = {}
    for one in changes:
        if one.what == "removed":
            gone.setdefault(same_as(one.symbol), []).append(one)
    found, joined = [], set()
    for one in changes:
        same = gone.get(same_as(one.symbol)) if one.what == "added" else None
        if same:
            old = same.pop()
            joined.add(id(old))
            found.append(replace(one, what="moved", before=old.symbol.path))
        else:
            found.append(one)
    return [one for one in found if id(one) not in joined]


def _with_evidence(index: Index, change: Change, like: float) -> Change:
    """Add what is like a new function, what calls a changed one, and what still calls a removed one."""
    if change.symbol.kind not in CALLABLES:
        return change
    try:
        if change.what == "added":
            near = index.similar(change.symbol.path, change.symbol.start_line, limit=3 * MOST_LIKE)
            alike = [hit for hit in near if hit.score >= like and hit.symbol.kind in CALLABLES]
            return replace(change, like=tuple(alike[:MOST_LIKE]))
        if change.what in ("changed", "removed") and graph.supported(change.symbol.language):
            if change.what == "removed":
                found = graph.left_behind(index, change.symbol)
            else:
                found = graph.callers(index, index.symbol_at(change.symbol.path, change.symbol.start_line))
            return replace(change, callers=tuple(edge.symbol for edge in found[:MOST_CALLERS]))
    except NotFoundError:  # the file changed again, or is not in the index
        return change
    return change
