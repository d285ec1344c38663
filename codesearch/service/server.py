"""The socket of a service: one thread per connection, bounded in number, time and size."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codesearch._version import __version__
from codesearch.core import cancellation
from codesearch.core.connections import is_closed
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.log import Log
from codesearch.service import endpoint
from codesearch.service.protocol import (
    ACKNOWLEDGED,
    FOR_ANY_SETTINGS,
    FOR_ANYONE,
    MOST_REQUEST,
    OTHER,
    PROTOCOL,
)

MOST_CONNECTIONS = 64
IDLE_TIMEOUT = 60.0
"""Seconds that a client may take to send a request or to read an answer."""
LOOK_SECONDS = 0.02
"""Seconds between two looks whether the client of a request is still there."""

log = Log("codesearch.service")

Handler = Callable[[str, dict[str, Any]], dict[str, Any]]


class Server:
    """Listens at the endpoint of an index. A handler answers the requests, with one thread per connection."""

    def __init__(self, index: Path, settings_key: Callable[[], str], handle: Handler) -> None:
        """Open the endpoint; the caller must hold the lock of the index. Raises endpoint.EndpointError."""
        self._settings_key, self._handle = settings_key, handle
        self._socket, self.place, self._token = endpoint.listen(index)
        self._socket.settimeout(1.0)
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="codesearch-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._closed = True
        self.place.unlink(missing_ok=True)
        _hang_up(self._socket)
        # On some systems closing the socket does not wake the accepting thread at once: wait for its timeout.
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(0.05)
            if self._thread.is_alive():
                self._thread.join(2.0)
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now:
            _hang_up(connection)
        for thread in open_now.values():
            if thread is not threading.current_thread():
                thread.join(2.0)

    def present(self) -> bool:
        """Return whether clients can still find the socket."""
        return self.place.exists()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                if self._closed:
                    return
                threading.Event().wait(0.1)  # for example out of descriptors: some will be closed
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="codesearch-client", daemon=True)
            with self._lock:
                full = len(self._connections) >= MOST_CONNECTIONS
                if not full:
                    self._connections[connection] = thread
            if full or not endpoint.is_same_user(connection):
                self._forget(connection)
                continue
            thread.start()

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.pop(connection, None)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(IDLE_TIMEOUT)
            with connection.makefile("rb") as lines:
                while not self._closed:
                    line = lines.readline(MOST_REQUEST + 1)
                    if not line:
                        return
                    connection.sendall(ACKNOWLEDGED)
                    too_long = len(line) > MOST_REQUEST
                    if too_long:
                        answer = _problem("bad request", "the request is too long")
                    else:
                        with cancellation.working(_gone(connection)):
                            answer = self._answer(line)
                    connection.sendall(json.dumps(answer).encode() + b"\n")
                    if too_long:
                        return
        except cancellation.CancelledWorkError:
            log.info("a client hung up before its answer")
        except OSError:
            return  # the client is gone, or too slow
        finally:
            self._forget(connection)

    def _agrees(self, method: str, request: dict[str, Any]) -> bool:
        """Return whether the client would answer as this service does."""
        mine = (PROTOCOL, __version__, "" if method in FOR_ANY_SETTINGS else self._settings_key())
        return mine == (request.get("protocol"), request.get("version"), request.get("settings"))

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("not an object")
            method, params = request.get("method"), request.get("params", {})
            if not isinstance(method, str) or not isinstance(params, dict):
                raise ValueError("no method, or params that are not an object")
        except (ValueError, RecursionError) as error:
            return _problem("bad request", f"not a request: {error}")
        token = request.get("token", "")
        if self._token and not (isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())):
            return _problem("denied", "the token is wrong")
        if method not in FOR_ANYONE and not self._agrees(method, request):
            return _problem(OTHER, f"this is codesearch {__version__}, protocol {PROTOCOL}, with settings of its own")
        try:
            return {"ok": True, "result": self._handle(method, params)}
        except UsageError as error:
            return _problem("usage", str(error))
        except NotFoundError as error:
            return _problem("not found", str(error))
        except CodesearchError as error:
            return _problem("failed", str(error))
        except (ValueError, TypeError, KeyError) as error:
            return _problem("bad request", f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 -- reported to the client, which then does the work itself
            cancellation.check()
            return _problem("failed", f"{type(error).__name__}: {error}")


def _problem(error: str, message: str) -> dict[str, Any]:
    return {"ok": False, "error": error, "message": message}


def _gone(connection: socket.socket) -> Callable[[], bool]:
    """Return what says whether the client has hung up; it looks every LOOK_SECONDS, however often it is asked."""
    gone, next_look = False, time.monotonic() + LOOK_SECONDS

    def is_gone() -> bool:
        nonlocal gone, next_look
        if not gone and (now := time.monotonic()) >= next_look:
            gone, next_look = is_closed(connection), now + LOOK_SECONDS
        return gone

    return is_gone


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # not connected (any more)
    finally:
        connection.close()
