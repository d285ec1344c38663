"""Groups what matches by the symbol that each match belongs to, and filters the hits of a question by it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codesearch.core.filter import Filter
from codesearch.core.types import Hit, Symbol
from codesearch.exact.limited import scanned
from codesearch.exact.pattern import Pattern
from codesearch.exact.scan import FileLines, Line, Request
from codesearch.exact.tree import Tree


@dataclass(frozen=True, slots=True)
class LineGroup:
    """The matching lines of a symbol. Lines of symbols inside it are in their groups."""

    symbol: Symbol
    lines: tuple[Line, ...]


def found(
    tree: Tree, pattern: Pattern, where: Filter | None = None, *, should_stop: Callable[[], bool] | None = None
) -> list[FileLines]:
    """Return the matching lines of the indexed files with symbols that pass a filter, as the files are now.

    Raises UsageError if the pattern cannot be understood, or takes too long.
    """
    texts = tree.unsaved.texts() if tree.unsaved is not None else {}
    request = Request(tree.root, tree.paths(where), pattern, tree.options.max_file_size, texts)
    return scanned(request, should_stop=should_stop)


def grouped(tree: Tree, files: Iterable[FileLines], where: Filter | None = None) -> Iterator[LineGroup]:
    """Yield the lines of files by symbol, by path and line; only those of symbols that pass a filter."""
    for file in files:
        symbols = by_size(tree.symbols(file.path, where))
        numbers = [line.number for line in file.lines]
        owners = [-1] * len(numbers)
        for place, (symbol, _) in enumerate(symbols):
            first, last = bisect_left(numbers, symbol.start_line), bisect_right(numbers, symbol.end_line)
            owners[first:last] = [place] * (last - first)
        lines: dict[int, list[Line]] = {}
        for owner, line in zip(owners, file.lines, strict=True):
            if owner >= 0 and symbols[owner][1]:
                lines.setdefault(owner, []).append(line)
        yield from (LineGroup(symbols[place][0], tuple(some)) for place, some in lines.items())


def by_size(symbols: Iterable[tuple[Symbol, bool]]) -> list[tuple[Symbol, bool]]:
    """Return symbols with the outermost first, so that the innermost has the last word, as for `Store.at`."""
    return sorted(
        symbols, key=lambda one: (-_span(one[0]), one[0].kind not in ("module", "document"), one[0].start_line)
    )


def _span(symbol: Symbol) -> int:
    return symbol.end_line - symbol.start_line


def _holds(symbol: Symbol, line: int) -> bool:
    return symbol.start_line <= line <= symbol.end_line


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
