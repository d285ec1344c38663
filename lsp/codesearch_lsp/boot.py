"""From the first byte to the running server. `initialize` is answered before pygls and the library are imported."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from codesearch._version import __version__
from codesearch.core import loopback
from codesearch.core.dirs import expand_home
from codesearch.core.errors import UsageError
from codesearch_lsp.capabilities import lookup, offered
from codesearch_lsp.options import ParsedOptions, read
from codesearch_lsp.positions import negotiate
from codesearch_lsp.stream import MalformedMessage, MessageReader, MessageWriter

logger = logging.getLogger(__name__)

_READ = 1 << 16
_PATIENCE = 5.0
"""Seconds that threads and workers have to end."""
_NOT_INITIALIZED = -32002
_PARSE_ERROR = -32700
_INVALID_REQUEST = -32600
_INVALID_PARAMS = -32602


def main(tcp: str | None = None, log_file: str | None = None, client_process_id: int | None = None) -> int:
    """Serve one client; return the exit status.

    `client_process_id` is used if the client gives no process id with `initialize`. Raises UsageError for an address
    that is not on this machine.
    """
    address = None if tcp is None else loopback.parse(tcp, "--tcp")
    _configure_logging(log_file)
    read_bytes, write_bytes = _standard_streams() if address is None else _accept(*address)
    reader = MessageReader(read_bytes)
    lost = threading.Event()
    writer = MessageWriter(write_bytes, lost.set)
    try:
        answered = _initialize(reader, writer)
        if isinstance(answered, int):
            return answered
        params, given, encoding = answered
        if params.get("processId") is None:
            params["processId"] = client_process_id
        from codesearch_lsp.server import Server

        return Server(params, given, encoding, writer).run(reader, _end_soon)
    finally:
        writer.close()


def _end_soon(status: int) -> None:
    """End the process with this status in a few seconds, even if something still runs; that cannot damage the index."""
    timer = threading.Timer(_PATIENCE, os._exit, [status])
    timer.daemon = True
    timer.start()


def _configure_logging(log_file: str | None) -> None:
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if log_file is not None:
        try:
            handler = logging.FileHandler(expand_home(log_file), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{log_file}: cannot be written: {error.strerror}") from error
    logging.basicConfig(
        handlers=[handler],
        level=logging.WARNING if log_file is None else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if log_file is not None:
        logging.getLogger("codesearch").setLevel(logging.DEBUG)
    # pygls logs every refused request with a traceback, and every message with its text.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)


def _standard_streams() -> tuple[Callable[[], bytes], Callable[[bytes], object]]:
    """Reserve the standard streams for the protocol: other output goes to stderr, other readers get no input."""
    if os.isatty(0):
        sys.stderr.write(
            "codesearch lsp: waiting for a language client on standard input; editors start this command\n"
        )
    source = os.dup(0)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def write(data: bytes) -> None:
        sink.write(data)
        sink.flush()

    return lambda: os.read(source, _READ), write


def _accept(host: str, port: int) -> tuple[Callable[[], bytes], Callable[[bytes], object]]:
    """Wait for one client on a port of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        try:
            server.bind((host, port))
        except OSError as error:
            raise UsageError(f"--tcp {host}:{port}: {error.strerror}") from error
        server.listen(1)
        sys.stderr.write(f"codesearch lsp: listening on {host}:{server.getsockname()[1]}\n")
        sys.stderr.flush()
        connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive() -> bytes:
        with contextlib.suppress(ConnectionError):
            return connection.recv(_READ)
        return b""

    return receive, connection.sendall


def _initialize(reader: MessageReader, writer: MessageWriter) -> tuple[dict[str, Any], ParsedOptions, str] | int:
    """Answer messages up to `initialize`; return its (parameters, options, encoding), or an exit status."""
    while True:
        try:
            message = reader.next()
        except EOFError:
            return 1
        if isinstance(message, MalformedMessage):
            _refuse(writer, None, _PARSE_ERROR, message.reason)
            continue
        if (
            not isinstance(message, dict)
            or message.get("jsonrpc") != "2.0"
            or not isinstance(message.get("method"), str)
        ):
            _refuse(writer, None, _INVALID_REQUEST, "not a JSON-RPC 2.0 request")
            continue
        method = message["method"]
        number = message.get("id")
        is_request = "id" in message
        if method == "exit":
            return 1
        if is_request and (isinstance(number, bool) or not isinstance(number, (int, str))):
            _refuse(writer, None, _INVALID_REQUEST, "the id must be a number or a string")
        elif method != "initialize":
            if is_request:
                _refuse(writer, number, _NOT_INITIALIZED, "the server is not initialized")
        elif is_request:
            params = message.get("params")
            if not isinstance(params, dict):
                _refuse(writer, number, _INVALID_PARAMS, "initialize: the parameters must be an object")
                continue
            given = read(params.get("initializationOptions"))
            capabilities = params.get("capabilities")
            encoding = negotiate(lookup(capabilities, "general.positionEncodings"))
            result = {
                "capabilities": offered(capabilities, given.options, encoding),
                "serverInfo": {"name": "codesearch", "version": __version__},
            }
            writer.send({"jsonrpc": "2.0", "id": number, "result": result})
            return params, given, encoding


def _refuse(writer: MessageWriter, number: object, code: int, message: str) -> None:
    writer.send({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})
