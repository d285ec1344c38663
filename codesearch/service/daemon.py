"""A watcher in the background: detached from the terminal, with a log of limited size."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from codesearch.core import child, dirs
from codesearch.service import endpoint

LOG_LIMIT = 512 * 1024
"""Maximum size of the log in bytes; a longer one is cut to its last LOG_KEPT bytes."""
LOG_KEPT = 64 * 1024


def log_file(index: Path) -> Path:
    """Return where the background watcher of an index writes what happens."""
    return (dirs.cache() or index.parent) / "log" / f"{endpoint.key(index)}.log"


def spawn(module: str, function: str, arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Call a function in a process that is detached from this terminal and writes to `log`. Raises OSError.

    The arguments are strings. The exit status is what the function returns.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = child.command(module, function, *arguments)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if sys.platform == "win32":
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                cwd=Path(sys.executable).anchor,
                creationflags=subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
            )
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=handle, stderr=handle, cwd="/", start_new_session=True
        )
    finally:
        os.close(handle)


def stamped(text: str) -> str:
    """Return a line for a log, with the time and this process."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} [{os.getpid()}] {text}"


def trim(log: Path) -> None:
    """Cut a log that is too long to its last lines. A process that has it open continues to append to it."""
    try:
        if log.stat().st_size <= LOG_LIMIT:
            return
        with log.open("r+b") as file:
            file.seek(-LOG_KEPT, os.SEEK_END)
            kept = file.read().partition(b"\n")[2]
            file.seek(0)
            file.truncate()
            file.write(kept)
    except FileNotFoundError:
        return


def tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
