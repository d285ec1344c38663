"""Searches an index for a pattern of syntax: the matches by symbol, alone or for a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codesearch.core.types import Answer, Hit, Symbol
from codesearch.exact.answers import Kept, about, kept
from codesearch.exact.groups import by_size
from codesearch.exact.nodes import NodeMatch
from codesearch.exact.processes import FileNodes, Search, searched
from codesearch.exact.syntax import SyntaxPattern
from codesearch.exact.tree import Tree, tree_of
from codesearch.search import Query, Ranking, filter_note, resolved

if TYPE_CHECKING:
    from codesearch.core.filter import Filter
    from codesearch.index import Index

SECONDS = 10.0
"""Of processor time per file, if the settings have no limit."""


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """The matches that belong to a symbol. Those inside symbols of it are in their groups."""

    symbol: Symbol
    matches: tuple[NodeMatch, ...]


class Nodes:
    """The matches by file."""

    def __init__(self, tree: Tree, files: Iterable[FileNodes], problem: str = "") -> None:
        self._tree = tree
        self._files = list(files)
        self._by_path = {one.path: one.matches for one in self._files if one.matches}
        self.problem = problem
        """What is not searched beside `failed`; "" if nothing."""

    @property
    def paths(self) -> list[str]:
        """The files with matches, in order."""
        return sorted(self._by_path)

    @property
    def failed(self) -> list[FileNodes]:
        """The files that could not be searched."""
        return [one for one in self._files if one.problem]

    @property
    def partial(self) -> list[str]:
        """The files with syntax errors, in which more may match."""
        return [one.path for one in self._files if one.has_errors]

    def groups(self, where: Filter | None) -> Iterator[NodeGroup]:
        """Yield the matches by symbol, by path and line; only those of symbols that pass a filter."""
        for path in self.paths:
            symbols = by_size(self._tree.symbols(path, where))
            owned: dict[int, list[NodeMatch]] = {}
            for match in self._by_path[path]:
                owner = max((place for place, (one, _) in enumerate(symbols) if _holds(one, match)), default=-1)
                if owner >= 0 and symbols[owner][1]:
                    owned.setdefault(owner, []).append(match)
            yield from (NodeGroup(symbols[place][0], tuple(some)) for place, some in owned.items())

    def matching(self, hit: Hit) -> tuple[Hit, tuple[NodeMatch, ...]] | None:
        """Return a hit and the matches in it; one of the symbols folded into it, if only that has some; else None."""
        for symbol in (hit.symbol, *hit.folded):
            inside = tuple(one for one in self._by_path.get(symbol.path, ()) if _holds(symbol, one))
            if inside:
                return (hit if symbol is hit.symbol else replace(hit, symbol=symbol, folded=()), inside)
        return None


def _holds(symbol: Symbol, match: NodeMatch) -> bool:
    """Return whether a match is in a symbol. A file holds everything, also a last line end."""
    if symbol.kind == "module" and symbol.start_byte == 0:
        return True
    return symbol.start_byte <= match.start_byte and match.end_byte <= symbol.end_byte


def find(index: Index, pattern: SyntaxPattern, languages: Sequence[str], where: Filter) -> Nodes:
    """Return the matches of a pattern in the files of some languages that have symbols that pass a filter.

    Files are read as they are now. Raises NotFoundError if there is no index.
    """
    tree = tree_of(index)
    where = resolved(where, index.root, index.path)
    search = Search(
        tree.root, tree.options, pattern, frozenset(languages), index.settings.parse_timeout or SECONDS
    )  # fmt: skip
    paths = tree.paths(replace(where, languages=tuple(languages)), parsed=True)
    notes = (filter_note(tree.store, where), tree.not_searched(parsed=True))
    return Nodes(tree, searched(search, paths), "; ".join(note for note in notes if note))


def ranked(
    index: Index, nodes: Nodes, query: Query, limit: int, rank: Callable[[Query], Ranking] | None = None
) -> Kept[NodeMatch]:
    """Return the first hits of a question that hold a match."""
    if not nodes.paths:
        return Kept(Answer(complete=index.complete))
    return kept(nodes, (rank or index.rank)(about(query, nodes.paths)), limit)
