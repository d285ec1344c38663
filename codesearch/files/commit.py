"""Writes the source files of a commit to a folder, from git's objects: there need be no checkout, and none changes.

A checkout by git would run the filters that the repository names; here nothing is run, and links are not made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from codesearch import languages
from codesearch.core.errors import NotFoundError
from codesearch.files import git
from codesearch.files.values import FileOptions

_CONTROL_FILES = frozenset({".codesearchignore", ".codesearch.toml", "pyproject.toml"})
"""Files that decide what is indexed, and how."""
_EVERYTHING = "!node_modules/\n!__pycache__/\n!.venv/\n!.tox/\n!.nox/\n"
"""A commit holds only files that were added: no folder is left out by default."""
_PLAIN, _EXECUTABLE = b"100644", b"100755"


class _Entry(NamedTuple):
    mode: bytes
    id: bytes
    size: int
    path: str


def write_out(repository: Path, tree: str, target: Path, options: FileOptions) -> int:
    """Write the files of a git tree that may be source, and those that control codesearch; return their number.

    A file that is too large is written as a hole of its size. Raises NotFoundError if objects are missing.
    """
    folder = os.fsencode(repository)
    try:
        entries = _entries(git.output(folder, ("ls-tree", "-r", "-z", "-l", "--full-tree", tree)))
        small = [entry for entry in entries if entry.size <= options.max_file_size]
        for entry in entries:
            if entry.size > options.max_file_size:
                with _created(target / entry.path).open("wb") as file:
                    file.truncate(entry.size)
        for entry, data in zip(small, git.blobs(folder, [entry.id for entry in small]), strict=True):
            file_path = _created(target / entry.path)
            file_path.write_bytes(data)
            if entry.mode == _EXECUTABLE:
                file_path.chmod(0o700)
    except git.GitUnavailableError as error:
        raise NotFoundError(f"{repository}: {error}") from error
    (target / ".gitignore").write_text(_EVERYTHING, "ascii")
    return len(entries)


def _entries(listed: bytes) -> list[_Entry]:
    found = []
    for line in listed.split(b"\0"):
        head, _, name = line.partition(b"\t")
        if not name:
            continue
        mode, _, id, size = head.split()
        path = os.fsdecode(name)
        if mode in (_PLAIN, _EXECUTABLE) and _is_safe(path) and _may_be_source(path):
            found.append(_Entry(mode, id, int(size), path))
    return found


def _is_safe(path: str) -> bool:
    """Return whether a path stays below the folder; git refuses to commit others, but objects can be forged."""
    parts = path.split("/")
    if os.name == "nt" and ("\\" in path or ":" in path):
        return False
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)


def _may_be_source(path: str) -> bool:
    name = path.rpartition("/")[2]
    if name in _CONTROL_FILES:
        return True
    return languages.detect(name, b"") is not None or "." not in name


def _created(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
