"""HTTP/1.1 on a socket: requests with a limit for every size and time, and replies.

`http.server` reads a request for as long as a client sends a byte now and then, and headers of several megabytes.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus

MOST_HEAD = 32 * 1024
"""Maximum length of the request line and headers in bytes."""
IDLE_SECONDS = 60.0
"""Seconds that a connection may wait for its next request."""
HEAD_SECONDS = 10.0
"""Seconds that a client may take for the request line and headers, from the first byte."""
BODY_SECONDS = 30.0
SEND_SECONDS = 30.0
LINGER_SECONDS = 1.0
"""Seconds in which a client can read a refusal while it still sends."""
_CHUNK = 1 << 16

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([!-~]{1,2000}) HTTP/1\.([01])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_LENGTH = re.compile(r"[0-9]{1,12}")


class RefusedError(Exception):
    """A request that is refused with a status; the connection is then closed."""

    def __init__(self, status: int, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers

    def reply(self) -> Reply:
        """Return the reply."""
        return Reply(self.status, f"{self}\n".encode(), "text/plain; charset=utf-8", self.headers)


@dataclass(frozen=True, slots=True)
class Head:
    """The request line and the headers of a request."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, and values."""
    keeps_alive: bool
    peer: str = ""
    """The address that the connection comes from."""

    def header(self, name: str) -> str | None:
        """Return a header, or None. Raises RefusedError if there are several of them."""
        values = [value for known, value in self.headers if known == name]
        if len(values) > 1:
            raise RefusedError(400, f"the header {name} is sent more than once")
        return values[0] if values else None

    def joined(self, name: str) -> str:
        """Return the values of a header that may be sent in parts."""
        return ", ".join(value for known, value in self.headers if known == name)


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a request."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()

    def encode(self, *, keeps_alive: bool, without_body: bool = False) -> bytes:
        """Return the bytes to send."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Date: {formatdate(usegmt=True)}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        if self.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += ["Cache-Control: no-store", "X-Content-Type-Options: nosniff"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Connection: {'keep-alive' if keeps_alive else 'close'}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if without_body else self.body)


class Reader:
    """Reads the requests of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._peer = str(connection.getpeername()[0])
        self._read = bytearray()

    def head(self) -> Head | None:
        """Return the head of the next request; None if the client has closed or sends none.

        Raises RefusedError, and OSError if the connection is broken.
        """
        end = time.monotonic() + IDLE_SECONDS
        begun = False
        while (length := self._read.find(b"\r\n\r\n")) < 0:
            if len(self._read) > MOST_HEAD:
                break
            if self._read and not begun:
                begun, end = True, time.monotonic() + HEAD_SECONDS
            try:
                part = self._receive(end)
            except TimeoutError as error:
                if not begun:
                    return None
                raise RefusedError(408, "the request took too long") from error
            if not part:
                return None
            self._read += part
            if not begun and self._read[:2] == b"\r\n":
                del self._read[:2]  # some clients send a line break after a body
        if not 0 <= length <= MOST_HEAD:
            raise RefusedError(431, f"the headers are longer than {MOST_HEAD} bytes")
        text = self._read[:length].decode("latin-1")
        del self._read[: length + 4]
        return replace(_parsed(text), peer=self._peer)

    def body(self, head: Head, most: int) -> bytes:
        """Return the body of a request. Raises RefusedError, and OSError if the connection is broken."""
        if head.joined("transfer-encoding"):
            raise RefusedError(411, "send the body with Content-Length")
        given = head.header("content-length")
        if given is None:
            if head.method == "POST":
                raise RefusedError(411, "send the body with Content-Length")
            return b""
        if not _LENGTH.fullmatch(given):
            raise RefusedError(400, "Content-Length is not a number")
        length = int(given)
        if length > most:
            raise RefusedError(413, f"the body is longer than {most} bytes")
        if head.joined("expect").lower() == "100-continue" and len(self._read) < length:
            self._connection.settimeout(SEND_SECONDS)
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        end = time.monotonic() + BODY_SECONDS
        while len(self._read) < length:
            try:
                part = self._receive(end)
            except TimeoutError as error:
                raise RefusedError(408, "the body took too long") from error
            if not part:
                raise ConnectionResetError("the client closed the connection")
            self._read += part
        body = bytes(self._read[:length])
        del self._read[:length]
        return body

    def _receive(self, end: float) -> bytes:
        self._connection.settimeout(max(0.001, end - time.monotonic()))
        return self._connection.recv(_CHUNK)


def _parsed(text: str) -> Head:
    first, *lines = text.split("\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise RefusedError(400, "the request line is not HTTP/1.1")
    headers = []
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise RefusedError(400, "a header is malformed")
        headers.append((header[1].lower(), header[2]))
    head = Head(found[1], found[2], tuple(headers), keeps_alive=False)
    wish = head.joined("connection").lower()
    keeps_alive = "close" not in wish if found[3] == "1" else "keep-alive" in wish
    return Head(head.method, head.target, head.headers, keeps_alive)


def send(connection: socket.socket, data: bytes) -> None:
    """Send everything. Raises OSError if the client does not take it."""
    connection.settimeout(SEND_SECONDS)
    connection.sendall(data)


def linger(connection: socket.socket) -> None:
    """Close our end, and discard for a moment what the client still sends, so that it can read the reply."""
    end = time.monotonic() + LINGER_SECONDS
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(_CHUNK):
                return
