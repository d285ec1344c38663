"""Tokens that an identity provider has signed: what is believed and refused, and how often its keys are fetched."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codesearch.core.errors import UsageError
from codesearch.mcp.http.wire import RefusedError
from codesearch.server import access
from codesearch.server.connect import administering
from codesearch.server.identity import Vouched
from codesearch.server.oidc import KEPT, PAUSE, Oidc
from tests.server.conftest import Place
from tests.server.test_identity import asked, behind

jwt = pytest.importorskip("jwt")
rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")

AUDIENCE = "codesearch"


class Provider:
    """An identity provider on this machine."""

    def __init__(self) -> None:
        self.keys = {"one": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.fetched: list[str] = []
        self.broken: bytes | None = None
        self.calls_itself = ""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetched.append(self.path)
                content = provider.content(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}/realm"

    def content(self, path: str) -> bytes:
        if self.broken is not None:
            return self.broken
        if path == "/realm/.well-known/openid-configuration":
            found: Any = {"issuer": self.calls_itself or self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        else:
            keys = [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) for key in self.keys.values()]
            found = {"keys": [{**key, "kid": kid, "use": "sig"} for kid, key in zip(self.keys, keys, strict=True)]}
        return json.dumps(found).encode()

    def token(self, kid: str = "one", key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        whole = {
            "iss": self.issuer, "aud": AUDIENCE, "iat": now, "exp": now + 600,
            "email": "alice@example.org", "email_verified": True, **claims,
        }  # fmt: skip
        kept = {name: value for name, value in whole.items() if value is not None}
        found: str = jwt.encode(kept, key or self.keys[kid], algorithm=algorithm, headers={"kid": kid})
        return found


@contextmanager
def running() -> Iterator[Provider]:
    found = Provider()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        thread.join(60)
        found.server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as found:
        yield found


def test_a_signed_token_says_who_asks(provider: Provider):
    oidc = Oidc(provider.issuer, AUDIENCE)
    assert oidc.who(provider.token()) == "alice@example.org"
    assert oidc.who(provider.token(aud=["other", AUDIENCE])) == "alice@example.org"
    job = provider.token(sub="repo:example/shop:ref:refs/heads/main", repository="example/shop")
    assert Oidc(provider.issuer, AUDIENCE, "repository").who(job) == "example/shop", "as CI platforms sign it"
    assert Oidc(provider.issuer, AUDIENCE, "sub").who(job) == "repo:example/shop:ref:refs/heads/main"
    assert oidc.who("cs_a-token-of-the-database") is None


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://example.org"},
        {"exp": 1},
        {"exp": None},
        {"nbf": 1 << 40},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": None},
        {"email": ""},
        {"email": "a' OR 1"},
        {"email": ["alice@example.org"]},
    ],
    ids=json.dumps,
)
def test_a_token_that_says_something_else_is_refused(provider: Provider, claims: dict[str, Any]):
    with pytest.raises(RefusedError) as refused:
        Oidc(provider.issuer, AUDIENCE).who(provider.token(**claims))
    assert refused.value.status == 401


def test_a_token_that_another_signed_is_refused(provider: Provider):
    oidc = Oidc(provider.issuer, AUDIENCE)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = provider.token()
    head, body, signature = token.split(".")
    public = provider.keys["one"].public_key().public_numbers().n.to_bytes(256, "big")
    for forged in (
        provider.token(key=stranger),
        provider.token(key="shared-secret-" * 8, algorithm="HS256"),
        provider.token(key=public, algorithm="HS256"),
        f"{head}.{body}.",
        jwt.encode({"email": "alice@example.org"}, None, algorithm="none", headers={"kid": "one"}),
        f"{head}.{body[:-4]}AAAA.{signature}",
        "..",
        "a.b.c",
        "ä.ö.ü",
    ):
        with pytest.raises(RefusedError) as refused:
            oidc.who(forged)
        assert refused.value.status == 401, forged


def test_the_keys_are_fetched_once_however_many_tokens_name_another(provider: Provider):
    now = [0.0]
    oidc = Oidc(provider.issuer, AUDIENCE, clock=lambda: now[0])
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for _ in range(3):
        assert oidc.who(provider.token())
        with pytest.raises(RefusedError):
            oidc.who(provider.token("two", other))
    assert len(provider.fetched) == 2, "the document about the provider, and its keys"
    provider.keys["two"] = other
    now[0] += PAUSE
    assert oidc.who(provider.token("two")) == "alice@example.org", "a new key"
    assert len(provider.fetched) == 4
    del provider.keys["one"]
    now[0] += KEPT
    with pytest.raises(RefusedError):
        oidc.who(provider.token("one", other))


def test_a_provider_that_cannot_be_asked_is_asked_again_later(provider: Provider):
    now = [0.0]
    oidc = Oidc(provider.issuer, AUDIENCE, clock=lambda: now[0])
    token = provider.token()
    for content in (b"no JSON", b"[]", b"{}", b'{"issuer": 1}', b"x" * (1 << 21)):
        provider.broken = content
        for _ in range(2):
            with pytest.raises(RefusedError) as refused:
                oidc.who(token)
            assert (refused.value.status, refused.value.headers) == (503, (("Retry-After", "30"),))
        now[0] += PAUSE
    assert len(provider.fetched) == 5, "once each"
    provider.broken = None
    assert oidc.who(token) == "alice@example.org"
    provider.broken = b""
    now[0] += KEPT
    assert oidc.who(token) == "alice@example.org", "the keys it had serve a while longer"


def test_a_provider_that_calls_itself_otherwise_is_not_believed(provider: Provider):
    provider.calls_itself = "https://login.example.org"
    with pytest.raises(RefusedError) as refused:
        Oidc(provider.issuer, AUDIENCE).who(provider.token())
    assert refused.value.status == 503


@pytest.mark.parametrize(
    ("issuer", "audience"),
    [("http://login.example.org", "a"), ("login.example.org", "a"), ("https://", "a"), ("https://x", ""), ("", "a")],
)
def test_options_that_name_no_provider_are_refused(issuer: str, audience: str):
    with pytest.raises(UsageError, match="--oidc"):
        Oidc.of(issuer, audience, "email")
    with pytest.raises(UsageError, match="--oidc"):
        Oidc.of("", "", "email", "groups")
    assert Oidc.of("", "", "email") is None


def test_groups_are_those_of_the_token(provider: Provider):
    oidc = Oidc(provider.issuer, AUDIENCE, groups="groups")
    for given, groups in (
        (["devs", "/staff/ops"], ["devs", "/staff/ops"]),
        ("devs", ["devs"]),
        (None, []),
        ([], []),
        (["devs", "", "a\nb", " x", "devs", "x" * 201], ["devs"]),
    ):
        wanted = "\n@".join(("alice@example.org", *groups))
        assert oidc.who(provider.token(groups=given)) == wanted, given
    for wrong in ({"devs": 1}, [1], 7, [["devs"]]):
        with pytest.raises(RefusedError) as refused:
            oidc.who(provider.token(groups=wrong))
        assert refused.value.status == 401, wrong
    assert Oidc(provider.issuer, AUDIENCE).who(provider.token(groups=["devs"])) == "alice@example.org", "off by default"
    other = Oidc(provider.issuer, AUDIENCE, groups="roles")
    assert other.who(provider.token(roles=["devs"])) == "alice@example.org\n@devs"


def test_a_group_sees_and_pushes_what_it_was_granted_until_the_token_ends(provider: Provider, place: Place):
    with administering(place.database) as db:
        access.grant(db, access.group("devs"), ["shop"], may_push=True)
        access.grant(db, access.group("staff"), ["shop"], may_push=False)
        access.grant(db, "alice@example.org", ["billing"], may_push=False)
    oidc = Oidc(provider.issuer, AUDIENCE, groups="groups")
    with behind(place, Vouched(provider=oidc)) as url:

        def push(name: str, **claims: Any) -> int:
            headers = (("Authorization", f"Bearer {provider.token(**claims)}"), ("Content-Type", "application/json"))
            body = json.dumps({"repository": name, "files": []}).encode()
            return asked(url, "POST", "/push/sources/lacking", *headers, body=body)[0]

        assert push("shop", groups=["devs"]) == push("shop", groups=["staff", "devs"]) == 200
        assert push("shop") == push("shop", groups=["staff"]) == push("shop", groups=["others"]) == 404
        assert push("billing", groups=["devs"]) == 404, "she may only search it"
        assert push("shop", email="@devs") == 401, "no person has the name of a group"
        now = int(time.time())
        assert push("shop", groups=["devs"], exp=now - 60) == 401
        session = asked(url, "GET", "/session", ("Authorization", f"Bearer {provider.token(groups=['devs'])}"))
        assert json.loads(session[1]) == {"who": "alice@example.org"}
        with administering(place.database) as db:
            access.revoke(db, access.group("devs"))
        assert push("shop", groups=["devs"]) == 404, "at once"


def test_the_gateway_shows_what_the_one_who_asks_may_see(provider: Provider, place: Place):
    with administering(place.database) as db:
        access.grant(db, "alice@example.org", ["shop"], may_push=True)
    place.token("bob", "shop")
    with behind(place, Vouched(provider=Oidc(provider.issuer, AUDIENCE))) as url:

        def session(token: str) -> Any:
            status, body, _ = asked(url, "GET", "/session", ("Authorization", f"Bearer {token}"))
            return json.loads(body)["who"] if status == 200 else status

        assert session(provider.token()) == "alice@example.org"
        assert session(place.token("bob", "shop")) == "bob", "tokens of the database work beside it"
        assert session(provider.token(aud="another")) == 401
        assert session("cs_unknown") == 401
        for path, status in (("/refs", 200), ("/repos", 200)):
            assert asked(url, "GET", path, ("Authorization", f"Bearer {provider.token()}"))[0] == status
        stranger = provider.token(email="mallory@example.org")
        shown = asked(url, "GET", "/refs", ("Authorization", f"Bearer {stranger}"))
        assert json.loads(shown[1])["refs"] == [], "nothing was granted"
        body = json.dumps({"repository": "shop", "files": []}).encode()
        for token, status in ((provider.token(), 200), (stranger, 404), (provider.token(exp=1), 401)):
            headers = (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"))
            assert asked(url, "POST", "/push/sources/lacking", *headers, body=body)[0] == status
