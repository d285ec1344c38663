"""Who may use the server: programs of this machine that send the token, and no web page of another site."""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path

from codesearch.core import dirs
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.loopback import NAMES
from codesearch.mcp.http.wire import Head, RefusedError

PATH = "/mcp"
VARIABLE = "CODESEARCH_MCP_TOKEN"
"""The environment variable with the token."""
_TOKEN = re.compile(r"[!-~]{16,512}")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?", re.IGNORECASE)


class Access:
    """Checks requests before anything of them but the headers is read."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def check(self, head: Head) -> None:
        """Return if a request is allowed. Raises RefusedError.

        A page of another site that has its own name lead to this machine still sends that name as Host, and as Origin.
        """
        check_site(head)
        if head.target.partition("?")[0] != PATH:
            raise RefusedError(404, f"the server answers at {PATH}")
        if not hmac.compare_digest(bearer(head).encode("latin-1"), self._token):
            raise wrong_token()


def check_site(head: Head, names: Collection[str] = NAMES) -> None:
    """Return if a request is for one of the names of this server, and from no page of another site.

    Raises RefusedError. A page with a name that leads to this machine sends that name as Host, and as Origin.
    """
    if not _is_named(head.header("host") or "", names):
        known = ", ".join(names)
        raise RefusedError(403, f"the header Host must name this {'machine' if names is NAMES else 'server'}: {known}")
    origin = head.header("origin")
    if origin is not None and not _is_own_origin(origin, names):
        raise RefusedError(403, "pages of other sites may not use this server")


def bearer(head: Head) -> str:
    """Return the token that a request sends. Raises RefusedError if it sends none."""
    kind, _, given = (head.header("authorization") or "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise RefusedError(401, "send the token: Authorization: Bearer TOKEN", ("WWW-Authenticate", "Bearer"))
    return given.strip()


def wrong_token() -> RefusedError:
    """Return the error of a request with a token that is not known."""
    return RefusedError(401, "the token is wrong", ("WWW-Authenticate", 'Bearer error="invalid_token"'))


def _is_named(host: str, names: Collection[str]) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and found[1].strip("[]").lower() in names


def _is_own_origin(origin: str, names: Collection[str]) -> bool:
    scheme, separator, host = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and _is_named(host, names)


def find_token() -> tuple[str, Path | None]:
    """Return the token and the file that has it, None if it is from the environment. The file is made if need be.

    Raises UsageError if the token is too weak, or others can read the file.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        if not _TOKEN.fullmatch(given):
            raise UsageError(f"{VARIABLE} must have at least 16 characters, without spaces")
        return given, None
    folder = dirs.data()
    if folder is None:
        raise UsageError(f"there is no home folder for the token: set {VARIABLE}")
    file = folder / "mcp-token"
    try:
        if not file.exists():
            _make(file)
        token = _read(file)
    except OSError as error:
        raise CodesearchError(f"{file}: {error.strerror or error}; or set {VARIABLE}") from error
    if not _TOKEN.fullmatch(token):
        raise UsageError(f"{file}: has no token; delete the file for a new one")
    return token, file


def _make(file: Path) -> None:
    """Write a new token in one step, unless another process was quicker."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".mcp-token-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()


def _read(file: Path) -> str:
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, encoding="ascii", errors="replace") as source:
        status = os.fstat(handle)
        mine = os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)
        if not stat.S_ISREG(status.st_mode) or not mine:
            raise UsageError(f"{file}: must be a file that only you can read; delete it for a new one")
        return source.read(1000).strip()
