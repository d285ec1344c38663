"""Adds the entry of the server to a configuration file, and finds and removes it, without touching anything else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from codesearch.agents import jsonc, yaml_text
from codesearch.agents.texts import BEGIN, BLOCK, END, HOOK_ARGUMENTS
from codesearch.core.errors import UsageError

_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def added(file: Path, text: str, path: Sequence[str], entry: dict[str, Any], *, listed: bool = False) -> str:
    """Return the text of a file with an entry; unchanged if it has the same one. Raises UsageError.

    In YAML, the entry is an item of a list if `listed`.
    """
    try:
        if file.suffix == ".toml":
            return _toml_added(text, path, entry)
        if file.suffix == ".yaml":
            return _yaml_added(text, path, entry, listed=listed)
        known = jsonc.value_at(text, path)
        if known is not None:
            if _same_json(known, entry):
                return text
            text = jsonc.removed(text, path)
        return jsonc.inserted(text, path, entry)
    except UsageError as error:
        raise UsageError(f"{file}: {error}; nothing was changed. Enter the server by hand (docs/agents.md)") from error


def without(file: Path, text: str, path: Sequence[str]) -> str:
    """Return the text without the entry. Raises UsageError if the file is not what its name says."""
    try:
        if file.suffix == ".toml":
            return _toml_without(text, path)
        if file.suffix == ".yaml":
            return yaml_text.removed(text, path) if yaml_text.entry_at(text, path) is not None else text
        return jsonc.removed(text, path) if jsonc.value_at(text, path) is not None else text
    except UsageError as error:
        raise UsageError(f"{file}: {error}; nothing was changed. Remove the entry by hand") from error


def has(file: Path, text: str, path: Sequence[str]) -> bool:
    """Return whether a file has an entry."""
    if file.suffix == ".toml":
        return path[-1] in _toml(text).get(path[0], {})
    if file.suffix == ".yaml":
        return yaml_text.entry_at(text, path) is not None
    return jsonc.value_at(text, path) is not None


def hook_added(file: Path, text: str, path: Sequence[str], entry: dict[str, Any]) -> str:
    """Return the text of a file with a hook in the list under a path, instead of one of an older version."""
    try:
        if any(_same_json(item, entry) for item in jsonc.items_at(text, path)):
            return text
        return jsonc.appended(_without_hooks(text, path), path, entry)
    except UsageError as error:
        raise UsageError(f"{file}: {error}; nothing was changed. Enter the hook by hand (docs/agents.md)") from error


def hook_removed(file: Path, text: str, path: Sequence[str]) -> str:
    """Return the text without the hook. Raises UsageError if the file is not what its name says."""
    try:
        return _without_hooks(text, path)
    except UsageError as error:
        raise UsageError(f"{file}: {error}; nothing was changed. Remove the hook by hand") from error


def has_hook(text: str, path: Sequence[str]) -> bool:
    """Return whether a list under a path has the hook. Raises UsageError."""
    return any(_is_hook(item) for item in jsonc.items_at(text, path))


def _without_hooks(text: str, path: Sequence[str]) -> str:
    for place, item in reversed(list(enumerate(jsonc.items_at(text, path)))):
        if _is_hook(item):
            text = jsonc.without_item(text, path, place)
    return text


def _is_hook(item: str) -> bool:
    return "codesearch" in item and HOOK_ARGUMENTS in item


def block_added(text: str) -> str:
    """Return instructions with the block for agents, or with its current text if they have it."""
    if BEGIN in text and END in text:
        return text[: text.index(BEGIN)] + BLOCK.rstrip("\n") + text[text.index(END) + len(END) :]
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}{BLOCK}"


def block_removed(text: str) -> str:
    """Return instructions without the block."""
    if BEGIN not in text or END not in text:
        return text
    before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
    return (before[:-1] if before.endswith("\n\n") else before) + after.removeprefix("\n")


def _same_json(known: str, entry: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(known) == entry)
    except ValueError:  # with comments
        return False


def _yaml_added(text: str, path: Sequence[str], entry: dict[str, Any], *, listed: bool) -> str:
    known = yaml_text.entry_at(text, path)
    if known == entry:
        return text
    if known is not None:
        text = yaml_text.removed(text, path)
    return yaml_text.inserted(text, path, entry, listed=listed)


def _toml(text: str) -> dict[str, Any]:
    reader = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        return dict(reader.loads(text))
    except ValueError as error:
        raise UsageError(f"is not TOML ({error})") from error


def _toml_added(text: str, path: Sequence[str], entry: dict[str, Any]) -> str:
    known = _toml(text).get(path[0], {})
    if not isinstance(known, dict):
        raise UsageError(f"{path[0]} is not a table")
    if known.get(path[1]) == entry:
        return text
    if path[1] in known:
        text = _toml_without(text, path)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [f"[{path[0]}.{path[1]}]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items())]
    gap = "" if not text else newline if text.endswith("\n") else 2 * newline
    after = text + gap + newline.join(lines) + newline
    expected = _toml(text)
    expected.setdefault(path[0], {})[path[1]] = entry
    if _toml(after) != expected:
        raise UsageError(f"a table {path[0]} cannot be added")
    return after


def _toml_without(text: str, path: Sequence[str]) -> str:
    """Return the text without the table, up to the next one; a table written in another way is left."""
    start = re.search(rf"^[ \t]*\[{path[0]}\.(?:{path[1]}|\"{path[1]}\")\][^\n]*\n?", text, re.MULTILINE)
    if start is None:
        if path[1] in _toml(text).get(path[0], {}):
            raise UsageError(f"{path[0]}.{path[1]} is not a table of its own")
        return text
    following = _TABLE.search(text, start.end())
    end = following.start() if following else len(text)
    before = text[: start.start()]
    newline = "\r\n" if "\r\n" in text else "\n"
    if end == len(text) and before.endswith(2 * newline):
        before = before[: -len(newline)]
    after = before + text[end:]
    expected = _toml(text)
    del expected[path[0]][path[1]]
    found = _toml(after)
    if {**found, path[0]: found.get(path[0], {})} != expected:
        raise UsageError(f"{path[0]}.{path[1]} has tables of its own")
    return after
