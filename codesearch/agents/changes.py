"""Changes of files: what would be written, and the way back to exactly what was there."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesearch.core import dirs
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.replacing import edit_bytes

Edit = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it should be; None where there is no file."""

    file: Path
    before: str | None
    after: str | None

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def diff(self) -> str:
        """Return the change as a unified diff."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            str(self.file) if self.before is not None else "/dev/null",
            str(self.file) if self.after is not None else "/dev/null",
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def read(file: Path) -> str | None:
    """Return the text of a file with its line breaks; None if there is none. Raises UsageError if it is not UTF-8."""
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8; enter the server by hand (docs/agents.md)") from error


def planned(file: Path, add: Edit) -> Change:
    """Return the change that adds something to a file, or brings what was added before up to date."""
    now = read(file)
    return Change(file, now, add(_original(file, now) or ""))


def restored(file: Path, without: Edit) -> Change:
    """Return the change that takes a file back to what it was before `install`, with all other edits since.

    If what was added has been edited, `without` removes it.
    """
    now = read(file)
    if now is None:
        return Change(file, None, None)
    original = _original(file, now)
    if original == now:
        original = without(now)
    return Change(file, now, original)


def install(changes: list[Change]) -> None:
    """Write changes, and remember how to undo them."""
    for change in changes:
        if change.needed:
            _remember(change)
            _write(change.file, change.after)


def uninstall(changes: list[Change]) -> None:
    """Write changes, and forget the files."""
    for change in changes:
        if change.needed:
            _write(change.file, change.after)
        _record_file(change.file).unlink(missing_ok=True)


def _write(file: Path, text: str | None) -> None:
    """Replace a file in one step; through a link, the file that it leads to."""
    try:
        if text is None:
            Path(os.path.realpath(file)).unlink(missing_ok=True)
        else:
            edit_bytes(file, text.encode())
    except OSError as error:
        raise CodesearchError(f"{file}: cannot be written ({error.strerror or error})") from error


# -- the records of what was there ------------------------------------------------------------------------------------


def _record_file(file: Path) -> Path:
    folder = dirs.cache()
    if folder is None:
        raise CodesearchError("there is no home folder to remember the changed files in")
    key = hashlib.blake2b(os.fsencode(os.path.realpath(file)), digest_size=8).hexdigest()
    return folder / "agents" / f"{key}.json"


def _remember(change: Change) -> None:
    """Keep the place that changes as it was and as it will be, and nothing else of the file."""
    before = _original(change.file, change.before)
    old, new = before or "", change.after or ""
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    value = {"made": before is None, "old": old[start : len(old) - end], "new": new[start : len(new) - end]}
    record = _record_file(change.file)
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        record.write_text(json.dumps({"file": str(change.file), **value}), encoding="utf-8")
    except OSError as error:
        raise CodesearchError(
            f"{record.parent}: cannot be written ({error.strerror or error}), so `uninstall` would not know what was "
            f"added; {change.file} is left as it is. Set XDG_CACHE_HOME to a folder of yours."
        ) from error


def _same(one: str, other: str) -> int:
    """Return how many characters two texts have in common at the start."""
    most = min(len(one), len(other))
    return next((at for at in range(most) if one[at] != other[at]), most)


def _original(file: Path, now: str | None) -> str | None:
    """Return a text without what `install` added to it, if that is still there as it was; None if `install` made it."""
    record = _record(file)
    if now is None or record is None or not record["new"] or now.count(record["new"]) != 1:
        return now
    text = now.replace(record["new"], record["old"])
    return None if record["made"] and not text else text


def _record(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(_record_file(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and {"made", "old", "new"} <= value.keys() else None
