"""A file that a worker has to read, and how often it is tried again."""

from __future__ import annotations

from typing import NamedTuple

from codesearch.store.records import FileState

INTERRUPTED = "interrupted"
NO_GRAMMAR = "no grammar"
UNPARSED = frozenset({NO_GRAMMAR, "parse timeout", "parse failed"})
"""Why a file that can be read is found by its parts only."""
MACHINE_REASONS = frozenset({INTERRUPTED, *UNPARSED})
"""Why a file is left out that the rules for files would have let in."""
MOST_TRIES = 3
"""How often a file is read whose reading was interrupted."""
TRIES_IN_DETAIL = r"\(try (\d+) of"
LIMIT_IN_DETAIL = r"more than ([\d.]+) s"
PACKAGE_IN_DETAIL = r"package ([\w-]+)"
"""Patterns that find the number of tries, the time limit in seconds, and the missing package, in the detail of a file
that was left out."""


class Task(NamedTuple):
    """A file to read."""

    path: str
    state: FileState
    """Size and times as they are on disk now, and the hash that the index knows, if any."""
    tries: int = 0
    """How often it was read before without success, though it is the same."""
    left_out: tuple[str, str] | None = None
    """Why it cannot be parsed (reason, detail), so that it is read by parts; None if it can be, or was not tried."""
