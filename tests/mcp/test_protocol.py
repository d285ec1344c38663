"""What the server answers to each message, right or wrong; no service is needed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.context.definitions import TOOLS
from codesearch.mcp import texts
from codesearch.mcp.jsonrpc import MOST_BYTES
from codesearch.mcp.methods import Methods
from codesearch.mcp.server import Server
from tests.mcp.client import ENVELOPE
from tests.mcp.fake import FakeBackend


def exchange(*messages: object, backend: FakeBackend | None = None) -> list[Any]:
    """Return everything the server sends for some messages; bytes are sent as they are."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
    out = io.BytesIO()
    Server(Methods(backend or FakeBackend()), io.BytesIO(b"\n".join(lines) + b"\n"), out).run()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def request(method: str, number: object = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def stateless(method: str, **params: Any) -> dict[str, Any]:
    return request(method, **params, _meta=ENVELOPE)


INITIALIZE = request("initialize", 0, protocolVersion="2025-11-25", capabilities={})


# -- eras --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_handshake_agrees_on_the_version_that_the_client_wants(version: str):
    [answer] = exchange(request("initialize", protocolVersion=version, capabilities={}))
    assert answer["result"]["protocolVersion"] == version
    assert answer["result"]["instructions"] == texts.INSTRUCTIONS
    assert set(answer["result"]["capabilities"]) == {"tools", "resources", "prompts"}


@pytest.mark.parametrize("version", ["2026-07-28", "1999-01-01", None, 3])
def test_a_handshake_offers_the_newest_version_instead_of_an_unknown_one(version: object):
    assert exchange(request("initialize", protocolVersion=version))[0]["result"]["protocolVersion"] == "2025-11-25"


def test_discovery_says_the_same_as_the_handshake():
    [handshake] = exchange(INITIALIZE)
    for probe in (stateless("server/discover"), request("server/discover")):
        [found] = exchange(probe)
        result = found["result"]
        assert result["supportedVersions"] == ["2026-07-28"]
        assert result["instructions"] == handshake["result"]["instructions"]
        assert result["capabilities"] == handshake["result"]["capabilities"]
        assert (result["resultType"], result["cacheScope"]) == ("complete", "public")
        assert result["ttlMs"] > 0
        assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "codesearch"


@pytest.mark.parametrize("method", ["tools/list", "resources/list", "resources/templates/list", "prompts/list"])
def test_lists_of_the_stateless_era_may_be_cached_and_keep_their_order(method: str):
    first, second = exchange(stateless(method), stateless(method))
    assert first == second
    assert first["result"]["ttlMs"] > 0
    assert first["result"]["cacheScope"] == "public"
    assert first["result"]["resultType"] == "complete"
    [old] = exchange(request(method))
    assert not old["result"].keys() & {"ttlMs", "cacheScope", "resultType", "_meta"}


def test_resources_of_the_stateless_era_are_private_and_stale_at_once():
    [answer] = exchange(stateless("resources/read", uri="codesearch://status"))
    assert (answer["result"]["ttlMs"], answer["result"]["cacheScope"]) == (0, "private")


def test_an_unknown_stateless_version_gets_the_list_of_known_ones():
    meta = {**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    [answer] = exchange(request("tools/list", _meta=meta))
    assert answer["error"]["code"] == -32022
    assert answer["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2099-01-01"}


def test_an_incomplete_envelope_is_an_error():
    [answer] = exchange(request("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "2026-07-28"}))
    assert answer["error"]["code"] == -32602
    assert "clientCapabilities" in answer["error"]["message"]


def test_ping_is_part_of_the_handshake_era_only():
    old, new = exchange(request("ping"), stateless("ping"))
    assert old["result"] == {}
    assert new["error"]["code"] == -32601


def test_a_session_may_use_both_eras():
    first, second, third = exchange(INITIALIZE, stateless("tools/list"), request("tools/list"))
    assert "protocolVersion" in first["result"]
    assert "resultType" in second["result"]
    assert "resultType" not in third["result"]


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("2024-11-05", {"name", "description", "inputSchema"}),
        ("2025-03-26", {"name", "description", "inputSchema", "annotations"}),
        ("2025-06-18", {"name", "title", "description", "inputSchema", "annotations", "outputSchema"}),
    ],
)
def test_older_versions_get_no_fields_that_they_do_not_know(version: str, fields: set[str]):
    answers = exchange(
        request("initialize", 0, protocolVersion=version),
        request("tools/list", 1),
        request("tools/call", 2, name="search_code", arguments={"question": "x"}),
    )
    listed, called = (next(one for one in answers if one["id"] == number) for number in (1, 2))
    assert set(listed["result"]["tools"][0]) == fields
    assert ("structuredContent" in called["result"]) == (version == "2025-06-18")


# -- tools -------------------------------------------------------------------------------------------------------------


def test_the_texts_that_every_conversation_pays_for_are_short():
    assert len(texts.INSTRUCTIONS) < 2048
    assert all(len(tool["description"]) < 400 for tool in TOOLS)
    assert len(json.dumps(TOOLS)) < 8000


def test_an_error_of_a_tool_is_a_result_that_the_model_sees():
    [answer] = exchange(request("tools/call", name="search_code", arguments={"question": "bad"}))
    assert answer["result"] == {"content": [{"type": "text", "text": "a bad question"}], "isError": True}


@pytest.mark.parametrize("name", ["claude-code", "codex-mcp-client"])
def test_a_client_that_would_show_the_model_json_gets_text_alone(name: str):
    call = {"name": "search_code", "arguments": {"question": "x"}}
    about = {"io.modelcontextprotocol/clientInfo": {"name": name, "version": "1"}}
    handshake = request("initialize", 0, protocolVersion="2025-11-25", clientInfo={"name": name, "version": "1"})
    old = exchange(handshake, request("tools/list", 1), request("tools/call", 2, **call))
    new = exchange(
        request("tools/list", 1, _meta=ENVELOPE | about), request("tools/call", 2, **call, _meta=ENVELOPE | about)
    )
    for answers in (old, new):
        listed, called = (next(one["result"] for one in answers if one["id"] == number) for number in (1, 2))
        assert called["content"] == [{"type": "text", "text": "answer of search_code"}]
        assert "structuredContent" not in called
        assert all("outputSchema" not in tool for tool in listed["tools"])
    assert next(one["result"]["cacheScope"] for one in new if one["id"] == 1) == "private"
    assert "structuredContent" in exchange(request("tools/call", **call))[0]["result"]


def test_a_session_says_what_it_has_received():
    backend = FakeBackend()
    call = request("tools/call", name="repo_map", arguments={})
    out = io.BytesIO()
    methods = Methods(backend)
    for _ in range(2):
        Server(methods, io.BytesIO(json.dumps(call).encode() + b"\n"), out).run()
    assert [sent for _, _, sent in backend.asked] == [[], ["mark1"]]


def test_roots_are_asked_for_only_where_they_are_needed():
    class Homeless(FakeBackend):
        needs_root = True

    backend = Homeless()
    hello = request("initialize", 0, protocolVersion="2025-11-25", capabilities={"roots": {}})
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    _, asked = exchange(hello, initialized, backend=backend)
    assert asked["method"] == "roots/list"
    answer = {"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": [{"uri": "file:///home/you/my%20project"}]}}
    exchange(answer, backend=backend)
    assert backend.roots == [Path("/home/you/my project")]
    assert len(exchange(hello, initialized)) == 1


@pytest.mark.parametrize(
    ("uri", "root"),
    [
        ("file://[::1/home", Path("/home")),
        ("file:///c%23/50%25?", Path("/c#/50%?")),
        ("file:///%00", Path("/\0")),
        ("file:///caf%E9", Path("/caf\udce9")),
        ("http://[", None),
        (5, None),
        (None, None),
    ],
)
def test_an_odd_root_does_not_end_the_session(uri, root):
    class Homeless(FakeBackend):
        needs_root = True

    backend = Homeless()
    answer = {"jsonrpc": "2.0", "id": "codesearch-roots/list", "result": {"roots": [{"uri": uri}]}}
    assert exchange(answer, request("ping", 2), backend=backend)[-1]["result"] == {}
    assert backend.roots == ([] if root is None else [root])


# -- wrong messages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "code", "number"),
    [
        (b"{not json", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"[" * 100_000, -32700, None),
        ([], -32600, None),
        ([request("ping")], -32600, None),
        ("text", -32600, None),
        ({"id": 1, "method": "ping"}, -32600, None),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600, None),
        ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, -32600, None),
        ({"jsonrpc": "2.0", "id": 1}, -32600, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, -32602, 1),
        (request("no/such/method"), -32601, 1),
        (request("tools/list", cursor="abc"), -32602, 1),
        (request("tools/call", name="unknown"), -32602, 1),
        (request("tools/call", name="search_code", arguments=[]), -32602, 1),
        (request("prompts/get", name="unknown"), -32602, 1),
        (request("resources/read", uri="file:///etc/passwd"), -32002, 1),
        (stateless("resources/read", uri="file:///etc/passwd"), -32602, 1),
        (b'"' + b"x" * (MOST_BYTES + 10) + b'"', -32600, None),
    ],
)
def test_a_wrong_message_gets_an_error_and_the_session_goes_on(message: object, code: int, number: object):
    answers = exchange(message, request("ping", 99))
    pong = {"jsonrpc": "2.0", "id": 99, "result": {}}
    assert pong in answers
    answers.remove(pong)
    [answer] = answers
    assert (answer["error"]["code"], answer["id"]) == (code, number)


