"""Messages of JSON-RPC, as both transports read and answer them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from codesearch.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, ProtocolError

MOST_BYTES = 4 * 1024 * 1024
"""Maximum length of a message in bytes."""
SLOW = frozenset({"tools/call", "resources/read", "prompts/get"})
"""Methods that ask the service; all others are answered at once."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A message that must be answered."""

    number: str | int
    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """A message without an answer."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """The client's answer to a request of this server."""

    result: object


class InvalidMessageError(Exception):
    """A message that is not valid; `answer` is the error to send."""

    def __init__(self, code: int, message: str, number: object = None) -> None:
        super().__init__(message)
        self.answer = failed(number, ProtocolError(code, message))


class Handling(Protocol):
    """What answering needs of the methods."""

    def handle(self, name: str, params: Mapping[str, Any], wanted: Callable[[], bool]) -> dict[str, Any]:
        """Return the result of a request. Raises ProtocolError."""


def decode(data: bytes) -> object:
    """Return the JSON in a message. Raises InvalidMessageError."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidMessageError(PARSE_ERROR, "The message is not JSON") from error


def encode(message: object) -> bytes:
    """Return a message as it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read(message: object) -> Request | Note | Response:
    """Return a message as what it is. Raises InvalidMessageError."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise InvalidMessageError(INVALID_REQUEST, "Not a JSON-RPC 2.0 message")
    method, number = message.get("method"), message.get("id")
    if method is None and ("result" in message or "error" in message):
        return Response(message.get("result"))
    params = message.get("params", {})
    if "id" not in message and isinstance(method, str):
        return Note(method, params if isinstance(params, dict) else {})
    if not isinstance(number, str | int) or isinstance(number, bool):
        raise InvalidMessageError(INVALID_REQUEST, "Not a request")
    if not isinstance(method, str):
        raise InvalidMessageError(INVALID_REQUEST, "Not a request", number)
    if not isinstance(params, dict):
        raise InvalidMessageError(INVALID_PARAMS, "params must be an object", number)
    return Request(number, method, params)


def answer(methods: Handling, request: Request, wanted: Callable[[], bool] = lambda: True) -> Answer:
    """Answer a request; `wanted` says whether the client still waits for it."""
    try:
        result = methods.handle(request.method, request.params, wanted)
        return {"jsonrpc": "2.0", "id": request.number, "result": result}
    except ProtocolError as error:
        return failed(request.number, error)
    except Exception as error:  # noqa: BLE001 -- one bad request must not end the session
        return failed(request.number, ProtocolError(INTERNAL_ERROR, f"Internal error: {type(error).__name__}"))


def failed(number: object, error: ProtocolError) -> Answer:
    """Return the answer that reports an error."""
    return {"jsonrpc": "2.0", "id": number, "error": error.json()}
