"""Which files of a tree are source code, and their text: the only place that reads a repository's files.

`discover` lists candidates with their stat, fast enough to run before every query; `read_source` reads one that is
new or changed; `role` derives the role of a file from its path.
"""

from __future__ import annotations

from codesearch.files.content import decode, judge, read_source
from codesearch.files.discovery import discover, discover_only
from codesearch.files.roles import role
from codesearch.files.values import REASONS, Discovery, FileOptions, FoundFile, LeftOut, Source

__all__ = [
    "REASONS",
    "Discovery",
    "FileOptions",
    "FoundFile",
    "LeftOut",
    "Source",
    "decode",
    "discover",
    "discover_only",
    "judge",
    "read_source",
    "role",
]
