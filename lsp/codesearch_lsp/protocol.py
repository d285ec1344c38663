"""JSON-RPC as this server speaks it: every request gets a response, however it is malformed."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
)

from codesearch.core.cancellation import CancelledWorkError
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch_lsp.pygls_compat import PyglsProtocol, converter

logger = logging.getLogger(__name__)

PARSE_ERROR = -32700
SERVER_CANCELLED = -32802

Handler = Callable[..., Any]


class Protocol(PyglsProtocol):
    """Checks messages from the client before pygls sees them, and sends ours."""

    shut_down = False
    """The client has sent `shutdown`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._asked: dict[str, asyncio.Future[Any]] = {}
        """The requests to the client that have no response yet."""

    def handle(self, features: Mapping[str, Handler]) -> None:
        """Use these handlers, by method, and no others."""
        self.use_features({method: _with_protocol_errors(handler) for method, handler in features.items()})

    # -- receiving --------------------------------------------------------------------------------

    def receive(self, message: object) -> None:
        """Handle one decoded message."""
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._refuse(message, JsonRpcInvalidRequest("not a JSON-RPC 2.0 message"))
            return
        try:
            if "method" in message:
                self._receive_call(message)
            elif "id" in message:
                self._receive_response(message)
            else:
                self._refuse(message, JsonRpcInvalidRequest("neither a request nor a response"))
        except JsonRpcException as error:
            self._refuse(message, error)
        except Exception as error:  # whatever happens, read the next message
            logger.exception("a message could not be handled")
            self._refuse(message, JsonRpcInternalError(f"{type(error).__name__}: {error}"))

    def _receive_call(self, message: Mapping[str, Any]) -> None:
        method = message["method"]
        if not isinstance(method, str):
            raise JsonRpcInvalidRequest("the method must be a string")
        if "id" in message and not _is_id(message["id"]):
            raise JsonRpcInvalidRequest("the id must be a number or a string")
        if self.shut_down and method != types.EXIT:
            raise JsonRpcInvalidRequest("the server is shut down")
        if not self.has_feature(method) and method != types.CANCEL_REQUEST:
            raise JsonRpcMethodNotFound.of(method)
        self.dispatch(method, _structured(method, message.get("params")), id=message.get("id"))

    def _receive_response(self, message: Mapping[str, Any]) -> None:
        number = message["id"]
        answer = self._asked.pop(number, None) if isinstance(number, str) else None
        if answer is None:
            logger.warning("a response to no request of this server: %.80r", number)
            return
        if answer.done():
            logger.info("a response came too late: %.80r", number)
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("result"))
        else:
            text = error.get("message") if isinstance(error, dict) else error
            answer.set_exception(JsonRpcException(str(text)))

    def _refuse(self, message: object, error: JsonRpcException) -> None:
        """Respond to a message that cannot be handled; a notification only leaves a line in the log."""
        if isinstance(message, dict) and "method" in message:
            if "id" in message and _is_id(message["id"]):
                self.respond_error(message["id"], error.code, error.message)
                return
            if "id" not in message:
                level = logging.DEBUG if str(message["method"]).startswith("$/") else logging.WARNING
                logger.log(level, "notification %.80r: %s", message["method"], error.message)
                return
        self.respond_error(None, error.code, error.message)

    # -- sending ----------------------------------------------------------------------------------

    def notify_client(self, method: str, params: Any) -> None:
        """Send a notification, given as JSON values."""
        self._send_data({"jsonrpc": "2.0", "method": method, "params": params})

    def show_message(self, kind: int, message: str) -> None:
        """Show a message to the user: 1 is an error, 2 a warning, 3 information."""
        self.notify_client("window/showMessage", {"type": kind, "message": f"codesearch: {message}"})

    async def ask_client(self, method: str, params: Any, timeout: float | None = None) -> Any:
        """Send a request and return the result as JSON values.

        Raises JsonRpcException if the client answers with an error, or not within `timeout` seconds.
        """
        number = str(uuid.uuid4())
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._send_data({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError:
            raise JsonRpcException(f"{method}: the client has not answered within {timeout:g} s") from None
        finally:
            self._asked.pop(number, None)

    def respond_error(self, request: int | str | None, code: int, message: str) -> None:
        """Send an error response; the id is null where the request's id is not known."""
        self._send_data({"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": message}})


def _with_protocol_errors(handler: Handler) -> Handler:
    """Return the handler with all its exceptions turned into the protocol's errors; unexpected ones are logged."""
    if not asyncio.iscoroutinefunction(handler):

        @wraps(handler)
        def run(*arguments: Any) -> Any:
            try:
                return handler(*arguments)
            except Exception as error:
                raise _protocol_error(error) from error

        return run

    @wraps(handler)
    async def run_async(*arguments: Any) -> Any:
        try:
            return await handler(*arguments)
        except Exception as error:
            raise _protocol_error(error) from error

    return run_async


def _protocol_error(error: Exception) -> Exception:
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, CancelledWorkError):
        return asyncio.CancelledError()  # type: ignore[return-value]
    if isinstance(error, (UsageError, NotFoundError)):
        return JsonRpcInvalidParams(str(error))
    if isinstance(error, CodesearchError):
        return JsonRpcException(str(error))
    logger.error("a handler failed", exc_info=error)
    return JsonRpcInternalError(f"{type(error).__name__}: {error}")


def _structured(method: str, raw: object) -> Any:
    """Return parameters as the type that the protocol defines; those of other methods stay unchanged."""
    if method == types.CANCEL_REQUEST and not (isinstance(raw, dict) and _is_id(raw.get("id"))):
        raise JsonRpcInvalidParams(f"{method}: the id must be a number or a string")
    wanted: Any = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
    if wanted is None or wanted is type(None):
        return raw
    if method == types.TEXT_DOCUMENT_DID_CHANGE:
        raw = _with_version(raw)
    try:
        return converter.structure(raw, wanted)
    except Exception as error:
        raise JsonRpcInvalidParams(f"{method}: the parameters are not what the protocol says") from error


def _with_version(raw: object) -> object:
    """Return the parameters of a change with a version; before LSP 3.16 it may be null."""
    document = raw.get("textDocument") if isinstance(raw, dict) else None
    if isinstance(raw, dict) and isinstance(document, dict) and document.get("version") is None:
        return {**raw, "textDocument": {**document, "version": 0}}
    return raw


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)
