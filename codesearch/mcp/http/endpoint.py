"""What is sent to the endpoint, and the reply: sessions in the handshake era, single requests in the stateless one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from codesearch.mcp import jsonrpc
from codesearch.mcp.http.sessions import BusyError, Calls, OpenCall, Session, Sessions
from codesearch.mcp.http.wire import Head, RefusedError, Reply
from codesearch.mcp.jsonrpc import InvalidMessageError, Note, Request, Response
from codesearch.mcp.methods import Answering, Methods
from codesearch.mcp.protocol import (
    HANDSHAKE,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    STATELESS,
    UNSUPPORTED_VERSION,
    VERSION_KEY,
    ProtocolError,
)

SESSION_HEADER = "Mcp-Session-Id"
VERSION_HEADER = "mcp-protocol-version"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose requests name something in the header Mcp-Name -> the parameter with the same value."""
_STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""Codes of errors -> status in the stateless era; 200 for all others."""
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
MOST_BATCH = 50
"""Maximum number of messages in a batch."""

IsGone = Callable[[], bool]


class Endpoint:
    """Answers requests that are allowed. Thread-safe."""

    def __init__(self, backend: Answering, sessions: Sessions, calls: Calls) -> None:
        self._backend, self._sessions, self._calls = backend, sessions, calls

    def reply(self, head: Head, body: bytes, is_gone: IsGone) -> Reply | None:
        """Return the reply to a request; None if the client went away. Raises RefusedError."""
        if head.method == "DELETE":
            return self._delete(head)
        if head.method != "POST":
            raise RefusedError(405, "this server sends nothing of its own accord: use POST", ("Allow", "POST, DELETE"))
        kind = (head.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(415, "the body must be application/json")
        accepted = {one.partition(";")[0].strip().lower() for one in head.joined("accept").split(",")}
        if not accepted & {"application/json", "application/*", "*/*"}:
            raise RefusedError(406, "the client must accept application/json")
        try:
            message = jsonrpc.decode(body)
            if _is_stateless(head, message):
                return self._stateless(head, message, is_gone)
            return self._in_session(head, message, is_gone)
        except InvalidMessageError as error:
            return _json(400, error.answer)
        except BusyError:
            raise RefusedError(503, "too many requests at the same time", ("Retry-After", "1")) from None

    def _delete(self, head: Head) -> Reply:
        name = head.header(SESSION_HEADER.lower())
        if name is None:
            raise RefusedError(400, f"the header {SESSION_HEADER} is missing")
        if not self._sessions.end(name):
            raise RefusedError(404, "there is no such session")
        return Reply(204)

    # -- the stateless era --------------------------------------------------------------------------------------------

    def _stateless(self, head: Head, message: object, is_gone: IsGone) -> Reply | None:
        found = jsonrpc.read(message)
        if isinstance(found, Response):
            raise InvalidMessageError(INVALID_REQUEST, "There are no requests to respond to")
        if isinstance(found, Note):  # the revision defines none over HTTP
            return Reply(202)
        try:
            _check_headers(head, found)
        except ProtocolError as error:
            return _answered(jsonrpc.failed(found.number, error))
        methods = Methods(self._backend)
        answer = self._answer(methods, found, OpenCall(), is_gone)
        return None if answer is None else _answered(answer)

    def _answer(self, methods: Methods, request: Request, call: OpenCall, is_gone: IsGone) -> Any:
        """Return the answer to a request; None if it is cancelled, or the client is gone."""
        if request.method not in jsonrpc.SLOW:
            return jsonrpc.answer(methods, request)
        return self._calls.answer(lambda wanted: jsonrpc.answer(methods, request, wanted), call, is_gone)

    # -- the handshake era --------------------------------------------------------------------------------------------

    def _in_session(self, head: Head, message: object, is_gone: IsGone) -> Reply | None:
        version = head.header(VERSION_HEADER)
        if version is not None and version not in HANDSHAKE:
            data = {"supported": [*STATELESS, *HANDSHAKE], "requested": version[:100]}
            return _json(400, jsonrpc.failed(None, ProtocolError(UNSUPPORTED_VERSION, "Unsupported version", data)))
        if isinstance(message, Mapping) and message.get("method") == "initialize" and "id" in message:
            request = jsonrpc.read(message)
            name, session = self._sessions.begin()
            answer = self._answer(session.methods, request, OpenCall(), is_gone) if isinstance(request, Request) else {}
            return _json(200, answer, (SESSION_HEADER, name))
        name_given = head.header(SESSION_HEADER.lower())
        if name_given is None:
            raise RefusedError(400, f"the header {SESSION_HEADER} is missing: send initialize first")
        known = self._sessions.find(name_given)
        if known is None:
            raise RefusedError(404, "there is no such session: send initialize")
        if isinstance(message, list):
            return self._batch(known, message, is_gone)
        found = jsonrpc.read(message)
        if not isinstance(found, Request):
            _note(known, found)
            return Reply(202)
        return self._in_time(known, found, is_gone)

    def _in_time(self, session: Session, request: Request, is_gone: IsGone) -> Reply | None:
        """Answer a request that the client may cancel with a notification."""
        call = session.calls[request.number] = OpenCall()
        try:
            answer = self._answer(session.methods, request, call, is_gone)
        finally:
            if session.calls.get(request.number) is call:
                del session.calls[request.number]
        if answer is None:
            if is_gone():
                return None
            answer = jsonrpc.failed(request.number, ProtocolError(INVALID_REQUEST, "Request cancelled"))
        return _json(200, answer)

    def _batch(self, session: Session, messages: list[object], is_gone: IsGone) -> Reply | None:
        if not messages or not session.methods.batches:
            raise InvalidMessageError(INVALID_REQUEST, "Batches are not supported")
        if len(messages) > MOST_BATCH:
            raise InvalidMessageError(INVALID_REQUEST, f"A batch has at most {MOST_BATCH} messages")

        def answers(wanted: Callable[[], bool]) -> list[object]:
            found = (self._one_of_batch(session, one, wanted) for one in messages if wanted())
            return [answer for answer in found if answer is not None]

        found: Any = self._calls.answer(answers, OpenCall(), is_gone)
        if found is None:
            return None
        return _json(200, found) if found else Reply(202)

    def _one_of_batch(self, session: Session, message: object, wanted: Callable[[], bool]) -> object:
        try:
            found = jsonrpc.read(message)
        except InvalidMessageError as error:
            return error.answer
        if isinstance(found, Request):
            return jsonrpc.answer(session.methods, found, wanted)
        _note(session, found)
        return None


def _note(session: Session, found: Note | Response) -> None:
    """Take a message without an answer. Responses are ignored: this server sends no requests over HTTP."""
    if isinstance(found, Note) and found.method == "notifications/cancelled":
        number = found.params.get("requestId")
        call = session.calls.get(number) if isinstance(number, str | int) else None
        if call is not None:
            call.cancel()


def _is_stateless(head: Head, message: object) -> bool:
    """Return whether a message belongs to the stateless era: by its header, its envelope, or its method."""
    if head.header(VERSION_HEADER) in STATELESS:
        return True
    if not isinstance(message, Mapping):
        return False
    return VERSION_KEY in _meta(message.get("params")) or message.get("method") == "server/discover"


def _meta(params: object) -> Mapping[str, Any]:
    meta = params.get("_meta") if isinstance(params, Mapping) else None
    return meta if isinstance(meta, Mapping) else {}


def _check_headers(head: Head, request: Request) -> None:
    """Return if the headers say the same as the body. Raises ProtocolError."""
    meta = _meta(request.params)
    if VERSION_KEY not in meta:
        raise ProtocolError(INVALID_PARAMS, f"params._meta must have {VERSION_KEY}")
    _check_header(head, VERSION_HEADER, meta[VERSION_KEY])
    _check_header(head, "mcp-method", request.method)
    if (parameter := _NAMED.get(request.method)) is not None and request.params.get(parameter) is not None:
        _check_header(head, "mcp-name", request.params[parameter])


def _check_header(head: Head, name: str, value: object) -> None:
    try:
        given = head.header(name)
    except RefusedError as error:
        raise ProtocolError(HEADER_MISMATCH, f"Header mismatch: {error}") from error
    if given is None:
        raise ProtocolError(HEADER_MISMATCH, f"Header mismatch: {name} is missing")
    if (_decoded(given) if name == "mcp-name" else given) != value:
        raise ProtocolError(HEADER_MISMATCH, f"Header mismatch: {name} does not match the body")


def _decoded(value: str) -> str | None:
    """Return the value of a header that may be encoded; None if it is encoded wrongly."""
    found = _ENCODED.fullmatch(value)
    if found is None:
        return value
    try:
        return base64.b64decode(found[1], validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _answered(answer: Mapping[str, Any]) -> Reply:
    return _json(_STATUS.get(answer.get("error", {}).get("code"), 200), answer)


def _json(status: int, message: object, *headers: tuple[str, str]) -> Reply:
    return Reply(status, jsonrpc.encode(message), headers=headers)
