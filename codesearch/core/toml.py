"""Reads files in TOML. The parser is loaded only if there is a file to parse."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from codesearch.core.errors import UsageError


def read(path: Path, only_if: bytes = b"") -> dict[str, Any] | None:
    """Read a TOML file; None if it does not exist, or does not contain `only_if` and so need not be parsed.

    Raises UsageError if it cannot be read or is not TOML; the message names the file and the line.
    """
    raw = _bytes(path)
    return None if raw is None or only_if not in raw else _parsed(path, raw)


def read_table(path: Path, name: str) -> tuple[Any, str]:
    """Return (a table of a TOML file, or None; why the whole file cannot be used, or "").

    The file belongs to other programs. While the rest of it is broken, as in the middle of a merge, the table is read
    on its own if that is possible.
    """
    *above, last = name.split(".")
    try:
        raw = _bytes(path)
        if raw is None or last.encode() not in raw:
            return None, ""
        table: Any = _parsed(path, raw)
        for part in above:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        return (table.get(last) if isinstance(table, dict) else None), ""
    except UsageError as error:
        return _alone(path, name), str(error)


def _alone(path: Path, name: str) -> dict[str, Any] | None:
    """Return the text from the header of a table to the next header; None if that is not TOML either."""
    try:
        found = re.search(
            rb"^\[" + re.escape(name.encode()) + rb"\][^\n]*\n(.*?)(?=^\[|\Z)", _bytes(path) or b"", re.M | re.S
        )
        return _parsed(path, found[1]) if found else None
    except UsageError:
        return None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _parsed(path: Path, raw: bytes) -> dict[str, Any]:
    from importlib import import_module

    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        table: dict[str, Any] = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    return table
