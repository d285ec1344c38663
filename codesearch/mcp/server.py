"""The server on standard streams: one JSON-RPC message per line, in both eras of the protocol."""

from __future__ import annotations

import queue
import threading
from typing import Any, BinaryIO

from codesearch.mcp import jsonrpc
from codesearch.mcp.jsonrpc import MOST_BYTES, SLOW, Answer, InvalidMessageError, Note, Request, Response
from codesearch.mcp.methods import Methods
from codesearch.mcp.protocol import INVALID_REQUEST

WORKERS = 8
"""Requests that are answered at the same time; the others wait."""
LAST_SECONDS = 60.0
"""Seconds that open requests may take after the client has closed its end."""


class Server:
    """Answers the messages of one client."""

    def __init__(self, methods: Methods, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._methods, self._in, self._out = methods, incoming, outgoing
        self._writing = threading.Lock()
        self._waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._open: dict[object, bool] = {}
        """Ids of slow requests -> whether the client has cancelled it."""
        self._state = threading.Lock()

    def run(self) -> None:
        """Answer messages until the client closes its end or ours."""
        try:
            while line := self._in.readline(MOST_BYTES + 1):
                if len(line) > MOST_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = self._in.readline(MOST_BYTES + 1)
                    self._send(InvalidMessageError(INVALID_REQUEST, "The message is too long").answer)
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
            message = jsonrpc.decode(line)
            if isinstance(message, list) and (not message or not self._methods.batches):
                raise InvalidMessageError(INVALID_REQUEST, "Batches are not supported")
        except InvalidMessageError as error:
            self._send(error.answer)
            return
        if not isinstance(message, list):
            if (answer := self._answer(message)) is not None:
                self._send(answer)
            return
        answers = [answer for one in message if (answer := self._answer(one, batch=True)) is not None]
        if answers:
            self._send(answers)

    def _answer(self, message: object, *, batch: bool = False) -> Answer | None:
        """Return the answer to a message; None for a notification, or if a worker will answer."""
        try:
            found = jsonrpc.read(message)
        except InvalidMessageError as error:
            return error.answer
        if isinstance(found, Response):
            self._methods.answered(found.result)
        elif isinstance(found, Note):
            self._note(found.method, found.params)
        elif found.method in SLOW and not batch:
            self._defer(found)
        else:
            return jsonrpc.answer(self._methods, found)
        return None

    def _note(self, method: str, params: dict[str, Any]) -> None:
        """Take a notification; unknown ones are ignored."""
        if method == "notifications/cancelled":
            number = params.get("requestId")
            with self._state:
                if isinstance(number, str | int) and number in self._open:
                    self._open[number] = True
        elif method == "notifications/initialized" and (wanted := self._methods.initialized()) is not None:
            self._send({"jsonrpc": "2.0", "id": f"codesearch-{wanted}", "method": wanted})

    def _defer(self, request: Request) -> None:
        with self._state:
            self._open[request.number] = False
            if len(self._workers) < min(WORKERS, len(self._open)):
                worker = threading.Thread(target=self._work, name="codesearch-mcp", daemon=True)
                self._workers.append(worker)
                worker.start()
        self._waiting.put(request)

    def _work(self) -> None:
        while (request := self._waiting.get()) is not None:
            number = request.number

            def wanted(number: object = number) -> bool:
                with self._state:
                    return not self._open.get(number, False)

            answer = jsonrpc.answer(self._methods, request, wanted) if wanted() else None
            with self._state:
                cancelled = self._open.pop(number, False)
            if answer is not None and not cancelled:
                try:
                    self._send(answer)
                except BrokenPipeError:
                    return

    def _send(self, message: object) -> None:
        data = jsonrpc.encode(message)
        with self._writing:
            self._out.write(data + b"\n")
            self._out.flush()
