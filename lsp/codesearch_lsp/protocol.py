"""pygls' protocol, made to answer every request: also those it cannot read, and those that come too late."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import converters, types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcInvalidRequest, JsonRpcMethodNotFound
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from cattrs import Converter

logger = logging.getLogger(__name__)

PARSE_ERROR = -32700
SERVER_CANCELLED = -32802


def converter() -> Converter:
    """Return a converter for the parameters of the methods that the protocol defines."""
    return converters.get_converter()


class Protocol(LanguageServerProtocol):
    """The part of the protocol that does not depend on what the server is for."""

    def receive(self, message: object) -> None:
        """Handle one message as JSON gave it. Raises only SystemExit."""
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
        except Exception as error:  # whatever a client sends, the next message is read
            logger.exception("a message could not be handled")
            self._refuse(message, JsonRpcException(f"{type(error).__name__}: {error}"))

    def _receive_call(self, message: Mapping[str, Any]) -> None:
        method = message["method"]
        if not isinstance(method, str):
            raise JsonRpcInvalidRequest("the method must be a string")
        if "id" in message and not _is_id(message["id"]):
            raise JsonRpcInvalidRequest("the id must be a number or a string")
        if self._shutdown and method != types.EXIT:
            raise JsonRpcInvalidRequest("the server is shut down")
        known = method in self.fm.features or method in self.fm.builtin_features or method == types.CANCEL_REQUEST
        if not known:
            raise JsonRpcMethodNotFound.of(method)
        params = self._params(method, message.get("params"))
        context = contextvars.copy_context()
        if "id" in message:
            request = JsonRPCRequestMessage(id=message["id"], method=method, jsonrpc="2.0", params=params)
            context.run(self.handle_message, request)
        else:
            context.run(self.handle_message, JsonRPCNotification(method=method, jsonrpc="2.0", params=params))

    def _params(self, method: str, raw: object) -> Any:
        wanted: Any = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
        if wanted is None or wanted is type(None):
            return raw
        try:
            return self._converter.structure(raw, wanted)
        except Exception as error:
            raise JsonRpcInvalidParams(f"{method}: the parameters are not what the protocol says") from error

    def _receive_response(self, message: Mapping[str, Any]) -> None:
        ours = message["id"]
        if not isinstance(ours, str) or ours not in self._result_types:
            logger.warning("a response to no request of ours: %.80r", ours)
            return
        self._result_types.pop(ours)
        error = message.get("error")
        if error is None:
            self._handle_response(ours, message.get("result"))
        else:
            text = error.get("message") if isinstance(error, dict) else error
            self._handle_response(ours, None, types.ResponseError(code=-32603, message=str(text)))

    def _refuse(self, message: object, error: JsonRpcException) -> None:
        """Answer what cannot be handled: a request with its error, anything else only in the log."""
        is_call = isinstance(message, dict) and "method" in message
        if isinstance(message, dict) and "id" in message and _is_id(message["id"]) and is_call:
            self.respond_error(message["id"], error.code, error.message)
        elif is_call and isinstance(message, dict) and "id" not in message:
            level = logging.DEBUG if str(message["method"]).startswith("$/") else logging.WARNING
            logger.log(level, "notification %.80r: %s", message["method"], error.message)
        else:
            self.respond_error(None, error.code, error.message)

    def say(self, method: str, params: Any) -> None:
        """Send a notification, given as JSON-able values."""
        self._send_data({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any) -> asyncio.Future[Any]:
        """Send a request, given as JSON-able values; the result is what JSON gave, an error is a JsonRpcException."""
        number = str(uuid.uuid4())
        answer: Future[Any] = Future()
        self._request_futures[number] = answer
        self._result_types[number] = None
        self._send_data({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return asyncio.wrap_future(answer)

    def respond_error(self, request: int | str | None, code: int, message: str) -> None:
        """Send an error response; the id is null where the request's is not known."""
        self._send_data({"jsonrpc": "2.0", "id": request, "error": {"code": code, "message": message}})

    # pygls answers these itself; here they are answered elsewhere, or differently.

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> types.InitializeResult:  # type: ignore[override]
        """Refuse: `boot` has answered the only one there may be."""
        raise JsonRpcInvalidRequest("the server is initialized already")

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> None:  # type: ignore[override]
        """End the server: with status 0 only after `shutdown`."""
        self.fm.features[types.EXIT](0 if self._shutdown else 1)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: Any) -> None:
        """Pass on; the server keeps the buffers."""
        self.fm.features[types.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: Any) -> None:
        """Pass on; the server keeps the buffers."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: Any) -> None:
        """Pass on; the server keeps the buffers."""
        self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE](params)

    @lsp_method(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: Any) -> None:
        """Pass on; the server keeps the folders."""
        self.fm.features[types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS](params)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """Run a command, which may be cancelled as any request."""
        handler = self.fm.commands.get(params.command)
        if handler is None:
            raise JsonRpcInvalidParams(f"there is no command {params.command!r}")
        return await handler(*(params.arguments or []))


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)
