"""Replaces a file in one step: another process sees the old text or the new one, never a part."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from codesearch.core.errors import UnwritableError

PRIVATE, USUAL = 0o600, 0o666
"""Permissions of a new file: for its owner only; what the umask leaves."""


def replace_text(file: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of the one before. Raises OSError; that one is then kept."""
    replace_bytes(file, text.encode())


def replace_bytes(file: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Do the same with bytes; the file has the permissions `mode`, less the umask."""
    _replace(file, data, mode, kept=None)


def edit_bytes(file: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace a file that people keep and edit: it stays a link if it is one, and its permissions stay.

    A new file has the permissions `mode`, less the umask, and its folder is made. Raises OSError; the file is then as
    it was.
    """
    target = Path(os.path.realpath(file))
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, data, mode, kept=target.stat().st_mode & 0o777 if target.exists() else None)


def write_output(file: Path, data: bytes) -> None:
    """Write a file that a user named for output. On an error, the one before is kept, and nothing of a new one.

    A pipe or a device is written as it is. Raises UnwritableError.
    """
    target = Path(os.path.realpath(file))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data, USUAL, kept=target.stat().st_mode & 0o777 if target.exists() else None)
    except OSError as error:
        raise UnwritableError(f"{file}: cannot be written ({error.strerror or error})") from error


def _replace(file: Path, data: bytes, mode: int, *, kept: int | None) -> None:
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(6)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        if kept is not None:
            temporary.chmod(kept)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
