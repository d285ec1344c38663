"""Everything that this server uses of pygls beyond its documented interface.

Each use is named here with its reason and has a test in tests/lsp/test_pygls_compat.py. `pyproject.toml` pins pygls
to the minor version for which these tests pass; read this module before raising the pin.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import converters
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, LanguageServerProtocol

if TYPE_CHECKING:
    from cattrs import Converter

logger = logging.getLogger(__name__)

converter: Converter = converters.get_converter()
"""Structures the parameters of the methods that the protocol defines, and serialises pygls' own messages."""


class PyglsProtocol(LanguageServerProtocol):
    """pygls' dispatcher: it runs handlers, cancels them, and builds their responses."""

    _send: Callable[[str], None]

    def connect(self, send: Callable[[str], None]) -> None:
        """Send each message, as JSON text, through `send`."""
        self._send = send

    def use_features(self, features: Mapping[str, Callable[..., Any]]) -> None:
        """Handle exactly these methods.

        Private use 1, `fm.features` and `fm.builtin_features`: the decorator that registers a feature sets attributes
        on the handler, which bound methods do not allow. pygls' own handlers come first and keep a workspace of their
        own; this server keeps the documents itself, so they must go.
        """
        self.fm.builtin_features.clear()
        self.fm.features.clear()
        self.fm.features.update(features)

    def has_feature(self, method: str) -> bool:
        """Return whether a method is handled."""
        return method in self.fm.features

    def dispatch(self, method: str, params: object, *, id: int | str | None = None) -> None:
        """Run the handler of a request (with an `id`) or a notification; a response is sent when it ends.

        Private use 2, `JsonRPCRequestMessage` and `JsonRPCNotification`: parameters are checked by this server, so that
        invalid ones get an error with an id; `handle_message` then needs messages of these types.
        """
        if id is not None:
            self.handle_message(JsonRPCRequestMessage(id=id, method=method, jsonrpc="2.0", params=params))
        else:
            self.handle_message(JsonRPCNotification(method=method, jsonrpc="2.0", params=params))

    def _send_data(self, data: Any) -> None:
        """Send a message, given as JSON values or as one of pygls' message objects.

        Private use 3, this method and `_serialize_message`: it is the only place where all responses pass. pygls would
        write each one to its log, block on a client that does not read, and send NaN, which is not JSON.
        """
        try:
            text = json.dumps(
                data, default=self._serialize_message, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            logger.error("a message cannot be sent: %s", error)
            number = data.get("id") if isinstance(data, dict) else getattr(data, "id", None)
            if number is None:
                return
            failure = {"code": -32603, "message": "the result cannot be written as JSON"}
            text = json.dumps({"jsonrpc": "2.0", "id": number, "error": failure})
        self._send(text)
