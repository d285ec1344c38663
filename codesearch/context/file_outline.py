"""The symbols of files as trees: from the index, or of one file as it is now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.context.clean import one_line
from codesearch.context.token_count import estimate
from codesearch.core.errors import NotFoundError
from codesearch.core.types import DETAILS, Skipped, Symbol
from codesearch.files import FileOptions, read_source

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.files.cells import Notebooks
    from codesearch.index import Index

SIGNATURE = 90
"""Maximum number of characters of a signature in an outline."""


@dataclass(frozen=True, slots=True)
class Part:
    """A symbol, and those inside it."""

    symbol: Symbol
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class FileOutline:
    """What is in a file."""

    path: str
    """Relative to the root, with `/`."""
    language: str
    lines: int
    documentation: str
    """Of the file as a whole."""
    parts: tuple[Part, ...]
    indexed: bool = True
    """Whether it comes from the index; otherwise the file was read."""

    @property
    def symbols(self) -> int:
        """The number of symbols in it."""
        return sum(1 for _ in walk(self.parts))


def is_whole_file(symbol: Symbol) -> bool:
    """Return whether a symbol stands for a whole file, which a declared module does not."""
    return symbol.kind == "document" or (symbol.kind == "module" and symbol.signature == _text(symbol.path))


def nested(symbols: Iterable[Symbol]) -> tuple[Part, ...]:
    """Return the symbols of one file as trees: each inside the innermost one around it."""
    top: list[_Open] = []
    stack: list[_Open] = []
    for symbol in sorted(symbols, key=lambda one: (one.start_byte, -one.end_byte)):
        while stack and symbol.end_byte > stack[-1].symbol.end_byte:
            stack.pop()
        one = _Open(symbol, [])
        (stack[-1].inside if stack else top).append(one)
        stack.append(one)
    return tuple(one.closed() for one in top)


@dataclass(frozen=True, slots=True)
class _Open:
    """A part that is being filled."""

    symbol: Symbol
    inside: list[_Open]

    def closed(self) -> Part:
        return Part(self.symbol, tuple(one.closed() for one in self.inside))


def walk(parts: Iterable[Part], level: int = 0) -> Iterator[tuple[int, Part]]:
    """Yield (level, part) of trees in the order of the source; the level of the outermost is 0."""
    for part in parts:
        yield level, part
        yield from walk(part.parts, level + 1)


def of_index(index: Index, where: Filter | None = None) -> Iterator[FileOutline]:
    """Yield the outlines of the indexed files that pass a filter, by path. Raises NotFoundError without an index."""
    for path, symbols in groupby(index.symbols(where), key=lambda one: one.path):
        yield _outline(path, list(symbols), indexed=True)


def of_source(root: Path, path: str, options: FileOptions, timeout: float | None = None) -> FileOutline:
    """Return the outline of a file as it is now, also of one that an index leaves out.

    Raises NotFoundError if it cannot be read as source, ParseTimeoutError after `timeout` seconds.
    """
    from codesearch.extract.symbols import extract

    asked = replace(options, include=(), exclude=(), languages=(), index_generated=True, index_minified=True)
    source = read_source(root, path, asked)
    if isinstance(source, Skipped):
        detail = f" ({source.detail})" if source.detail else ""
        raise NotFoundError(f"{path}: cannot be outlined: {source.reason}{detail}")
    symbols = extract(source.data, source.language, _text(path), timeout)
    return replace(_outline(_text(path), symbols, indexed=False), path=path)


def _text(path: str) -> str:
    """Return a path as text, as the symbols of a file hold it: bytes that are not UTF-8 are replaced."""
    return path.encode("utf-8", "replace").decode()


def _outline(path: str, symbols: Sequence[Symbol], *, indexed: bool) -> FileOutline:
    whole = next((one for one in symbols if is_whole_file(one)), None)
    parts = nested(one for one in symbols if one is not whole)
    if whole is None:
        last = max((one.end_line for one in symbols), default=0)
        return FileOutline(path, symbols[0].language if symbols else "", last, "", parts, indexed)
    return FileOutline(path, whole.language, whole.end_line, whole.documentation, parts, indexed)


def limited(
    file: FileOutline,
    *,
    depth: int | None = None,
    kinds: Collection[str] = (),
    not_kinds: Collection[str] = (),
) -> FileOutline:
    """Return an outline with at most `depth` levels, and with some kinds: what is around them stays."""

    def kept(parts: tuple[Part, ...], level: int) -> Iterator[Part]:
        for part in parts if depth is None or level < depth else ():
            inside = tuple(kept(part.parts, level + 1))
            wanted = (not kinds or part.symbol.kind in kinds) and part.symbol.kind not in not_kinds
            if wanted or inside:
                yield Part(part.symbol, inside)

    return replace(file, parts=tuple(kept(file.parts, 0)))


def fitted(
    files: Sequence[FileOutline],
    budget: float,
    notebooks: Notebooks,
    *,
    scores: Mapping[str, float] | None = None,
    path: Callable[[str], str] = str,
) -> list[FileOutline]:
    """Return what fits a number of tokens: what has the best score by its name, then the outermost symbols.

    A symbol is kept with those around it. Details, such as constants, come after the others. `path` says how paths are
    shown.
    """
    known = scores or {}
    order: list[tuple[float, bool, int, int, int]] = []
    chains: dict[tuple[int, int], tuple[int, ...]] = {}
    costs: dict[tuple[int, int], float] = {}
    for number, file in enumerate(files):
        around: list[int] = []
        for place, (level, part) in enumerate(walk(file.parts)):
            del around[level:]
            around.append(place)
            chains[number, place] = tuple(around)
            costs[number, place] = estimate(line(part.symbol, notebooks, level))
            symbol = part.symbol
            order.append((-known.get(symbol.name, 0.0), symbol.kind in DETAILS, level, number, place))
    kept: dict[int, set[int]] = {}
    left = budget
    for *_, number, place in sorted(order):
        have = kept.get(number, set())
        new = [one for one in chains[number, place] if one not in have]
        cost = sum(costs[number, one] for one in new) + (0 if have else estimate(title(files[number], path)))
        if cost > left:
            break
        left -= cost
        kept.setdefault(number, set()).update(new)
    return [_only(file, kept[number]) for number, file in enumerate(files) if number in kept]


def _only(file: FileOutline, places: Collection[int]) -> FileOutline:
    """Return an outline with the parts at some places of `walk`; those around each are among them."""
    counter = iter(range(file.symbols))

    def kept(parts: tuple[Part, ...]) -> tuple[Part, ...]:
        out = []
        for part in parts:
            wanted = next(counter) in places
            inside = kept(part.parts)
            if wanted:
                out.append(Part(part.symbol, inside))
        return tuple(out)

    return replace(file, parts=kept(file.parts))


def title(file: FileOutline, path: Callable[[str], str] = str) -> str:
    """Return the line above the symbols of a file in a compact outline; `path` says how its path is shown."""
    return f"{one_line(path(file.path))}\n"


def line(symbol: Symbol, notebooks: Notebooks, level: int = 0) -> str:
    """Return the line of a symbol in a compact outline: its first line, perhaps its cell, and its signature."""
    signature = one_line(symbol.signature or f"{symbol.kind} {symbol.name}")
    shown = signature if len(signature) <= SIGNATURE else signature[: SIGNATURE - 3].rstrip() + "..."
    return f"{'  ' * (level + 1)}{notebooks.number(symbol.path, symbol.start_line)} {shown}\n"


def compact(file: FileOutline, notebooks: Notebooks, path: Callable[[str], str] = str) -> str:
    """Return an outline for a language model; `path` says how its path is shown."""
    lines = (line(part.symbol, notebooks, level) for level, part in walk(file.parts))
    return title(file, path) + "".join(lines)
