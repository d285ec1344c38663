"""Decides from the name of a changed path what to check for the index."""

from __future__ import annotations

from functools import lru_cache

from codesearch import languages
from codesearch.settings import PROJECT_FILE
from codesearch.watch.debounce import Batch

OWN = frozenset({".codesearch", ".git", ".hg", ".svn", ".jj"})
IGNORE_FILES = frozenset({".gitignore", ".codesearchignore"})
SETTINGS_FILES = frozenset({PROJECT_FILE, "pyproject.toml"})
GIT_FILES = frozenset({"HEAD", "index"})
"""Files of a git folder that decide which files git lists, besides the files themselves."""

NOTHING = Batch()


def classify_event(path: str, *, folder: bool) -> Batch:
    """Return what to check after `path` (relative to the root, with `/`) was made, written, moved or deleted.

    `folder`: it is a folder, or may have been one.
    """
    if path.startswith(".git/"):
        return classify_git_event(path.removeprefix(".git/"))
    name = path[path.rfind("/") + 1 :]
    if name in IGNORE_FILES:
        return Batch(whole=True, folders=True)
    if name == ".git" or not path:
        return Batch(whole=True, folders=True)
    if path in SETTINGS_FILES:
        return Batch(paths=(path,), settings=True)
    if not OWN.isdisjoint(path.split("/")):
        return NOTHING
    if folder or "." not in name[1:] or _is_source(name):
        return Batch((path,))
    return NOTHING


def classify_git_event(path: str) -> Batch:
    """Return what to check after a file of the git folder changed; `path` is relative to that folder."""
    if path in ("info/exclude", "config"):
        return Batch(whole=True, folders=True)
    return Batch(whole=True) if path in GIT_FILES else NOTHING


def _is_source(name: str) -> bool:
    return _has_language(name) or _has_language("x" + name[name.rfind(".") :].lower())


@lru_cache(maxsize=4096)
def _has_language(name: str) -> bool:
    return languages.detect(name, b"") is not None
