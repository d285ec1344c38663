"""The server: one JSON-RPC message per line on a pair of streams, in both eras of the protocol."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any, BinaryIO

from codesearch.mcp.methods import Methods
from codesearch.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, ProtocolError

MOST_LINE = 4 * 1024 * 1024
"""Maximum length of a message in bytes."""
WORKERS = 8
"""Requests that are answered at the same time; the others wait."""
LAST_SECONDS = 60.0
"""Seconds that open requests may take after the client has closed its end."""
SLOW = frozenset({"tools/call", "resources/read", "prompts/get"})
"""Methods that ask the service; all others are answered at once."""

Answer = dict[str, Any]


class Server:
    """Answers the messages of one client."""

    def __init__(self, methods: Methods, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._methods, self._in, self._out = methods, incoming, outgoing
        self._writing = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[object, str, dict[str, Any]] | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._open: dict[object, bool] = {}
        """Ids of slow requests -> whether the client has cancelled it."""
        self._state = threading.Lock()

    def run(self) -> None:
        """Answer messages until the client closes its end or ours."""
        try:
            while line := self._in.readline(MOST_LINE + 1):
                if len(line) > MOST_LINE:
                    while line and not line.endswith(b"\n"):
                        line = self._in.readline(MOST_LINE + 1)
                    self._send(_failed(None, ProtocolError(INVALID_REQUEST, "The message is too long")))
                elif line.strip():
                    self._take(line)
        except BrokenPipeError:
            return
        for _ in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join(LAST_SECONDS)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._send(_failed(None, ProtocolError(PARSE_ERROR, "The message is not JSON")))
            return
        if not isinstance(message, list):
            if (answer := self._answer(message)) is not None:
                self._send(answer)
            return
        if not message or self._methods.version != "2025-03-26":  # the only revision with batches
            self._send(_failed(None, ProtocolError(INVALID_REQUEST, "Batches are not supported")))
            return
        answers = [answer for one in message if (answer := self._answer(one, batch=True)) is not None]
        if answers:
            self._send(answers)

    def _answer(self, message: object, *, batch: bool = False) -> Answer | None:
        """Return the answer to a message; None for a notification, or if a worker will answer."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _failed(None, ProtocolError(INVALID_REQUEST, "Not a JSON-RPC 2.0 message"))
        method, number = message.get("method"), message.get("id")
        if method is None and ("result" in message or "error" in message):
            self._methods.answered(message.get("result"))
            return None
        known = isinstance(number, str | int) and not isinstance(number, bool)
        if not isinstance(method, str) or ("id" in message and not known):
            return _failed(number if known else None, ProtocolError(INVALID_REQUEST, "Not a request"))
        params = message.get("params", {})
        if "id" not in message:
            self._note(method, params if isinstance(params, dict) else {})
            return None
        return self._requested(number, method, params, batch=batch)

    def _requested(self, number: object, method: str, params: object, *, batch: bool) -> Answer | None:
        if not isinstance(params, dict):
            return _failed(number, ProtocolError(INVALID_PARAMS, "params must be an object"))
        if method in SLOW and not batch:
            self._defer(number, method, params)
            return None
        return self._handled(number, method, params)

    def _handled(self, number: object, method: str, params: dict[str, Any]) -> Answer:
        try:
            return {"jsonrpc": "2.0", "id": number, "result": self._methods.handle(method, params)}
        except ProtocolError as error:
            return _failed(number, error)
        except Exception as error:  # noqa: BLE001 -- one bad request must not end the session
            return _failed(number, ProtocolError(INTERNAL_ERROR, f"Internal error: {type(error).__name__}"))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        """Take a notification; unknown ones are ignored."""
        if method == "notifications/cancelled":
            number = params.get("requestId")
            with self._state:
                if isinstance(number, str | int) and number in self._open:
                    self._open[number] = True
        elif method == "notifications/initialized" and (wanted := self._methods.initialized()) is not None:
            self._send({"jsonrpc": "2.0", "id": f"codesearch-{wanted}", "method": wanted})

    def _defer(self, number: object, method: str, params: dict[str, Any]) -> None:
        with self._state:
            self._open[number] = False
            if len(self._workers) < min(WORKERS, len(self._open)):
                worker = threading.Thread(target=self._work, name="codesearch-mcp", daemon=True)
                self._workers.append(worker)
                worker.start()
        self._waiting.put((number, method, params))

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            number, method, params = task
            with self._state:
                cancelled = self._open.get(number, False)
            answer = None if cancelled else self._handled(number, method, params)
            with self._state:
                cancelled = self._open.pop(number, False) or cancelled
            if answer is not None and not cancelled:
                try:
                    self._send(answer)
                except BrokenPipeError:
                    return

    def _send(self, message: object) -> None:
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        with self._writing:
            self._out.write(data + b"\n")
            self._out.flush()


def _failed(number: object, error: ProtocolError) -> Answer:
    return {"jsonrpc": "2.0", "id": number, "error": error.json()}
