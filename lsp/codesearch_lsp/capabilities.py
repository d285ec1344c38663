"""The server's capabilities for a client, from the client's own: a pure function over JSON."""

from __future__ import annotations

from typing import Any

from codesearch_lsp.options import Options

PROTOCOL_VERSION = 1
REQUESTS = (
    "codesearch/query",
    "codesearch/lines",
    "codesearch/cells",
    "codesearch/similar",
    "codesearch/clones",
    "codesearch/map",
    "codesearch/status",
    "codesearch/reindex",
)
NOTIFICATIONS = ("codesearch/opened",)
"""Notifications that a client may send."""
COMMANDS = (
    "codesearch.server.query",
    "codesearch.server.similar",
    "codesearch.server.clones",
    "codesearch.server.map",
    "codesearch.server.status",
    "codesearch.server.reindex",
    "codesearch.server.pickSimilar",
)
SIMILAR_ACTION = "refactor.codesearch.similar"


def lookup(capabilities: object, path: str) -> Any:
    """Return a client's capability by its dotted path (`workspace.symbol.resolveSupport`), or None."""
    for name in path.split("."):
        if not isinstance(capabilities, dict):
            return None
        capabilities = capabilities.get(name)
    return capabilities


def resolves_symbols(capabilities: object) -> bool:
    """Return whether a client asks for the range of a workspace symbol only when it needs it."""
    properties = lookup(capabilities, "workspace.symbol.resolveSupport.properties")
    return isinstance(properties, list) and bool({"location.range", "location"} & {str(one) for one in properties})


def offered(capabilities: object, options: Options, encoding: str) -> dict[str, Any]:
    """Return the server's capabilities for a client."""
    found: dict[str, Any] = {
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "workspaceSymbolProvider": {"workDoneProgress": False, "resolveProvider": resolves_symbols(capabilities)},
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        "experimental": {
            "codesearch": {
                "version": PROTOCOL_VERSION,
                "requests": list(REQUESTS),
                "notifications": list(NOTIFICATIONS),
                "commands": list(COMMANDS),
            }
        },
    }
    if options.code_action:
        literals = lookup(capabilities, "textDocument.codeAction.codeActionLiteralSupport")
        found["codeActionProvider"] = {"codeActionKinds": [SIMILAR_ACTION]} if literals else True
    if options.code_lens:
        found["codeLensProvider"] = {"resolveProvider": True}
    if options.document_symbol:
        found["documentSymbolProvider"] = {"label": "codesearch"}
    if options.call_hierarchy:
        found["callHierarchyProvider"] = True
    if options.references:
        found["referencesProvider"] = True
    return found
