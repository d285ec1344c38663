"""The keys under which artifacts are stored: which files, and how they were read.

A key is TREE/FORMAT: the id of the git tree of the root, and a hash of everything besides the files that decides the
content of an index. The version of the program is not part of it.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import NamedTuple

from codesearch import embed
from codesearch.indexing.plan import rules
from codesearch.settings import Settings
from codesearch.store import schema


class Format(NamedTuple):
    """How files become an index."""

    rules: str
    schema: int
    model: str


def format_of(settings: Settings) -> Format:
    """Return the format of indexes that this program writes."""
    return Format(rules(settings), schema.VERSION, embed.load(embed.STATIC).model_id)


def format_id(settings: Settings) -> str:
    """Return a hash of the format and of the settings that choose files."""
    options = settings.file_options()
    facts = [*format_of(settings), sorted(options.include), sorted(options.exclude), options.max_file_size]
    return blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


def key(tree: str, settings: Settings) -> str:
    """Return the key of the index of a git tree."""
    return f"{tree}/{format_id(settings)}"
