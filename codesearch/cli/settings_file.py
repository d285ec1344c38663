"""Changes one setting in a TOML file and leaves everything else in it as it is: comments, order, blank lines."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from codesearch.core.errors import UsageError
from codesearch.core.replacing import USUAL, edit_bytes

_TABLE_LINE = re.compile(r"^[ \t]*\[", re.M)


def write(file: Path, name: str, value: Any) -> None:
    """Set a setting at the top level of a settings file, which is made if there is none.

    Raises UsageError if the file is not TOML.
    """
    text, start, end = _found(file, name)
    line = f"{name} = {literal(value)}"
    if start < end:
        return _replace(file, text[:start] + line + _comment(text[start:end]) + "\n" + text[end:])
    before, after = text[:start], text[start:]
    if before and not before.endswith("\n"):
        before += "\n"
    _replace(file, f"{before}{line}\n{after}")


def remove(file: Path, name: str) -> bool:
    """Remove a setting from a settings file; return whether it was there. Raises UsageError if the file is not TOML."""
    text, start, end = _found(file, name)
    if start == end:
        return False
    _replace(file, text[:start] + text[end:])
    return True


def literal(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped) + '"'
    return str(value)


def _found(file: Path, name: str) -> tuple[str, int, int]:
    """Return the text of a file, and from where to where a setting is in it: an empty range where it would be added.

    A value may go on over several lines, so the range is the shortest that is TOML by itself.
    """
    from codesearch import settings

    settings.read_file(file)  # reports what is wrong with it
    text = file.read_text("utf-8-sig") if file.exists() else ""
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    table = _TABLE_LINE.search(text)
    top = table.start() if table else len(text)
    line = re.compile(rf"^[ \t]*[\"']?{re.escape(name).replace('_', '[-_]')}[\"']?[ \t]*=", re.M)
    for match in line.finditer(text, 0, top):
        end = match.start()
        while end < len(text):
            end = text.find("\n", end) + 1 or len(text)
            try:
                found = tomllib.loads(text[match.start() : end])
            except tomllib.TOMLDecodeError:
                continue
            if len(found) == 1:
                return text, match.start(), end
    return text, top, top


def _comment(old: str) -> str:
    """Return the comment behind a value on one line, with the blanks before it."""
    found = re.fullmatch(r"[^\"'\n]*?(?:\"[^\"\n]*\"|'[^'\n]*'|[^\"'#\n])*?([ \t]*#[^\n]*)?\n?", old)
    return (found[1] or "") if found else ""


def _replace(file: Path, text: str) -> None:
    """Write a file in one step, with the line ends that it has."""
    try:
        if file.exists() and b"\r\n" in file.read_bytes():
            text = text.replace("\n", "\r\n")
        edit_bytes(file, text.encode(), USUAL)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror or error}") from error
