"""What is searched: the files of an index as they are now, and unsaved buffers in place of some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.exact import changed
from codesearch.files import FileOptions
from codesearch.search.source import is_changed
from codesearch.store import exact

if TYPE_CHECKING:
    from codesearch.index import Index
    from codesearch.store import Store

_NOT_SEARCHED = ("binary", "encoding", "too large", "unreadable", "parse timeout", "parse failed", "no grammar")
"""Reasons to leave a file out that a person may not expect."""


class Unsaved(Protocol):
    """Buffers that are searched in place of their files."""

    @property
    def paths(self) -> frozenset[str]:
        """Their paths."""

    def texts(self) -> Mapping[str, bytes]:
        """Return their texts by path."""

    def passing(self, path: str, where: Filter | None) -> list[tuple[Symbol, bool]]:
        """Return the symbols of a buffer, without details, and whether each passes a filter."""


@dataclass(frozen=True, slots=True)
class Tree:
    """An index, and how the files of its tree are read."""

    root: Path
    store: Store | None
    """None: only buffers are searched."""
    options: FileOptions
    parse_timeout: float | None = None
    unsaved: Unsaved | None = None

    def paths(self, where: Filter | None, *, parsed: bool = False) -> list[str]:
        """Return the files that are searched, in order: those with symbols that pass a filter.

        `parsed` leaves out those that could not be parsed.
        """
        found = exact.files(self.store, where, parsed=parsed) if self.store is not None else []
        if self.unsaved is None:
            return found
        buffers = self.unsaved.paths
        mine = [path for path in buffers if any(passes for _, passes in self.unsaved.passing(path, where))]
        return sorted({*(path for path in found if path not in buffers), *mine})

    def symbols(self, path: str, where: Filter | None) -> list[tuple[Symbol, bool]]:
        """Return the symbols of a file as it is now, without details, and whether each passes a filter."""
        if self.unsaved is not None and path in self.unsaved.paths:
            return self.unsaved.passing(path, where)
        if self.store is None:
            return []
        if is_changed(self.root, self.options, self.store, path):
            return changed.symbols(self.root, self.options, self.store, self.parse_timeout, path, where)
        return exact.symbols(self.store, path, where)

    def not_searched(self, *, parsed: bool = False) -> str:
        """Return which files `paths` leaves out though one may expect them; "" if there are none."""
        if self.store is None:
            return ""
        reasons = exact.left_out(self.store, parsed=parsed)
        said = ", ".join(f"{reasons[one]:,} {one}" for one in _NOT_SEARCHED if reasons.get(one))
        return f"files not searched: {said} (`codesearch status --skipped` lists them)" if said else ""


def tree_of(index: Index) -> Tree:
    """Return what of an index is searched. Raises NotFoundError if there is no index."""
    settings = index.settings
    return Tree(index.root, index.required_reader(), settings.file_options(), settings.parse_timeout)
