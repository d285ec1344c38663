"""Each undocumented use of pygls, by the numbers in pygls_compat.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from codesearch_lsp.pygls_compat import PyglsProtocol, converter
from lsprotocol import types
from pygls.lsp.server import LanguageServer


class Connected:
    """A protocol that keeps the messages it sends."""

    def __init__(self) -> None:
        server = LanguageServer("test", "1", protocol_cls=PyglsProtocol, converter_factory=lambda: converter)
        protocol = server.protocol
        assert isinstance(protocol, PyglsProtocol)
        self.protocol = protocol
        self.sent: list[Any] = []
        protocol.connect(lambda text: self.sent.append(json.loads(text)))


def test_1_only_the_given_methods_are_handled():
    connected = Connected()
    assert connected.protocol.has_feature(types.INITIALIZE) is False
    connected.protocol.use_features({"my/method": lambda params: params})
    assert connected.protocol.has_feature("my/method")
    connected.protocol.dispatch(types.INITIALIZE, {}, id=1)
    (answer,) = connected.sent
    assert answer["error"]["code"] == -32601, "pygls has no handler of its own left"


def test_1_bound_methods_are_handlers():
    connected = Connected()

    class Handlers:
        def echo(self, params: object) -> object:
            return params

    connected.protocol.use_features({"my/echo": Handlers().echo})
    connected.protocol.dispatch("my/echo", {"a": [1]}, id="x")
    assert connected.sent == [{"id": "x", "jsonrpc": "2.0", "result": {"a": [1]}}]


def test_2_a_notification_gets_no_response():
    connected = Connected()
    seen: list[object] = []
    connected.protocol.use_features({"my/note": seen.append})
    connected.protocol.dispatch("my/note", 5)
    assert (seen, connected.sent) == ([5], [])


@pytest.mark.parametrize("result", [float("nan"), {"a": float("inf")}, {1, 2}])
def test_3_a_result_that_is_not_json_becomes_an_error(result: object):
    connected = Connected()
    connected.protocol.use_features({"my/odd": lambda params: result})
    connected.protocol.dispatch("my/odd", None, id=7)
    (answer,) = connected.sent
    assert (answer["id"], answer["error"]["code"]) == (7, -32603)
    assert "data" not in answer["error"]
