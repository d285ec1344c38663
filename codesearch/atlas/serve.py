"""Serves the map on this machine only: the page, and answers of the index to its search box.

It listens on 127.0.0.1, answers GET only, and only if the request names this server as its host, so that no web page
that is open in the same browser can reach it through a name of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from codesearch.atlas import page as pages
from codesearch.core.errors import CodesearchError
from codesearch.core.log import Log

if TYPE_CHECKING:
    from codesearch.index import Index

log = Log("codesearch.atlas")

HOST = "127.0.0.1"
ANSWERS = 50
LONGEST_QUERY = 2000
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
SITE = pages.Site("search?q=")
"""What a page must know that is served here."""


def server(index: Index, page: str, *, port: int = 0) -> HTTPServer:
    """Return a server of the page of a map; `serve_forever` answers. Raises OSError if the port is in use.

    One request at a time: an index is not for several threads.
    """

    def search(text: str) -> list[dict[str, object]]:
        found = (hit.symbol for hit in index.query(text[:LONGEST_QUERY], limit=ANSWERS))
        return [
            {"path": pages.readable(one.path), "start_line": one.start_line, "qualname": one.qualname} for one in found
        ]

    class Handler(_Handler):
        document = page.encode()
        answer = staticmethod(search)

    return HTTPServer((HOST, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    document: bytes
    answer: Callable[[str], list[dict[str, object]]]
    server_version, sys_version = "codesearch", ""
    timeout = 10

    def do_GET(self) -> None:
        """Send the page, or the symbols that answer `search?q=`."""
        assert isinstance(self.server, HTTPServer)
        port = self.server.server_port
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self._send(403, "text/plain", b"this server answers requests to itself only\n")
            return
        parts = urlsplit(self.path)
        if parts.path == "/":
            self._send(200, "text/html; charset=utf-8", self.document)
        elif parts.path == "/search":
            asked = parse_qs(parts.query).get("q", [""])[0]
            try:
                found: dict[str, object] = {"results": self.answer(asked)}
            except CodesearchError as error:
                found = {"results": [], "problem": str(error)}
            self._send(200, "application/json", json.dumps(found).encode())
        else:
            self._send(404, "text/plain", b"not found\n")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # the page was closed, or asks something else already
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log a request for --verbose only."""
        log.debug(format, *args)
