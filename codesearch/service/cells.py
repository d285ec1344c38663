"""The cells of notebooks by the lines of their files: what a language server needs of them."""

from __future__ import annotations

from functools import lru_cache

from codesearch.files import notebooks
from codesearch.files.notebooks import Cells, Place


@lru_cache(maxsize=8)
def _text(data: bytes) -> bytes | None:
    found = notebooks.read(data)
    return None if found is None else found[0]


_cells = lru_cache(maxsize=8)(Cells.of)


def text_of(path: str, data: bytes | None) -> bytes | None:
    """Return the text of a notebook as it is extracted, from that of its file; None for other files.

    Remembers the last few, since questions are often about the same ones.
    """
    return _text(data) if data is not None and path.endswith(notebooks.EXTENSION) else None


def place(path: str, data: bytes | None, line: int) -> Place | None:
    """Return where a line (from 1) of a file with this content is among cells; None if it is in no cell."""
    text = text_of(path, data)
    return None if text is None else _cells(text).place(line)
