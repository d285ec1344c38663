"""Opens a result in the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from codesearch.cli.environment import ONE_THREAD
from codesearch.core.errors import CodesearchError, UsageError

_PLUS = frozenset(
    "vi vim nvim view gvim mvim nano pico emacs emacsclient micro kak joe jed mg ne jmacs zile vis pluma gedit".split()
)
"""Editors that take `+LINE FILE`."""
_GOTO = frozenset("code code-insiders codium vscodium cursor windsurf".split())
"""Editors that take `--goto FILE:LINE`."""
_COLON = frozenset("hx helix zed subl sublime_text mate lapce pulsar atom".split())
"""Editors that take `FILE:LINE`."""


def command(file: Path, line: int) -> list[str]:
    """Return the command that opens a file at a line, from $VISUAL or $EDITOR. Raises UsageError if neither is set."""
    wish = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        words = shlex.split(wish, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"$VISUAL or $EDITOR cannot be understood: {error}: {wish!r}") from None
    if not words:
        raise UsageError("no editor is configured: set VISUAL or EDITOR, for example to `vim` or `code --wait`")
    name = Path(words[0].strip('"')).name.lower().removesuffix(".exe").removesuffix(".cmd")
    if name in _PLUS:
        return [*words, f"+{line}", str(file)]
    if name in _GOTO:
        return [*words, "--goto", f"{file}:{line}"]
    if name in _COLON:
        return [*words, f"{file}:{line}"]
    return [*words, str(file)]


def open_at(file: Path, line: int) -> None:
    """Open a file in the editor and wait until it exits. Raises CodesearchError if it cannot be run or fails."""
    words = command(file, line)
    environment = {name: value for name, value in os.environ.items() if (name, value) != ONE_THREAD}
    try:
        status = subprocess.run(words, check=False, env=environment).returncode
    except OSError as error:
        raise CodesearchError(f"{words[0]}: cannot be run: {error.strerror or error}") from error
    if status:
        raise CodesearchError(f"{words[0]} ended with status {status}")