@pytest.mark.parametrize("method", ["notifications/cancelled", "notifications/progress", "anything/else"])
def test_notifications_get_no_answer(method: str):
    assert exchange({"jsonrpc": "2.0", "method": method, "params": {"requestId": 5}}) == []
    assert exchange({"jsonrpc": "2.0", "method": method, "params": "wrong"}) == []


def test_batches_belong_to_one_version():
    hello = request("initialize", 0, protocolVersion="2025-03-26")
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    _, batch = exchange(hello, [request("ping", 1), note, request("tools/call", 2, name="repo_map"), 5])
    assert [one.get("id") for one in batch] == [1, 2, None]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from(["initialize", "ping", "tools/list", "tools/call", "prompts/get", "resources/read", "x"])
_PARAMS = st.dictionaries(
    st.sampled_from(["name", "arguments", "uri", "cursor", "_meta", "protocolVersion", "capabilities"]),
    _VALUES | st.just(ENVELOPE) | st.sampled_from(["search_code", "orient", "codesearch://status"]),
)
_MESSAGES = st.one_of(
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")),
    _VALUES,
    st.fixed_dictionaries({"jsonrpc": st.just("2.0")}, optional={"id": _VALUES, "method": _NAMES, "params": _VALUES}),
    st.fixed_dictionaries({"jsonrpc": st.just("2.0"), "id": st.integers(), "method": _NAMES, "params": _PARAMS}),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_MESSAGES, min_size=10, max_size=10))
def test_a_thousand_random_messages_never_end_a_session(messages: list[object]):
    answers = exchange(*messages, request("ping", "last"))
    assert {"jsonrpc": "2.0", "id": "last", "result": {}} in answers
    for answer in answers:
        for one in answer if isinstance(answer, list) else [answer]:
            assert one["jsonrpc"] == "2.0"
            assert ("result" in one) != ("error" in one) or "method" in one
            assert one.get("error", {}).get("code") != -32603
