"""Which languages there are, and which one a file is written in.

Importing this package loads no grammar. One entry in `registry.py` and one query in `queries/` make a language.
"""

from __future__ import annotations

import re
from functools import cache

from codesearch.core.errors import NotFoundError
from codesearch.languages.definition import Language
from codesearch.languages.registry import LANGUAGES

__all__ = ["Language", "all", "detect", "get"]

_BY_NAME = {language.name: language for language in LANGUAGES}
_INTERPRETER = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?)?([A-Za-z_+-]+)")


def _index(keys: str) -> dict[str, list[Language]]:
    index: dict[str, list[Language]] = {}
    for language in LANGUAGES:
        for key in getattr(language, keys):
            index.setdefault(key, []).append(language)
    for entries in index.values():
        entries.sort(key=lambda entry: not entry.content)
    return index


_BY_EXTENSION = _index("extensions")
_BY_FILENAME = _index("filenames")
_BY_INTERPRETER = _index("interpreters")


def all() -> tuple[Language, ...]:
    """Return every language, in the registry's order."""
    return LANGUAGES


def get(name: str) -> Language:
    """Return the language of that name; raises NotFoundError."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise NotFoundError(f"unknown language {name!r}; known: {', '.join(sorted(_BY_NAME))}") from None


def detect(path: str, head: bytes = b"") -> Language | None:
    """Return the language of a file, or None if it is not source code that can be read.

    `head` is the first few KB; it decides between languages that share an extension (`.h`) and reads the
    `#!` line of files without one. Without it the commonest language of the extension is returned.
    """
    name = path.rpartition("/")[2]
    if entries := _BY_FILENAME.get(name):
        return _fitting(entries, head)
    dot = name.rfind(".")
    suffix = name[dot:].lower() if 0 < dot < len(name) - 1 else ""
    if entries := _BY_EXTENSION.get(suffix):
        return _fitting(entries, head)
    if not suffix and head.startswith(b"#!"):
        found = _INTERPRETER.match(head)
        if found and (entries := _BY_INTERPRETER.get(found[1].decode().lower())):
            return _fitting(entries, head)
    return None


def _fitting(entries: list[Language], head: bytes) -> Language:
    for entry in entries:
        if not entry.content or _compiled(entry.content).search(head):
            return entry
    return entries[0]


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.MULTILINE)
