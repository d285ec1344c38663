"""Where the lines of notebooks are: in which cell, and in which line of it.

Everything that shows a line asks here, so that people, programs and agents are given the same places.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from codesearch.files import notebooks
from codesearch.files.notebooks import Cells, Place
from codesearch.files.values import FileOptions, Source


class _Settings(Protocol):
    def file_options(self) -> FileOptions:
        """Return the options that decide which files are read."""


class Tree(Protocol):
    """An index, as far as its files are read."""

    @property
    def root(self) -> Path:
        """The folder of the tree."""

    @property
    def settings(self) -> _Settings:
        """The settings of the tree."""


class Notebooks(NamedTuple):
    """The notebooks of a tree. A line of any other file has no place in a cell, and is shown as its number."""

    root: Path | None
    """None if the files are not of this machine: then nothing is known of cells."""
    options: FileOptions

    @classmethod
    def of(cls, tree: Tree) -> Notebooks:
        """Return the notebooks of a tree."""
        return cls(tree.root, tree.settings.file_options())

    def place(self, path: str, line: int) -> Place | None:
        """Return the place of a line (from 1) of a file in the cell that holds it, as the file is now."""
        if self.root is None or not path.endswith(notebooks.EXTENSION):
            return None
        try:
            now = (self.root / path).stat()
        except (OSError, ValueError):
            return None
        cells = _cells(self.root, path, self.options, now.st_mtime_ns, now.st_size)
        return None if cells is None else cells.place(line)

    def line(self, path: str, line: int) -> str:
        """Return a line as people read it after the path: `40`, or `cell 4:12 (line 40)`."""
        place = self.place(path, line)
        return str(line) if place is None else f"{place} (line {line})"

    def number(self, path: str, line: int) -> str:
        """Return a line as models read it, who pass numbers on: `40`, or `40 (cell 4:12)`."""
        place = self.place(path, line)
        return str(line) if place is None else f"{line} ({place})"

    def shorts(self, path: str, lines: Iterable[int]) -> list[str]:
        """Return lines as people read them where the file is known: `40`, or `cell 4:12`."""
        return [str(self.place(path, line) or line) for line in lines]

    def lines(self, path: str, first: int, last: int) -> str:
        """Return some lines as people read them where the file is known: `40-45`, or `cell 4:12-17`."""
        begin, end = self.place(path, first), self.place(path, last)
        if begin is None or end is None:
            return f"{first}-{last}" if last != first else str(first)
        if begin.cell != end.cell:
            return f"{begin} to {end}"
        return f"{begin}-{end.line}" if end.line != begin.line else str(begin)

    def fields(self, path: str, line: int) -> dict[str, int]:
        """Return the fields of JSON that say where a line is: `cell` and `cell_line`; none if it is in no cell."""
        place = self.place(path, line)
        return {} if place is None else {"cell": place.cell, "cell_line": place.line}


@lru_cache(maxsize=64)
def _cells(root: Path, path: str, options: FileOptions, _mtime_ns: int, _size: int) -> Cells | None:
    """Return the cells of a notebook; those of the same file are read once while its size and time stay the same."""
    from codesearch.files.content import read_source

    source = read_source(root, path, options)
    return Cells.of(source.data) if isinstance(source, Source) else None
