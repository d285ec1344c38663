"""The methods of the protocol: what is listed, and the calls that the backend answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from codesearch.context.clean import clean
from codesearch.context.definitions import RESULTS_SCHEMA, TOOLS
from codesearch.core import cancellation
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.mcp import texts
from codesearch.mcp.protocol import (
    CAPABILITIES,
    CLIENT_KEY,
    HANDSHAKE,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    SERVER_INFO,
    STATELESS,
    Era,
    ProtocolError,
    agreed,
    era_of,
    takes_text,
    tool_as_listed,
)

MOST_MARKS = 2000
"""Sources that a session remembers to have received; the oldest are forgotten."""
MOST_SHOWN = 4000
"""Characters of a message of an error."""
_NAMES = frozenset(tool["name"] for tool in TOOLS)
_WITH_RESULTS = frozenset({"search_code", "find_similar", "get_symbol"})


class Answering(Protocol):
    """What the methods need of a backend."""

    def call(self, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        """Return `text`, `value` and `marks` of a tool's answer."""

    @property
    def needs_root(self) -> bool:
        """Whether there is no root."""

    def use_root(self, root: Path) -> None:
        """Serve the repository around a folder that the client named."""


class Methods:
    """The methods of one session. Thread-safe."""

    def __init__(self, backend: Answering) -> None:
        self._backend = backend
        self.version = HANDSHAKE[0]
        """The revision that the handshake agreed on."""
        self._has_roots = False
        self._client: object = None
        """What the handshake said about the client."""
        self._sent: dict[str, None] = {}
        self._lock = threading.Lock()
        self._methods: dict[str, Callable[[Mapping[str, Any], Era], dict[str, Any]]] = {
            "initialize": self._initialize,
            "server/discover": self._discover,
            "ping": lambda params, era: {},
            "tools/list": self._tools,
            "resources/list": lambda params, era: {"resources": _listed(texts.RESOURCES, era)},
            "resources/templates/list": lambda params, era: {"resourceTemplates": _listed(texts.TEMPLATES, era)},
            "resources/read": self._read,
            "prompts/list": lambda params, era: {"prompts": _listed(texts.PROMPTS, era)},
            "prompts/get": self._prompt,
            "tools/call": self._call,
        }

    @property
    def batches(self) -> bool:
        """Whether several messages may be sent as one list: one revision has that."""
        return self.version == "2025-03-26"

    def handle(self, name: str, params: Mapping[str, Any], wanted: Callable[[], bool] = lambda: True) -> dict[str, Any]:
        """Return the result of a request; `wanted` says whether the client still waits for it.

        Raises ProtocolError, CancelledWorkError if it does not.
        """
        era = era_of(name, params, self.version)
        method = self._methods.get(name)
        if method is None:
            raise ProtocolError(METHOD_NOT_FOUND, f"Method not found: {shown(name)}")
        if name.endswith("/list") and params.get("cursor"):
            raise ProtocolError(INVALID_PARAMS, "There is no such cursor: lists have one page")
        with cancellation.working(lambda: not wanted()):
            return era.result(name, method(params, era))

    # -- the client's roots, where a client starts the server outside of any project ---------------------------------

    def initialized(self) -> str | None:
        """Return the request that asks for the client's roots, if the root is not known otherwise."""
        return "roots/list" if self._has_roots and self._backend.needs_root else None

    def answered(self, result: object) -> None:
        """Take the answer to that request: the first root is served."""
        roots = result.get("roots") if isinstance(result, dict) else None
        first = roots[0] if isinstance(roots, list) and roots else None
        uri = first.get("uri") if isinstance(first, dict) else None
        if isinstance(uri, str) and uri.startswith("file://") and self._backend.needs_root:
            # Not urlsplit, which raises for some; `#` and `?` that were not escaped belong to the path.
            _, slash, rest = uri.removeprefix("file://").partition("/")
            path = unquote(slash + rest, errors="surrogateescape")
            self._backend.use_root(Path(path.lstrip("/") if path[2:3] == ":" else path))

    # -- lists --------------------------------------------------------------------------------------------------------

    def _initialize(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        self.version = agreed(params.get("protocolVersion"))
        self._client = params.get("clientInfo")
        capabilities = params.get("capabilities")
        self._has_roots = isinstance(capabilities, Mapping) and "roots" in capabilities
        return {
            "protocolVersion": self.version,
            "capabilities": CAPABILITIES,
            "serverInfo": SERVER_INFO,
            "instructions": texts.INSTRUCTIONS,
        }

    def _discover(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        return {
            "supportedVersions": list(STATELESS),
            "capabilities": CAPABILITIES,
            "instructions": texts.INSTRUCTIONS,
        }

    def _tools(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        text_alone = self._takes_text(params)
        with_results = () if text_alone else _WITH_RESULTS  # a tool with a schema must give structured results
        tools = [tool_as_listed(tool, RESULTS_SCHEMA if tool["name"] in with_results else None, era) for tool in TOOLS]
        return {"tools": tools, **({"cacheScope": "private"} if text_alone and era.stateless else {})}

    def _takes_text(self, params: Mapping[str, Any]) -> bool:
        """Return whether the client of a request is to get text alone."""
        meta = params.get("_meta")
        return takes_text(meta[CLIENT_KEY] if isinstance(meta, Mapping) and CLIENT_KEY in meta else self._client)

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments")
        if not isinstance(name, str) or name not in _NAMES:
            raise ProtocolError(INVALID_PARAMS, f"Unknown tool: {shown(name)}")
        if arguments is not None and not isinstance(arguments, dict):
            raise ProtocolError(INVALID_PARAMS, "arguments must be an object")
        try:
            answer = self._asked(name, arguments or {})
        except CodesearchError as error:
            return {"content": [{"type": "text", "text": shown(error)}], "isError": True}
        result: dict[str, Any] = {"content": [{"type": "text", "text": answer["text"]}], "isError": False}
        if era.structured and not self._takes_text(params):
            result["structuredContent"] = answer["value"]
        return result

    def _asked(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            sent = list(self._sent)
        answer = self._backend.call(name, arguments, sent)
        cancellation.check()  # the client would not receive what is remembered as sent
        with self._lock:
            for mark in answer.get("marks", ()):
                self._sent.pop(mark, None)
                self._sent[mark] = None
            while len(self._sent) > MOST_MARKS:
                del self._sent[next(iter(self._sent))]
        return answer

    def _read(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        uri = params.get("uri")
        if not isinstance(uri, str):
            raise ProtocolError(INVALID_PARAMS, "uri must be a string")
        try:
            if uri == texts.STATUS_URI:
                text, kind = self._backend.call("status", {}, [])["text"], "application/json"
            elif uri.startswith(texts.OUTLINE_URI):
                path = unquote(uri[len(texts.OUTLINE_URI) :])
                text, kind = self._backend.call("outline", {"path": path}, [])["text"], "text/plain"
            else:
                raise NotFoundError("there is no such resource")
        except CodesearchError as error:
            code = INVALID_PARAMS if era.stateless else RESOURCE_NOT_FOUND
            raise ProtocolError(code, f"Resource not found: {shown(error)}", {"uri": clean(uri[:500])}) from error
        return {"contents": [{"uri": uri, "mimeType": kind, "text": text}]}

    def _prompt(self, params: Mapping[str, Any], era: Era) -> dict[str, Any]:
        arguments = params.get("arguments") or {}
        if params.get("name") != "orient" or not isinstance(arguments, Mapping):
            raise ProtocolError(INVALID_PARAMS, f"Unknown prompt: {shown(params.get('name'))}")
        given = {"path": arguments["path"]} if arguments.get("path") else {}
        try:
            outline = self._backend.call("repo_map", given, [])["text"]
        except CodesearchError as error:
            raise ProtocolError(INVALID_PARAMS, shown(error)) from error
        text = texts.ORIENT.replace("{map}", outline)
        message = {"role": "user", "content": {"type": "text", "text": text}}
        return {"description": texts.PROMPTS[0]["description"], "messages": [message]}


def shown(value: object) -> str:
    """Return a message or a name that repeats what the client sent: cleaned, and not too long."""
    return clean(str(value)[:MOST_SHOWN])


def _listed(values: tuple[dict[str, Any], ...], era: Era) -> list[dict[str, Any]]:
    """Return what a list has, without the fields that a revision does not know."""
    left_out = () if era.structured else ("title",)
    return [{name: value for name, value in one.items() if name not in left_out} for one in values]
