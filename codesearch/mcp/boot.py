"""Starts the server for agents, on the standard streams or over HTTP."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import NotFoundError, UsageError
from codesearch.mcp.backend import Backend

if TYPE_CHECKING:
    from codesearch.mcp.http.server import HttpServer


def main(path: str | None = None) -> int:
    """Serve one client until it closes its end.

    Raises NotFoundError if there is no folder `path`, UsageError if there are no standard streams.
    """
    from codesearch.mcp.methods import Methods
    from codesearch.mcp.server import Server

    backend = _backend(path)
    if sys.stdin is None or sys.stdout is None:
        raise UsageError("the server talks to its client over standard input and output, and one of them is closed")
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the messages
    sys.stdout = sys.stderr
    Server(Methods(backend), incoming, outgoing).run()
    return 0


def serve(path: str | None, address: str) -> int:
    """Serve clients over HTTP until a signal ends the process.

    Raises NotFoundError if there is no folder `path`, UsageError if there is none to serve or the address is not on
    this machine, and CodesearchError if the port cannot be opened.
    """
    from codesearch.core import loopback
    from codesearch.mcp.http.access import Access, find_token
    from codesearch.mcp.http.endpoint import Endpoint
    from codesearch.mcp.http.server import HttpServer
    from codesearch.mcp.http.sessions import Calls, Sessions

    where = loopback.parse(address, "--http")
    backend = _backend(path)
    if backend.needs_root:
        raise UsageError("this folder is not a project; name one: codesearch mcp --http 0 path/to/project")
    token, file = find_token()
    server = HttpServer(where, Access(token), Endpoint(backend, Sessions(backend), Calls()))
    stop_at_signals(server)
    _announce(server.url, file)
    server.run()
    return 0


def _backend(path: str | None) -> Backend:
    if path is None:
        return Backend(None)
    root = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 -- as the user named it
    if not root.is_dir():
        raise NotFoundError(f"{path}: no such folder")
    return Backend(root)


def stop_at_signals(server: HttpServer) -> None:
    """End a server when a signal asks the process to end."""
    import signal

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda *_: server.stop())


def _announce(url: str, file: Path | None) -> None:
    from codesearch.mcp.http.access import VARIABLE

    token = f"${VARIABLE}" if file is None else f"$(cat '{file}')"
    sys.stderr.write(
        f"codesearch: serving {url}\n"
        f"Clients send the header  Authorization: Bearer {token}\n"
        f'For example: claude mcp add --transport http codesearch {url} --header "Authorization: Bearer {token}"\n'
    )
    sys.stderr.flush()
