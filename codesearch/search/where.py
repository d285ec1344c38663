"""Path filters as people write them, in the terms of an index: relative to its root, through no link."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from codesearch.core.filter import Filter
from codesearch.core.globs import escaped
from codesearch.core.visible import path_shown_as

_WILDCARD = re.compile(r"[*?\[{\\]")


def resolved(where: Filter, root: Path, index: Path) -> Filter:
    """Return a filter as the index at `index` of the tree `root` can check it: paths below the root, axes of concepts.

    Raises NotFoundError if there is no such concept.
    """
    where = _below_root(where, root)
    if where.concepts:
        from codesearch.search import concepts  # few queries have any

        where = concepts.with_axes(where, index)
    return where


def _below_root(where: Filter, root: Path) -> Filter:
    """Return a filter whose paths are as the index of `root` has them.

    An absolute path below the root is cut to its part below. A linked folder or file means the real one, if that is
    below the root, because links are not followed. Wildcards may follow.
    """
    if not (where.paths or where.not_paths):
        return where
    paths, not_paths = (tuple(_relative(path, root) for path in some) for some in (where.paths, where.not_paths))
    return replace(where, paths=paths, not_paths=not_paths)


def _relative(pattern: str, root: Path) -> str:
    if os.sep == "\\":  # a Windows path, not an escape
        pattern = pattern.replace(os.sep, "/")
    elif (shown := path_shown_as(root, pattern.strip("/"))) is not None:
        return f"/{escaped(shown)}" + "/" * pattern.endswith("/")
    named, rest = _literal_start(pattern)
    top = root.as_posix()
    if named == top or named.startswith(top.rstrip("/") + "/"):
        named = "/" + named[len(top) :].lstrip("/")
    try:
        at = real_path(named.lstrip("/"), root)
        if at is None and Path(named).is_absolute():
            at = _below(Path(os.path.realpath(named)), root)
    except (OSError, ValueError):  # such as a null byte
        at = None
    return named + rest if at is None else f"/{at}" + rest


def _literal_start(pattern: str) -> tuple[str, str]:
    """Split a pattern before its first folder or name with wildcards, or before a final slash."""
    wildcard = _WILDCARD.search(pattern)
    end = len(pattern.rstrip("/")) if wildcard is None else pattern.rfind("/", 0, wildcard.start())
    return pattern[: max(0, end)], pattern[max(0, end) :]


def real_path(path: str, root: Path) -> str | None:
    """Return where a path below a root really is, relative to the root; None if no link leads there, or out of it."""
    link = False
    at = ""
    for part in path.split("/"):
        at = f"{at}/{part}" if at else part
        link = link or (root / at).is_symlink()
    return _below(Path(os.path.realpath(root / path)), root) if link else None


def _below(real: Path, root: Path) -> str | None:
    top = Path(os.path.realpath(root))
    return real.relative_to(top).as_posix() if real.is_relative_to(top) and real != top and real.exists() else None
