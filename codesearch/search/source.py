"""The source of symbols, read from their files as they are now; and why a file has no symbols."""

from __future__ import annotations

import os
from pathlib import Path

from codesearch.core.types import Symbol
from codesearch.files.values import FileOptions
from codesearch.store import Store

SNIPPET_LINES = 400
"""Maximum number of lines of a snippet, whatever context is asked for."""


def lines_of(
    root: Path, options: FileOptions, symbol: Symbol, *, context: int = 0, head: int | None = None, whole: bool = False
) -> tuple[int, list[str]]:
    """Return (number of the first line, lines) of a symbol; see `Index.source`."""
    from codesearch.files.content import read_source
    from codesearch.files.values import Source

    source = read_source(root, symbol.path, options)
    if not isinstance(source, Source):
        return symbol.start_line, []
    lines = source.data.decode("utf-8", "replace").split("\n")
    first = max(1, symbol.start_line - context)
    last = min(len(lines), symbol.end_line + context)
    if head is not None:
        last = min(last, symbol.start_line + head - 1 + context)
    if not whole:
        last = min(last, first + SNIPPET_LINES - 1)
    return first, [line.rstrip("\r") for line in lines[first - 1 : last]]


def is_changed(root: Path, options: FileOptions, store: Store, path: str) -> bool:
    """Return whether a file is not what was indexed, so that the symbols of the index may be at other lines.

    A file with the size and times of then is the same; of another, the content is compared.
    """
    from codesearch.files.content import read_source
    from codesearch.files.values import Source

    state = store.file_states([path]).get(path)
    if state is None:
        return True
    try:
        now = os.lstat(root / path)
    except (OSError, ValueError):
        return True
    if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (state.size, state.mtime_ns, state.ctime_ns):
        return False
    source = read_source(root, path, options)
    return not isinstance(source, Source) or source.hash != state.hash


def why_missing(root: Path, options: FileOptions, store: Store, path: str, line: int) -> str:
    """Return why there is no symbol at a line of a file."""
    from codesearch.files import left_out

    known = store.file(path)
    if known is not None and known[0] is not None:
        return f"{path}: left out of the index: {known[0]}" + (f" ({known[1]})" if known[1] else "")
    if known is not None:
        return f"{path}:{line}: the file has no such line"
    if not (root / path).exists():
        return f"{path}: no such file under {root}"
    return f"{path}: {left_out.why(root, options, path)}, so it is not in the index"
