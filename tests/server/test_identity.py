"""Who asks: the header of a proxy counts from the proxy only, a token is looked up once, and no user asks too often."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from codesearch.core.errors import UsageError
from codesearch.mcp.http.server import HttpServer
from codesearch.mcp.http.wire import Head, RefusedError
from codesearch.server import access
from codesearch.server.connect import administering
from codesearch.server.databases import Databases
from codesearch.server.gateway import MOST_BODY, Gate, Gateway
from codesearch.server.identity import MOST_BUCKETS, Limits, Proxy, Vouched
from tests.server.conftest import Place

if TYPE_CHECKING:
    from codesearch.server.database import Database

HERE = ("127.0.0.1",)


@contextmanager
def behind(place: Place, vouched: Proxy | Vouched | None, limits: Limits | None = None) -> Iterator[str]:
    """Start another gateway."""
    vouched = vouched if isinstance(vouched, Vouched) else Vouched(vouched)
    databases = Databases.of([place.pool])
    server = HttpServer(
        ("127.0.0.1", 0),
        Gate(databases, HERE, vouched),
        Gateway(databases, vouched, limits),
        path="",
        most_bytes=MOST_BODY,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(60)


def asked(
    url: str, method: str, path: str, *headers: tuple[str, str], body: bytes = b""
) -> tuple[int, str, str | None]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.putrequest(method, path)
        for name, value in (*headers, *((("Content-Length", str(len(body))),) if method == "POST" else ())):
            connection.putheader(name, value)
        connection.endheaders(body or None)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply.getheader("Retry-After")
    finally:
        connection.close()


JSON = ("Content-Type", "application/json")
ALICE = ("X-Forwarded-User", "alice@example.org")


@pytest.fixture
def alice(place: Place) -> Place:
    with administering(place.database) as db:
        access.grant(db, "alice@example.org", ["shop"], may_push=True)
    return place


def test_the_header_of_a_trusted_proxy_says_who_asks(alice: Place):
    with behind(alice, Proxy.of("X-Forwarded-User", ["127.0.0.0/8"])) as url:
        assert json.loads(asked(url, "GET", "/session", ALICE)[1]) == {"who": "alice@example.org"}
        assert json.loads(asked(url, "GET", "/session")[1]) == {"who": ""}
        assert asked(url, "GET", "/refs", ALICE)[0] == 200
        assert asked(url, "GET", "/refs")[0] == 401
        token = ("Authorization", f"Bearer {alice.token('bob', 'shop')}")
        assert json.loads(asked(url, "GET", "/session", token)[1]) == {"who": "bob"}, "tokens work beside it"


def test_the_header_of_others_means_nothing(alice: Place):
    token = ("Authorization", f"Bearer {alice.token('bob', 'shop')}")
    for proxy in (None, Proxy.of("X-Forwarded-User", ["10.0.0.0/8", "::1"])):
        with behind(alice, proxy) as url:
            assert json.loads(asked(url, "GET", "/session", ALICE)[1]) == {"who": ""}
            assert asked(url, "GET", "/refs", ALICE)[0] == 401
            assert json.loads(asked(url, "GET", "/session", ALICE, token)[1]) == {"who": "bob"}


def test_a_proxied_request_that_could_be_forged_is_refused(alice: Place):
    with behind(alice, Proxy.of("X-Forwarded-User", ["127.0.0.1"])) as url:
        assert asked(url, "GET", "/refs", ALICE, ("x-forwarded-user", "root"))[0] == 400, "two headers"
        assert asked(url, "GET", "/refs", ("X-Forwarded-User", "a' OR 1"))[0] == 400
        body = b'{"repository": "shop", "files": [], "model": "x"}'
        for path in ("/query", "/push/begin"):
            assert asked(url, "POST", path, ALICE, body=body)[0] == 415, "as a form of another site sends it"
            assert asked(url, "POST", path, ALICE, ("Content-Type", "text/plain"), body=body)[0] == 415
            assert asked(url, "POST", path, ALICE, JSON, ("Origin", "https://evil.example"), body=body)[0] == 403
        assert asked(url, "POST", "/push/sources/lacking", ALICE, JSON, body=body)[0] == 200


def test_the_proxy_lists_the_groups_of_the_one_who_asks(alice: Place):
    with administering(alice.database) as db:
        access.grant(db, access.group("devs"), ["billing"], may_push=True)
    groups = ("X-Forwarded-Groups", "staff, devs,, ")
    body = b'{"repository": "billing", "files": []}'
    for header, status in (("X-Forwarded-Groups", 200), ("", 404)):
        proxy = Proxy.of("X-Forwarded-User", ["127.0.0.1"], header)
        with behind(alice, proxy) as url:
            assert asked(url, "POST", "/push/sources/lacking", ALICE, groups, JSON, body=body)[0] == status
            assert asked(url, "POST", "/push/sources/lacking", ALICE, JSON, body=body)[0] == 404
            assert json.loads(asked(url, "GET", "/session", ALICE, groups)[1]) == {"who": "alice@example.org"}
    with behind(alice, Proxy.of("X-Forwarded-User", ["127.0.0.1"], "X-Forwarded-Groups")) as url:
        twice = (ALICE, groups, ("x-forwarded-groups", "root"))
        assert asked(url, "GET", "/refs", *twice)[0] == 400, "two headers"
        assert asked(url, "GET", "/refs", groups)[0] == 401, "groups alone say nothing"
    with behind(alice, Proxy.of("X-Forwarded-User", ["10.0.0.1"], "X-Forwarded-Groups")) as url:
        token = ("Authorization", f"Bearer {alice.token('bob', 'shop')}")
        assert asked(url, "POST", "/push/sources/lacking", token, groups, JSON, body=body)[0] == 404, "not the proxy"


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7%eth0"])
def test_addresses_are_compared_as_addresses(peer: str):
    proxy = Proxy.of("X-User", ["10.1.0.0/16", "fd00::/8"])
    assert proxy is not None
    for one, who in ((peer, "alice"), ("110.1.2.3", None), ("", None), ("unix", None)):
        assert proxy.who(Head("GET", "/", (("x-user", "alice"),), True, one)) == who


@pytest.mark.parametrize(
    ("header", "addresses"),
    [("X-User", []), ("", ["10.0.0.1"]), ("X-User", ["proxy"]), ("Cookie", ["10.0.0.1"]), ("X User", ["10.0.0.1"])],
)
def test_options_that_name_no_proxy_are_refused(header: str, addresses: list[str]):
    with pytest.raises(UsageError, match="--proxy"):
        Proxy.of(header, addresses)
    for wrong in ("Cookie", "X Groups"):
        with pytest.raises(UsageError, match="--proxy-groups"):
            Proxy.of("X-User", ["10.0.0.1"], wrong)
    with pytest.raises(UsageError, match="--proxy-header"):
        Proxy.of("", [], "X-Groups")


def test_a_user_who_asks_too_often_waits():
    now = [0.0]
    limits = Limits(2, 3, lambda: now[0])
    for _ in range(3):
        limits.take("alice")
    with pytest.raises(RefusedError, match="too many") as refused:
        limits.take("alice")
    assert (refused.value.status, refused.value.headers) == (429, (("Retry-After", "1"),))
    limits.take("bob")
    now[0] += 0.5
    limits.take("alice")
    with pytest.raises(RefusedError):
        limits.take("alice")
    now[0] += 1000
    for _ in range(3):
        limits.take("alice")
    with pytest.raises(RefusedError):
        limits.take("alice")
    for at in range(2 * MOST_BUCKETS):
        limits.take(f"u{at}")
    assert len(limits._buckets) == MOST_BUCKETS
    unlimited = Limits(0)
    for _ in range(1000):
        unlimited.take("alice")


def test_the_server_says_when_to_ask_again(alice: Place):
    token = ("Authorization", f"Bearer {alice.token('bob', 'shop')}")
    with behind(alice, None, Limits(1, 2, lambda: 0.0)) as url:
        assert [asked(url, "GET", "/refs", token)[0] for _ in range(3)] == [200, 200, 429]
        assert asked(url, "GET", "/refs", token)[2] == "1"
        assert asked(url, "GET", "/session", token)[0] == 200, "signing in is not counted"


def test_a_token_is_looked_up_once_in_the_transaction_of_the_answer(alice: Place, monkeypatch: pytest.MonkeyPatch):
    token = ("Authorization", f"Bearer {alice.token('bob', 'shop')}")
    looked: list[object] = []
    opened: list[str] = []
    own, transaction = access.who_has, alice.pool.transaction

    def who_has(db: Database, given: str) -> str | None:
        looked.append(db)
        return own(db, given)

    def counted(who: str) -> AbstractContextManager[Database]:
        opened.append(who)
        return transaction(who)

    monkeypatch.setattr(access, "who_has", who_has)
    monkeypatch.setattr(alice.pool, "transaction", counted)
    assert asked(alice.url, "GET", "/refs", token)[0] == 200
    assert (len(looked), opened) == (1, [""])
    big = b"x" * (1 << 20) + b"x"
    assert asked(alice.url, "POST", "/query", ("Authorization", "Bearer wrong"), body=b"{}")[0] == 401
    assert asked(alice.url, "POST", "/push/files", ("Authorization", "Bearer wrong"), JSON, body=b"{}")[0] == 401
    assert asked(alice.url, "POST", "/query", token, body=big[:10])[0] == 400
