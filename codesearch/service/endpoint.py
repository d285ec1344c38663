"""Where a service listens: a Unix socket, or a loopback port with a token, in a folder that only this user can open.

The place depends only on the path of the index, never on a file in the tree, so no repository can redirect a client.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import dirs

if TYPE_CHECKING:
    import socket

UNIX = os.name == "posix"
LONGEST_PATH = 100
"""Maximum length of a socket path in bytes: Linux allows 107, macOS 103."""
CONNECT_TIMEOUT = 0.5


_NOWHERE = f"no folder for a socket has a path short enough for one ({LONGEST_PATH} bytes)"


class EndpointError(Exception):
    """No socket can be opened; the message gives the reason."""


def key(index: Path) -> str:
    """Return the name of the endpoint of an index."""
    return hashlib.blake2b(os.fsencode(os.path.realpath(index)), digest_size=8).hexdigest()


def folders() -> Iterator[Path]:
    """Yield the folders where endpoints may be, best first; they need not exist."""
    if os.name == "posix":
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        own = f"/run/user/{os.getuid()}"  # for a client without that variable, such as a cron job
        for folder in dict.fromkeys((runtime, own)):
            if folder.startswith("/") and Path(folder).is_dir():
                yield Path(folder) / "codesearch"
    if (cache := dirs.cache()) is not None:
        yield cache / "run"
    if os.name == "posix":
        yield Path(os.environ.get("TMPDIR") or "/tmp") / f"codesearch-{os.getuid()}"


def private(folder: Path) -> bool:
    """Return whether a folder belongs to this user and is closed to all others."""
    if os.name != "posix":
        return folder.is_dir()  # in the user's profile, which Windows closes to others
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _usable(name: str) -> Iterator[Path]:
    for folder in folders():
        place = folder / name
        if not UNIX or len(os.fsencode(place)) <= LONGEST_PATH:
            yield place


# -- the service's side ---------------------------------------------------------------------------


def listen(index: Path) -> tuple[socket.socket, Path, str]:
    """Open the endpoint of an index whose lock the caller holds.

    Return (socket, its file, token), where the token of a Unix socket is "". Raises EndpointError.
    """
    problems = []
    for place in _usable(key(index)):
        if problem := _unfit(place.parent):
            problems.append(problem)
            continue
        try:
            return _listen_unix(place) if UNIX else _listen_tcp(place)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    raise EndpointError("; ".join(problems) or _NOWHERE)


def obstacle(index: Path) -> str:
    """Return why no service of an index can open a socket; "" if one can, as far as its folders show."""
    problems = []
    for place in _usable(key(index)):
        if not (problem := _unfit(place.parent)):
            return ""
        problems.append(problem)
    return "; ".join(problems) or _NOWHERE


def _unfit(folder: Path) -> str:
    """Make a folder for sockets; return what is wrong with it, or ""."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    if not private(folder):
        return f"{folder} can be opened by others"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written to"


def _listen_unix(place: Path) -> tuple[socket.socket, Path, str]:
    import socket

    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        place.unlink(missing_ok=True)  # left by a keeper that was killed: its lock is ours now
        server.bind(os.fsencode(place))
        place.chmod(0o600)
        server.listen(64)
    except BaseException:
        server.close()
        raise
    return server, place, ""


def _listen_tcp(place: Path) -> tuple[socket.socket, Path, str]:
    import json
    import secrets
    import socket

    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    token = secrets.token_hex(32)
    text = json.dumps({"port": server.getsockname()[1], "token": token})
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    return server, place, token


def is_same_user(connection: socket.socket) -> bool:
    """Return whether the other side of a Unix socket is this user's (or root's) process, if the system reports that."""
    import socket
    import struct

    peer = getattr(socket, "SO_PEERCRED", None)
    if peer is None or connection.family != getattr(socket, "AF_UNIX", None):
        return True  # the folder or the token keeps others out
    _, user, _ = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, peer, struct.calcsize("iII")))
    return user in (os.geteuid(), 0)


# -- the client's side ----------------------------------------------------------------------------


def exists(index: Path) -> bool:
    """Return whether there may be a service, which is much quicker to find out than to connect."""
    return any(place.exists() for place in _usable(key(index)))


def connect(index: Path) -> tuple[socket.socket, dict[str, Any]] | None:
    """Connect to the service of an index. Return (socket, fields to add to a request), or None if there is none."""
    for place in _usable(key(index)):
        if not place.exists() or not private(place.parent):
            continue
        try:
            found = _connect_unix(place) if UNIX else _connect_tcp(place)
        except (OSError, ValueError, KeyError):
            continue  # its service was killed
        if is_same_user(found[0]):
            return found
        found[0].close()
    return None


def _connect_unix(place: Path) -> tuple[socket.socket, dict[str, Any]]:
    import socket

    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(CONNECT_TIMEOUT)
        client.connect(os.fsencode(place))
    except BaseException:
        client.close()
        raise
    return client, {}


def _connect_tcp(place: Path) -> tuple[socket.socket, dict[str, Any]]:
    import json
    import socket

    facts = json.loads(place.read_text(encoding="ascii"))
    return socket.create_connection(("127.0.0.1", int(facts["port"])), CONNECT_TIMEOUT), {"token": facts["token"]}
