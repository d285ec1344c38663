"""Groups matching lines by the symbol that each belongs to, and filters the hits of a question by them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codesearch.core.filter import Filter
from codesearch.core.types import DETAILS, Hit, Symbol
from codesearch.files import FileOptions, Source, read_source
from codesearch.search.exact.limited import scanned
from codesearch.search.exact.pattern import Pattern
from codesearch.search.exact.scan import FileLines, Line, Request
from codesearch.search.source import is_changed
from codesearch.store import Store, exact, filter_sql


@dataclass(frozen=True, slots=True)
class Group:
    """The matching lines of a symbol. Lines of symbols inside it are in their groups."""

    symbol: Symbol
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """An index, and how the files of its tree are read."""

    root: Path
    store: Store
    options: FileOptions
    parse_timeout: float | None = None


def found(tree: Tree, pattern: Pattern, where: Filter | None = None) -> list[FileLines]:
    """Return the matching lines of the indexed files with symbols that pass a filter, as the files are now.

    Raises UsageError if the pattern cannot be understood, or takes too long.
    """
    paths = exact.files(tree.store, where)
    return scanned(Request(tree.root, paths, pattern, tree.options.max_file_size))


def grouped(tree: Tree, files: Iterable[FileLines], where: Filter | None = None) -> Iterator[Group]:
    """Yield the lines of files by symbol, by path and line; only those of symbols that pass a filter."""
    for file in files:
        symbols = _symbols(tree, file.path, where)
        # The outermost first, so that the innermost has the last word; beside `Store.at`, details answer for nothing.
        symbols.sort(key=lambda one: (-_span(one[0]), one[0].kind not in ("module", "document"), one[0].start_line))
        numbers = [line.number for line in file.lines]
        owners = [-1] * len(numbers)
        for place, (symbol, _) in enumerate(symbols):
            first, last = bisect_left(numbers, symbol.start_line), bisect_right(numbers, symbol.end_line)
            owners[first:last] = [place] * (last - first)
        lines: dict[int, list[Line]] = {}
        for owner, line in zip(owners, file.lines, strict=True):
            if owner >= 0 and symbols[owner][1]:
                lines.setdefault(owner, []).append(line)
        yield from (Group(symbols[place][0], tuple(some)) for place, some in lines.items())


def _span(symbol: Symbol) -> int:
    return symbol.end_line - symbol.start_line


def _holds(symbol: Symbol, line: int) -> bool:
    return symbol.start_line <= line <= symbol.end_line


def _symbols(tree: Tree, path: str, where: Filter | None) -> list[tuple[Symbol, bool]]:
    """Return the symbols of a file, without details, and whether each passes: of one that has changed, as it is now."""
    if not is_changed(tree.root, tree.options, tree.store, path):
        return exact.symbols(tree.store, path, where)
    from codesearch.extract.symbols import extract

    source = read_source(tree.root, path, tree.options)
    if not isinstance(source, Source):
        return []
    shown = path.encode("utf-8", "replace").decode()
    symbols = extract(source.data, source.language, shown, tree.parse_timeout)
    return [(replace(one, path=path), _passes(one, where)) for one in symbols if one.kind not in DETAILS]


def _passes(symbol: Symbol, where: Filter | None) -> bool:
    """Return whether kind and name of a symbol pass a filter; its file has passed the rest."""
    if where is None:
        return True

    def named(patterns: Iterable[str]) -> bool:
        return any(filter_sql.name_matches(symbol.name, symbol.qualname, one) for one in patterns)

    wanted = (not where.kinds or symbol.kind in where.kinds) and (not where.names or named(where.names))
    return wanted and symbol.kind not in where.not_kinds and not named(where.not_names)


class Lines:
    """The matching lines by file, of several patterns that a symbol must all match."""

    def __init__(self, scans: Sequence[Sequence[FileLines]]) -> None:
        self._scans: list[Mapping[str, tuple[Line, ...]]] = [{one.path: one.lines for one in scan} for scan in scans]

    @property
    def paths(self) -> list[str]:
        """The files that match all patterns, in order."""
        return sorted(set.intersection(*(set(scan) for scan in self._scans))) if self._scans else []

    def of(self, symbol: Symbol) -> tuple[Line, ...]:
        """Return the matching lines of a symbol; none if it does not match all patterns."""
        merged: dict[int, Line] = {}
        for scan in self._scans:
            inside = [one for one in scan.get(symbol.path, ()) if _holds(symbol, one.number)]
            if not inside:
                return ()
            for one in inside:
                known = merged.get(one.number)
                spans = tuple(sorted({*known.spans, *one.spans})) if known is not None else one.spans
                merged[one.number] = replace(one, spans=spans)
        return tuple(merged[number] for number in sorted(merged))

    def matching(self, hit: Hit) -> tuple[Hit, tuple[Line, ...]] | None:
        """Return a hit and its matching lines; one of the symbols folded into it, if only that matches; else None."""
        for symbol in (hit.symbol, *hit.folded):
            if lines := self.of(symbol):
                return (hit if symbol is hit.symbol else replace(hit, symbol=symbol, folded=()), lines)
        return None
