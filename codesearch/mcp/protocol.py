"""The two eras of the protocol: what requests must carry and how results look in each.

Revisions up to 2025-11-25 begin with a handshake (`initialize`). Since 2026-07-28 each request is complete in itself:
its `_meta` names the revision and the client's capabilities, and `server/discover` says what the server can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from codesearch._version import __version__

HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
STATELESS = ("2026-07-28",)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, RESOURCE_NOT_FOUND, UNSUPPORTED_VERSION = -32603, -32002, -32022
HEADER_MISMATCH = -32020

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"

TEXT_ONLY = ("claude-code", "codex")
"""How the names of clients begin that give the model structured content in place of the text beside it. They get the
text alone: the same as JSON takes 1.1 to 2.3 times the tokens and has no code blocks (benchmarks/agent_clients.py)."""

SERVER_INFO = {"name": "codesearch", "title": "codesearch", "version": __version__}
CAPABILITIES: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}}

HOUR_MS = 3_600_000
CACHEABLE = frozenset({"server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"})
"""Methods whose results are the same until another version of the server runs."""
_REMOVED = frozenset({"initialize", "ping"})
"""Methods that the stateless era no longer has."""


class ProtocolError(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.data = code, data

    def json(self) -> dict[str, Any]:
        """Return the error object."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.data is not None:
            error["data"] = self.data
        return error


class Era(NamedTuple):
    """The revision that a request is answered in."""

    version: str

    @property
    def stateless(self) -> bool:
        """Whether each request is complete in itself."""
        return self.version in STATELESS

    @property
    def structured(self) -> bool:
        """Whether tools may have titles, an output schema and structured results."""
        return self.version >= "2025-06-18"

    @property
    def annotated(self) -> bool:
        """Whether tools may have annotations."""
        return self.version >= "2025-03-26"

    def result(self, method: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result as this revision wants it."""
        if not self.stateless:
            return dict(result)
        shaped = {"resultType": "complete", **result, "_meta": {SERVER_KEY: SERVER_INFO}}
        if method in CACHEABLE:
            shaped = {"ttlMs": HOUR_MS, "cacheScope": "public", **shaped}
        elif method == "resources/read":
            shaped |= {"ttlMs": 0, "cacheScope": "private"}
        return shaped


def era_of(method: str, params: Mapping[str, Any], negotiated: str) -> Era:
    """Return the era of a request; `negotiated` is the revision of the handshake. Raises ProtocolError."""
    meta = params.get("_meta")
    meta = meta if isinstance(meta, Mapping) else {}
    if method == "initialize" or (VERSION_KEY not in meta and method != "server/discover"):
        return Era(negotiated)
    version = meta.get(VERSION_KEY, STATELESS[0])
    if not isinstance(version, str):
        raise ProtocolError(INVALID_PARAMS, f"{VERSION_KEY} must be a string")
    if version not in STATELESS:
        data = {"supported": list(STATELESS), "requested": version}
        raise ProtocolError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)
    if VERSION_KEY in meta and not isinstance(meta.get(CAPABILITIES_KEY), Mapping):
        raise ProtocolError(INVALID_PARAMS, f"_meta must have the object {CAPABILITIES_KEY}")
    if method in _REMOVED:
        raise ProtocolError(METHOD_NOT_FOUND, f"Method not found: {method}")
    return Era(version)


def takes_text(client: object) -> bool:
    """Return whether a client, by what it says about itself, is to get text alone."""
    name = client.get("name") if isinstance(client, Mapping) else None
    return isinstance(name, str) and name.lower().startswith(TEXT_ONLY)


def agreed(wanted: object) -> str:
    """Return the revision for a handshake: the one that the client wants, else the newest."""
    return wanted if isinstance(wanted, str) and wanted in HANDSHAKE else HANDSHAKE[0]


def tool_as_listed(tool: Mapping[str, Any], output: Mapping[str, Any] | None, era: Era) -> dict[str, Any]:
    """Return the definition of a tool without the fields that a revision does not know."""
    left_out = set() if era.structured else {"title"}
    if not era.annotated:
        left_out.add("annotations")
    listed = {name: value for name, value in tool.items() if name not in left_out}
    if output is not None and era.structured:
        listed["outputSchema"] = output
    return listed
