"""Why a file is not in the list of files to index."""

from __future__ import annotations

import os
from pathlib import Path

from codesearch.core.types import Skipped
from codesearch.files import git
from codesearch.files.content import read_source
from codesearch.files.discovery import Selection
from codesearch.files.values import FileOptions


def why(root: Path, options: FileOptions, path: str) -> str:
    """Return why a file is not in the list of files, as the rest of a sentence: "is left out: too large"."""
    file = root / path
    if file.is_symlink():
        return "is a link; links are not followed"
    source = read_source(root, path, options)
    if isinstance(source, Skipped):
        return f"is left out: {source.reason}" + (f" ({source.detail})" if source.detail else "")
    folder, raw = os.fsencode(root), os.fsencode(path)
    if not Selection(folder, options).keeps_file(raw):
        return "is left out by the settings include or exclude, or by a .codesearchignore"
    if git.top_of(folder) is not None:
        try:
            said = git.output(folder, ["check-ignore", "--verbose", "--no-index", "--", path])
        except git.GitUnavailableError:  # also the answer for a path that no rule ignores
            said = b""
        rule = said.decode("utf-8", "replace")
        if rule:
            where, _, pattern = rule.partition("\t")[0].rpartition(":")
            return f"is ignored by git: {where} says {pattern}"
    return "is ignored, or in a repository of its own inside this one"
