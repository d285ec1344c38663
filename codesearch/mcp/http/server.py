"""The server over HTTP: one thread per connection, with limits that no client can exceed at the expense of others."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from codesearch.core.connections import is_closed
from codesearch.core.errors import CodesearchError
from codesearch.core.log import Log
from codesearch.mcp.http import wire
from codesearch.mcp.http.access import PATH
from codesearch.mcp.http.wire import Head, RefusedError, Reply
from codesearch.mcp.jsonrpc import MOST_BYTES

log = Log("codesearch.mcp")

MOST_CONNECTIONS = 128
"""When there are more, the oldest that has not sent a whole request is closed."""
LAST_SECONDS = 5.0
"""Seconds that open requests may take after the server was asked to end."""


class Checks(Protocol):
    """Decides who may use a server."""

    def check(self, head: Head) -> None:
        """Return if a request is allowed, before its body is read. Raises RefusedError."""


class Answers(Protocol):
    """Answers requests that are allowed. Thread-safe."""

    def reply(self, head: Head, body: bytes, is_gone: Callable[[], bool]) -> Reply | None:
        """Return the reply to a request; None if the client went away. Raises RefusedError."""


@dataclass(slots=True)
class Account:
    """What became of a request."""

    headers: Sequence[tuple[str, str]] = ()
    """Headers that its reply has besides its own."""
    status: int = 499
    """As it was sent; 499 if the client went away before."""
    received: int = 0
    sent: int = 0
    """Bytes of the bodies."""


Watched = Callable[[Head | None], AbstractContextManager[Account]]
"""Surrounds each request, for logs and counts; it receives its head, or None if that cannot be read."""


@contextlib.contextmanager
def _unwatched(head: Head | None) -> Iterator[Account]:
    yield Account()


class HttpServer:
    """Serves an endpoint on an address."""

    def __init__(
        self,
        address: tuple[str, int],
        access: Checks,
        endpoint: Answers,
        *,
        path: str = PATH,
        most_bytes: int = MOST_BYTES,
        watched: Watched = _unwatched,
    ) -> None:
        """Open the port; a body has at most `most_bytes`. Raises CodesearchError if that is not possible."""
        self._access, self._endpoint, self._most_bytes, self._watched = access, endpoint, most_bytes, watched
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            self._listener = socket.create_server(address, family=family, backlog=64)
        except OSError as error:
            text = f"port {address[1]} of {address[0]} cannot be opened: {error.strerror or error}"
            raise CodesearchError(f"{text}; choose another one, or 0 for any") from error
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"http://{host}:{self._listener.getsockname()[1]}{path}"
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._threads: dict[socket.socket, threading.Thread] = {}
        self._reading: dict[socket.socket, None] = {}
        """Connections without a whole request, the oldest first."""
        self._lock = threading.Lock()
        self._ending = False

    def run(self) -> None:
        """Serve until `stop`; open requests are then answered."""
        self._listener.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._ending:
                for key, _ in selector.select():
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._ending = True
        self._listener.close()
        self._end()

    def stop(self) -> None:
        """Have `run` return soon. Safe in a signal handler, and from any thread."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def _end(self) -> None:
        end = time.monotonic() + LAST_SECONDS
        with self._lock:
            threads = dict(self._threads)
            for connection in self._reading:
                _hang_up(connection)
        for thread in threads.values():
            thread.join(max(0.0, end - time.monotonic()))
        for connection in threads:
            _hang_up(connection)
        self._wake.close()
        self._waker.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # the client is gone, or there are no descriptors left
            time.sleep(0.01)
            return
        thread = threading.Thread(target=self._serve, args=(connection,), name="codesearch-http", daemon=True)
        with self._lock:
            if len(self._threads) >= MOST_CONNECTIONS and self._reading:
                oldest = next(iter(self._reading))
                del self._reading[oldest], self._threads[oldest]
                _hang_up(oldest)
            full = len(self._threads) >= MOST_CONNECTIONS
            if not full:
                self._threads[connection], self._reading[connection] = thread, None
        if full:
            connection.close()
            return
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._threads.pop(connection, None)
            self._reading.pop(connection, None)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = wire.Reader(connection)
            while not self._ending and self._exchange(connection, reader):
                with self._lock:
                    if connection not in self._threads:
                        return
                    self._reading[connection] = None
        except OSError:
            return  # the client is gone, or too slow
        except Exception as error:  # noqa: BLE001 -- a fault costs one connection
            log.warning("a connection ended with %s: %s", type(error).__name__, error)
        finally:
            self._forget(connection)

    def _exchange(self, connection: socket.socket, reader: wire.Reader) -> bool:
        """Answer one request; return whether another one may follow on this connection."""
        try:
            head = reader.head()
        except RefusedError as error:
            with self._watched(None) as account:
                _refuse(connection, None, error, account)
            wire.linger(connection)
            return False
        if head is None:
            return False
        with self._watched(head) as account:
            try:
                self._access.check(head)
                body = reader.body(head, self._most_bytes)
                account.received = len(body)
                with self._lock:
                    self._reading.pop(connection, None)
                reply = self._endpoint.reply(head, body, lambda: is_closed(connection))
            except RefusedError as error:
                _refuse(connection, head, error, account)
            else:
                if reply is None:
                    log.info("a client closed the connection before its answer")
                    return False
                keeps_alive = head.keeps_alive and not self._ending
                _send(connection, reply, account, keeps_alive=keeps_alive)
                return keeps_alive
        wire.linger(connection)
        return False


def _refuse(connection: socket.socket, head: Head | None, error: RefusedError, account: Account) -> None:
    log.info("refused with %d: %s", error.status, error)
    without_body = head is not None and head.method == "HEAD"
    _send(connection, error.reply(), account, keeps_alive=False, without_body=without_body)


def _send(
    connection: socket.socket, reply: Reply, account: Account, *, keeps_alive: bool, without_body: bool = False
) -> None:
    whole = replace(reply, headers=(*reply.headers, *account.headers))
    wire.send(connection, whole.encode(keeps_alive=keeps_alive, without_body=without_body))
    account.status, account.sent = reply.status, 0 if without_body else len(reply.body)


def _hang_up(connection: socket.socket) -> None:
    """Wake the thread that reads from a connection."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
