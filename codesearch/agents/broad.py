"""Recognizes calls of tools that search many files, in the forms that clients give them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SHELLS = frozenset({"Bash", "run_shell_command", "shell", "local_shell"})
_SEARCHES = frozenset({"Grep", "grep_search", "search_file_content"})
_LISTS = frozenset({"Glob", "glob"})
_OPERATORS = frozenset({";", "&&", "||", "&", "(", ")", "\n"})
_RECURSIVE = frozenset({"rg", "ag", "ack", "pt", "find", "fd", "fdfind"})
"""Commands that search a folder and everything in it."""
_GREPS = frozenset({"grep", "egrep", "fgrep"})
_BEFORE = frozenset({"sudo", "time", "command", "nice", "env", "timeout", "xargs"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_NUMBER = re.compile(r"\d+[smhd]?")
_GREP_RECURSIVE = re.compile(r"-[a-zA-Z]*[rR][a-zA-Z]*|--(?:dereference-)?recursive|--directories=recurse")
MOST_COMMAND = 20_000
"""Characters of a command that are looked at."""


def searched(tool: str, given: Mapping[str, Any], cwd: Path) -> Path | None:
    """Return the folder that a call searches, if it searches many files."""
    if tool in _SHELLS:
        command = given.get("command")
        if isinstance(command, list):
            command = command[-1] if command[:2] in (["bash", "-lc"], ["sh", "-c"], ["bash", "-c"]) else None
        return _of_shell(command[:MOST_COMMAND], cwd) if isinstance(command, str) else None
    path = given.get("path") or given.get("dir_path") or "."
    if not isinstance(path, str):
        return None
    if tool in _SEARCHES or (tool in _LISTS and "**" in str(given.get("pattern"))):
        return _folder(path, cwd)
    return None


def _of_shell(command: str, cwd: Path) -> Path | None:
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()\n")
        lexer.whitespace = " \t\r"
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError:  # a quotation that does not end, as in a here-document
        return None
    simple: list[str] = []
    piped = False
    for word in [*words, ";"]:
        if word not in _OPERATORS and not set(word) <= set(";&|()\n"):
            simple.append(word)
            continue
        if simple:
            if simple[0] == "cd" and len(simple) == 2:
                cwd = _folder(simple[1], cwd) or cwd
            elif not piped and (folder := _of_command(simple, cwd)) is not None:
                return folder
        simple, piped = [], word == "|"
    return None


def _of_command(words: list[str], cwd: Path) -> Path | None:
    """Return the folder that one command searches; `words` are its name and arguments."""
    while words and _is_before(words[0]):
        words = words[1:]
    if words[:2] == ["git", "grep"]:
        return cwd
    if not words:
        return None
    name, given = words[0].rpartition("/")[2], words[1:]
    plain = [word for word in given if not word.startswith("-")]
    if name in _GREPS:
        if not any(_GREP_RECURSIVE.fullmatch(word) for word in given if word.startswith("-")):
            return None
        return _last_folder(plain[1:], cwd)
    if name not in _RECURSIVE:
        return None
    if name == "find":
        return _folder(plain[0], cwd) if plain else cwd
    return _last_folder(plain[1:], cwd)


def _is_before(word: str) -> bool:
    """Return whether a word comes before the name of a command: an assignment, or a command that runs another one."""
    return word in _BEFORE or bool(_ASSIGNMENT.fullmatch(word) or _NUMBER.fullmatch(word))


def _last_folder(paths: list[str], cwd: Path) -> Path | None:
    """Return the folder among the arguments after the pattern: the current one if none of them is a path."""
    existing = [path for path in paths if (cwd / path).exists()]
    if not existing:
        return cwd
    return next((folder for path in existing if (folder := _folder(path, cwd)) is not None), None)


def _folder(path: str, cwd: Path) -> Path | None:
    """Return an existing folder; None for a file, or if there is no such thing."""
    place = cwd / Path(path).expanduser() if path.startswith("~") else cwd / path
    return place if place.is_dir() else None
