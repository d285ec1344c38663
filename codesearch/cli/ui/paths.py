"""Prints paths relative to the current folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Paths(NamedTuple):
    """Prints the paths below a root."""

    prefix: str = ""
    """The root relative to the current folder, if that is outside the root; ends in a separator."""
    below: str = ""
    """The current folder relative to the root, if it is inside the root."""

    @classmethod
    def of(cls, root: Path) -> Paths:
        """Return how the paths below `root` are printed.

        They are relative if the current folder is inside the root or encloses it, otherwise absolute.
        """
        top = os.path.join(root, "")  # noqa: PTH118 -- with a separator at the end
        try:
            here = os.path.join(os.getcwd(), "")  # noqa: PTH118, PTH109
        except OSError:  # it has been deleted
            return cls(top)
        if here.startswith(top):
            return cls(below=here[len(top) :])
        return cls(top.removeprefix(here))

    def shown(self, path: str) -> str:
        """Return a path, relative to the root, as it is printed."""
        if self.below:
            return os.path.relpath(os.sep + path, os.sep + self.below)
        return self.prefix + path

    def place(self, path: str, line: int | str) -> str:
        """Return a path and a line as they are printed."""
        return f"{self.shown(path)}:{line}"
