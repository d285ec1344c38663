"""The server over HTTP, with a backend that answers at once: who may use it, both eras, broken requests, limits."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from codesearch.mcp.http import server as http_server
from codesearch.mcp.http import wire
from codesearch.mcp.http.access import Access
from codesearch.mcp.http.endpoint import Endpoint
from codesearch.mcp.http.server import HttpServer
from codesearch.mcp.http.sessions import MOST_SESSIONS, SESSION_SECONDS, Calls, Sessions
from codesearch.mcp.jsonrpc import MOST_BYTES
from codesearch.mcp.texts import INSTRUCTIONS
from tests.mcp.client import ENVELOPE
from tests.mcp.fake import FakeBackend
from tests.support.wait import PATIENCE, until

TOKEN = "a-token-of-the-tests"
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
STATELESS = {"MCP-Protocol-Version": "2026-07-28"}


class SlowBackend(FakeBackend):
    """Answers when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def call(self, name: str, arguments: dict[str, Any], sent: list[str]) -> dict[str, Any]:
        self.begun.release()
        assert self.go_on.wait(PATIENCE)
        return super().call(name, arguments, sent)


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A server in this process, and requests to it."""

    def __init__(self, backend: FakeBackend, calls: int) -> None:
        self.backend = backend
        self.clock = Clock()
        endpoint = Endpoint(backend, Sessions(backend, self.clock), Calls(calls))
        self.server = HttpServer(("127.0.0.1", 0), Access(TOKEN), endpoint)
        self.port = int(self.server.url.rpartition(":")[2].partition("/")[0])
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def request(
        self, method: str, body: object = None, *, path: str = "/mcp", **headers: Any
    ) -> tuple[int, dict[str, str], bytes]:
        """Return (status, headers, body). None leaves a header out, and `_` in its name means `-`."""
        sent: dict[str, str | None] = {"Authorization": f"Bearer {TOKEN}", **JSON}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if data is not None and "Content-Length" not in sent:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        connection.close()
        return found

    def post(self, body: object, **headers: Any) -> tuple[int, Any]:
        status, _, data = self.request("POST", body, **headers)
        return status, json.loads(data) if data[:1] in (b"{", b"[") else data.decode()

    def session(self, version: str = "2025-11-25") -> str:
        """Return the id of a new session."""
        hello = request("initialize", 0, protocolVersion=version, capabilities={})
        status, headers, _ = self.request("POST", hello)
        assert status == 200
        return headers["mcp-session-id"]

    def stateless(self, method: str, **params: Any) -> tuple[int, Any]:
        headers: dict[str, str | None] = {**STATELESS, "Mcp-Method": method, "Mcp-Name": params.get("name")}
        return self.post(request(method, **params, _meta=ENVELOPE), **headers)


def request(method: str, number: object = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


CALL = request("tools/call", 7, name="search_code", arguments={"question": "x"})


def serving(backend: FakeBackend, calls: int = 32) -> Iterator[Served]:
    served = Served(backend, calls)
    try:
        yield served
    finally:
        if isinstance(backend, SlowBackend):
            backend.go_on.set()
        served.stop()


@pytest.fixture
def served() -> Iterator[Served]:
    yield from serving(FakeBackend())


@pytest.fixture
def slow() -> Iterator[Served]:
    yield from serving(SlowBackend(), calls=2)


def sent(served: Served, data: bytes) -> bytes:
    """Return the start of the reply to some bytes; nothing if the server closes the connection at once."""
    with served.connect() as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(1000)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def backend_of(served: Served) -> SlowBackend:
    assert isinstance(served.backend, SlowBackend)
    return served.backend


# -- who may use it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"bearer  {TOKEN}"}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "[::1]:1234"}, 200),
        ({"Host": None}, 403),
        ({"Host": ""}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "127.0.0.1@evil.example"}, 403),
        ({"Host": "evil.example:80", "Authorization": None}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": "ftp://localhost"}, 403),
    ],
)
def test_only_programs_of_this_machine_with_the_token_are_answered(
    served: Served, headers: dict[str, Any], status: int
):
    hello = request("initialize", protocolVersion="2025-11-25", capabilities={})
    found, received, _ = served.request("POST", hello, **headers)
    assert found == status
    assert ("www-authenticate" in received) == (status == 401)
    assert "access-control-allow-origin" not in received


def test_a_request_that_is_not_allowed_is_refused_before_its_body_is_read(served: Served):
    with served.connect() as connection:
        connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_preflight_of_a_browser_gets_no_permission(served: Served):
    status, headers, _ = served.request(
        "OPTIONS", Authorization=None, Origin="http://localhost:3000", Access_Control_Request_Method="POST"
    )
    assert status == 401
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/mcp/", "/.well-known/oauth-protected-resource", "/mcp/../mcp"])
def test_there_is_one_endpoint(served: Served, path: str):
    assert served.request("POST", request("ping"), path=path)[0] == 404


# -- the handshake era -------------------------------------------------------------------------------------------------


def test_a_session_begins_with_a_handshake_and_ends_with_delete(served: Served):
    status, headers, body = served.request("POST", request("initialize", 0, protocolVersion="2025-06-18"))
    assert status == 200
    assert json.loads(body)["result"]["protocolVersion"] == "2025-06-18"
    assert json.loads(body)["result"]["instructions"] == INSTRUCTIONS
    name = headers["mcp-session-id"]
    assert len(name) >= 32
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert served.post(initialized, Mcp_Session_Id=name) == (202, "")
    version = {"MCP-Protocol-Version": "2025-06-18"}
    assert served.post(request("ping"), Mcp_Session_Id=name, **version)[1]["result"] == {}
    status, answer = served.post(CALL, Mcp_Session_Id=name)
    assert (status, answer["id"]) == (200, 7)
    assert answer["result"]["content"][0]["text"] == "answer of search_code"
    assert "resultType" not in answer["result"]
    assert served.request("DELETE", Mcp_Session_Id=name)[0] == 204
    assert served.request("DELETE", Mcp_Session_Id=name)[0] == 404
    assert served.post(request("ping"), Mcp_Session_Id=name)[0] == 404


def test_there_is_no_stream_of_the_server(served: Served):
    status, headers, _ = served.request("GET", Mcp_Session_Id=served.session(), Accept="text/event-stream")
    assert (status, headers["allow"]) == (405, "POST, DELETE")


def test_requests_without_a_session_are_refused(served: Served):
    assert served.post(request("ping"))[0] == 400
    assert served.post(CALL, MCP_Protocol_Version="2025-11-25")[0] == 400
    assert served.post(CALL, Mcp_Session_Id="guessed")[0] == 404
    assert served.request("DELETE")[0] == 400
    assert served.backend.asked == []


def test_sessions_do_not_share_what_they_have_received(served: Served):
    first, second = served.session(), served.session()
    for name in (first, first, second):
        served.post(CALL, Mcp_Session_Id=name)
    assert [sent for _, _, sent in served.backend.asked] == [[], ["mark1"], []]


def test_a_session_that_is_not_used_ends(served: Served):
    kept, left = served.session(), served.session()
    served.clock.now = SESSION_SECONDS - 1
    assert served.post(request("ping"), Mcp_Session_Id=kept)[0] == 200
    served.clock.now = SESSION_SECONDS + 1
    assert served.post(request("ping"), Mcp_Session_Id=left)[0] == 404
    assert served.post(request("ping"), Mcp_Session_Id=kept)[0] == 200


def test_the_number_of_sessions_is_limited(served: Served):
    first = served.session()
    names = [served.session() for _ in range(MOST_SESSIONS)]
    assert served.post(request("ping"), Mcp_Session_Id=first)[0] == 404
    assert served.post(request("ping"), Mcp_Session_Id=names[0])[0] == 200


def test_batches_belong_to_one_version(served: Served):
    batch = [request("ping", 1), {"jsonrpc": "2.0", "method": "notifications/initialized"}, CALL, 5]
    status, answers = served.post(batch, Mcp_Session_Id=served.session("2025-03-26"))
    assert (status, [one.get("id") for one in answers]) == (200, [1, 7, None])
    note = [{"jsonrpc": "2.0", "method": "notifications/initialized"}]
    assert served.post(note, Mcp_Session_Id=served.session("2025-03-26"))[0] == 202
    assert served.post(batch, Mcp_Session_Id=served.session("2025-06-18"))[0] == 400
    assert served.post([], Mcp_Session_Id=served.session("2025-03-26"))[0] == 400
    assert served.post([request("ping")] * 51, Mcp_Session_Id=served.session("2025-03-26"))[0] == 400


@pytest.mark.parametrize("version", ["1900-01-01", "x", ""])
def test_an_unknown_version_is_refused(served: Served, version: str):
    status, answer = served.post(request("ping"), Mcp_Session_Id=served.session(), MCP_Protocol_Version=version)
    assert status == 400
    assert "2025-11-25" in answer["error"]["data"]["supported"]


# -- the stateless era -------------------------------------------------------------------------------------------------


def test_a_stateless_request_needs_no_session(served: Served):
    status, answer = served.stateless("server/discover")
    assert (status, answer["result"]["instructions"]) == (200, INSTRUCTIONS)
    for _ in range(2):
        status, answer = served.stateless("tools/call", **CALL["params"])
        assert (status, answer["result"]["resultType"]) == (200, "complete")
    assert [sent for _, _, sent in served.backend.asked] == [[], []], "nothing is remembered between requests"
    _, headers, _ = served.request("POST", request("tools/list", _meta=ENVELOPE), **STATELESS, Mcp_Method="tools/list")
    assert "mcp-session-id" not in headers


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"MCP-Protocol-Version": None}, -32020),
        ({"MCP-Protocol-Version": "2025-11-25"}, -32020),
        ({"Mcp-Method": None}, -32020),
        ({"Mcp-Method": "tools/list"}, -32020),
        ({"Mcp-Method": "Tools/Call"}, -32020),
        ({"Mcp-Name": None}, -32020),
        ({"Mcp-Name": "repo_map"}, -32020),
        ({"Mcp-Name": "=?base64?%%%?="}, -32020),
        ({"Mcp-Name": "=?base64?/w==?="}, -32020),
        ({"Mcp-Name": "=?base64?c2VhcmNoX2NvZGU=?="}, None),
        ({}, None),
    ],
)
def test_headers_must_say_what_the_body_says(served: Served, headers: dict[str, str | None], code: int | None):
    sent = {**STATELESS, "Mcp-Method": "tools/call", "Mcp-Name": "search_code", **headers}
    status, answer = served.post({**CALL, "params": {**CALL["params"], "_meta": ENVELOPE}}, **sent)
    assert status == (200 if code is None else 400)
    assert answer.get("error", {}).get("code") == code
    assert answer["id"] == 7


def test_errors_of_the_stateless_era_have_a_status(served: Served):
    assert served.stateless("no/such/method")[0] == 404
    assert served.stateless("ping")[0] == 404
    status, answer = served.stateless("tools/call", name="unknown")
    assert (status, answer["error"]["code"]) == (400, -32602)
    other = {**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    body = request("tools/list", _meta=other)
    status, answer = served.post(body, MCP_Protocol_Version="2099-01-01", Mcp_Method="tools/list")
    assert (status, answer["error"]["code"]) == (400, -32022)
    status, answer = served.post(request("tools/list"), **STATELESS, Mcp_Method="tools/list")
    assert (status, answer["error"]["code"]) == (400, -32602)
    status, answer = served.post([body], **STATELESS)
    assert (status, answer["error"]["code"]) == (400, -32600)
    assert served.post({"jsonrpc": "2.0", "id": 1, "result": {}}, **STATELESS)[0] == 400
    assert served.post({"jsonrpc": "2.0", "method": "notifications/cancelled"}, **STATELESS)[0] == 202


# -- broken requests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": None}, 415),
        (b"{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Accept": "text/html"}, 406),
        (b"{}", {"Accept": None}, 406),
        (b"{not json", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"", {}, 400),
        (b"x", {"Content-Length": str(MOST_BYTES + 1)}, 413),
        (b"x", {"Content-Length": "1" + "0" * 30}, 400),
        (b"x", {"Content-Length": "-1"}, 400),
        (b"x", {"Content-Length": "+1"}, 400),
        (None, {}, 411),
        (b"1\r\nx\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}, 411),
        (b"{}", {"X": "a" * 40_000}, 431),
        (b"{}", {f"X-{number}": "a" * 100 for number in range(1000)}, 431),
    ],
)
def test_a_wrong_request_is_refused_and_the_next_is_answered(
    served: Served, body: bytes | None, headers: dict[str, Any], status: int
):
    assert served.request("POST", body, **headers)[0] == status
    assert served.stateless("server/discover")[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /mcp\r\n\r\n",
        b"GET /mcp HTTP/2.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
        b"POST /m\x00cp HTTP/1.1\r\n\r\n",
        b"A" * 100_000,
    ],
)
def test_bytes_that_are_not_http_are_refused(served: Served, data: bytes):
    answer = sent(served, data)
    assert not answer or int(answer.split()[1]) in (400, 403, 431)
    assert served.stateless("server/discover")[0] == 200


def test_a_length_that_is_sent_twice_is_refused(served: Served):
    """Two readers of such a request disagree about where it ends."""
    with served.connect() as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 2\r\n"
        connection.sendall(head.encode() + b"Content-Length: 3\r\n\r\n{}x")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_connection_serves_several_requests(served: Served):
    connection = HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    for number in range(5):
        body = json.dumps(request("server/discover", number, _meta=ENVELOPE))
        headers = {"Authorization": f"Bearer {TOKEN}", **JSON, **STATELESS, "Mcp-Method": "server/discover"}
        connection.request("POST", "/mcp", body, {**headers, "Expect": "100-continue"})
        assert json.loads(connection.getresponse().read())["id"] == number
    connection.close()


def test_a_thousand_broken_requests_leave_the_server_answering(served: Served):
    generator = random.Random(20261127)
    body = json.dumps(CALL).encode()
    good = (
        f"POST /mcp HTTP/1.1\r\nHost: localhost:{served.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\nMcp-Session-Id: {served.session()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    for _ in range(1000):
        data = bytearray(good)
        for _ in range(generator.randint(1, 6)):
            at = generator.randrange(max(1, len(data) - 1))
            match generator.randrange(4):
                case 0:
                    data[at : at + 1] = generator.randbytes(1)
                case 1:
                    del data[at : at + generator.randint(1, 30)]
                case 2:
                    data[at:at] = generator.randbytes(generator.randint(1, 30))
                case _:
                    data = data[: max(1, at)]
        answer = sent(served, bytes(data))
        assert not answer or answer.startswith(b"HTTP/1.1 ")
        assert b" 500 " not in answer[:20]
    assert served.stateless("server/discover")[0] == 200


# -- limits ------------------------------------------------------------------------------------------------------------


def test_slow_clients_do_not_block_others(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 8)
    idle = [served.connect() for _ in range(40)]
    for number, connection in enumerate(idle):
        connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: loc"[: number % 30])
    assert served.stateless("server/discover")[0] == 200
    for connection in idle:
        connection.close()


def test_a_client_that_does_not_finish_its_request_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.2)
    with served.connect() as connection:
        connection.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    with served.connect() as connection:
        head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n{{"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_requests_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.2)
    with served.connect() as connection:
        assert connection.recv(100) == b""


def in_background(served: Served, name: str, number: int) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    call = {**CALL, "id": number}
    thread = threading.Thread(target=lambda: found.append(served.post(call, Mcp_Session_Id=name)))
    thread.start()
    return thread, found


def test_too_many_calls_at_the_same_time_are_refused(slow: Served):
    backend, name = backend_of(slow), slow.session()
    open_now = [in_background(slow, name, number) for number in range(2)]
    for _ in open_now:
        assert backend.begun.acquire(timeout=PATIENCE)
    status, headers, _ = slow.request("POST", CALL, Mcp_Session_Id=name)
    assert (status, headers["retry-after"]) == (503, "1")
    assert slow.post(request("ping"), Mcp_Session_Id=name)[0] == 200, "what needs no service is answered"
    backend.go_on.set()
    for thread, found in open_now:
        thread.join(PATIENCE)
        assert found[0][0] == 200
    assert slow.post(CALL, Mcp_Session_Id=name)[0] == 200


def test_a_client_can_cancel_its_call(slow: Served):
    backend, name, other = backend_of(slow), slow.session(), slow.session()
    thread, found = in_background(slow, name, 7)
    assert backend.begun.acquire(timeout=PATIENCE)
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    assert slow.post(cancel, Mcp_Session_Id=other)[0] == 202
    assert thread.is_alive(), "the call of another session goes on"
    assert slow.post(cancel, Mcp_Session_Id=name)[0] == 202
    thread.join(PATIENCE)
    assert found[0][1]["error"]["message"] == "Request cancelled"
    backend.go_on.set()
    until(lambda: len(backend.asked) == 1)
    slow.post({**CALL, "id": 8}, Mcp_Session_Id=name)
    assert backend.asked[-1][2] == [], "the client never received the cancelled source"


def test_the_call_of_a_client_that_goes_away_is_cancelled(slow: Served):
    backend, name = backend_of(slow), slow.session()
    body = json.dumps(CALL)
    with slow.connect() as connection:
        connection.sendall(
            f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nMcp-Session-Id: {name}\r\n"
            f"Content-Type: application/json\r\nAccept: */*\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        assert backend.begun.acquire(timeout=PATIENCE)
    until(lambda: not [one for one in threading.enumerate() if one.name == "codesearch-http"], "the connection ends")
    backend.go_on.set()
    until(lambda: len(backend.asked) == 1)
    assert slow.post(CALL, Mcp_Session_Id=name)[0] == 200
    assert backend.asked[-1][2] == [], "the client never received the cancelled source"


def test_a_session_that_ends_cancels_its_calls(slow: Served):
    backend, name = backend_of(slow), slow.session()
    thread, found = in_background(slow, name, 7)
    assert backend.begun.acquire(timeout=PATIENCE)
    assert slow.request("DELETE", Mcp_Session_Id=name)[0] == 204
    thread.join(PATIENCE)
    assert "error" in found[0][1]


def test_a_server_that_ends_answers_what_is_open(slow: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_server, "LAST_SECONDS", PATIENCE)
    backend, name = backend_of(slow), slow.session()
    thread, found = in_background(slow, name, 7)
    assert backend.begun.acquire(timeout=PATIENCE)
    slow.server.stop()
    backend.go_on.set()
    thread.join(PATIENCE)
    assert found[0][0] == 200
    slow.thread.join(PATIENCE)
    with pytest.raises(OSError, match="refused"):
        slow.connect()
