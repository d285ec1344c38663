"""The supported languages, and detection of the language of a file.

Importing this package loads no grammar. A language is one entry in `registry.py`, one query in `queries/`, and a
module in `hooks/` if the query is not enough.
"""

from __future__ import annotations

import re
from functools import cache

from codesearch.core.errors import NotFoundError
from codesearch.languages.definition import Language
from codesearch.languages.registry import LANGUAGES
from codesearch.languages.scanned import OTHER
from codesearch.languages.texts import DATA_FILES

__all__ = ["DATA_FILES", "OTHER", "Language", "all", "by_editor_id", "detect", "get", "named", "names"]

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


_NAMED: dict[str, tuple[str, ...]] = {}
for _language in LANGUAGES:
    for _name in (_language.name, *_language.aliases):
        _NAMED[_name] = (*_NAMED.get(_name, ()), _language.name)
_BY_EDITOR_ID = {one: language for language in LANGUAGES for one in (language.name, *language.editor_ids)}
_BY_EXTENSION = _index("extensions")
_BY_FILENAME = _index("filenames")
_BY_INTERPRETER = _index("interpreters")


def all() -> tuple[Language, ...]:
    """Return every language, in the order of the registry."""
    return LANGUAGES


def get(name: str) -> Language:
    """Return a language by its name. Raises NotFoundError."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise NotFoundError(f"unknown language {name!r}; known: {', '.join(sorted(_BY_NAME))}") from None


def names() -> list[str]:
    """Return every name that a filter understands, aliases included."""
    return list(_NAMED)


def named(name: str) -> tuple[str, ...]:
    """Return the languages for a name in a filter, in any case: `ts` is TypeScript and TSX; () if unknown."""
    return _NAMED.get(name.lower(), ())


def by_editor_id(identifier: str) -> Language | None:
    """Return the language that an editor calls by this id, in any case; None if it is not known."""
    return _BY_EDITOR_ID.get(identifier.lower())


def detect(path: str, head: bytes = b"") -> Language | None:
    """Return the language of a file, or None if it is in no supported language.

    `head` is the first few KB of the file. It decides between languages that share an extension (`.h`), and holds the
    `#!` line of files without an extension. Without it, the most common language of the extension is returned.
    """
    found = _detect(path, head)
    return None if found and found.foreign and head and _compiled(found.foreign).search(head) else found


def _detect(path: str, head: bytes) -> Language | None:
    name = path.rpartition("/")[2]
    if name.lower() in DATA_FILES:
        return None
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
