"""Who asks, by a token that an identity provider has signed (OpenID Connect); needs PyJWT.

The gateway only verifies such tokens: signature, issuer, audience and times. How a client gets one is between it and
the provider; in CI, the platform signs one for each job.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import build_opener

from codesearch.core import loopback
from codesearch.core.errors import UsageError
from codesearch.core.libraries import install_command
from codesearch.core.log import Log
from codesearch.core.redirects import NoRedirects
from codesearch.core.urls import parts_of
from codesearch.mcp.http.access import wrong_token
from codesearch.mcp.http.wire import RefusedError
from codesearch.server.access import asker, is_person

log = Log("codesearch.server")

CLAIM = "email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key. With a shared secret, a client that knows the provider's public keys could sign."""
LEEWAY = 30.0
"""Seconds that the clocks of provider and server may differ."""
KEPT = 3600.0
"""Seconds until the provider's keys are fetched again."""
PAUSE = 30.0
"""Seconds between two fetches, however many tokens name a key that is not known."""
FETCH_SECONDS = 10.0
MOST_BYTES = 1 << 20
"""Of a document that the provider sends."""


class Oidc:
    """Verifies the tokens of one provider. Thread-safe."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        claim: str = CLAIM,
        groups: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Accept tokens from `issuer` for `audience`; `claim` has the name of the one who asks, `groups` the groups.

        Raises UsageError if the issuer is no address, or PyJWT is missing.
        """
        parts = parts_of(issuer)
        here = parts.scheme == "http" and parts.hostname in loopback.NAMES
        if not parts.hostname or not (parts.scheme == "https" or here):
            raise UsageError(f"--oidc-issuer {issuer}: write its address with https://")
        self._issuer, self._audience, self._claim, self._clock = issuer, audience, claim, clock
        self._groups = groups
        self._jwt = _library()
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._due = self._allowed = clock()
        """From when on the keys have to be fetched, and may be fetched for one that is not known."""

    @classmethod
    def of(cls, issuer: str, audience: str, claim: str, groups: str = "") -> Oidc | None:
        """Return the provider that options describe; None if they name none. Raises UsageError."""
        if not issuer and not audience and not groups:
            return None
        if not issuer or not audience:
            raise UsageError("give both --oidc-issuer, and --oidc-audience with the name that it has for this server")
        return cls(issuer, audience, claim, groups)

    def who(self, token: str) -> str | None:
        """Return who asks (`access.asker`); None for a token that no provider makes, which the database may know.

        Raises RefusedError if the token is not valid, or the provider's keys cannot be fetched.
        """
        if token.count(".") != 2:
            return None
        jwt = self._jwt
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", self._claim]},
            )
        except jwt.PyJWTError as error:
            log.info("a token of %s is refused: %s", self._issuer, error)
            raise wrong_token() from error
        return asker(self._name(claims), self._groups_in(claims))

    def _groups_in(self, claims: Mapping[str, Any]) -> list[str]:
        """Return the groups in a token; none if it has no such claim. Raises RefusedError if they are no names."""
        found = claims.get(self._groups, []) if self._groups else []
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            log.info("a token of %s is refused: its %s is not a list of names", self._issuer, self._groups)
            raise wrong_token()
        return listed

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = claims[self._claim]
        if not isinstance(name, str) or not is_person(name):
            log.info("a token of %s is refused: its %s is not a name", self._issuer, self._claim)
            raise wrong_token()
        if self._claim == "email" and claims.get("email_verified") is not True:
            log.info("a token of %s is refused: its email is not verified", self._issuer)
            raise wrong_token()
        return name

    def _key(self, kid: str) -> Any:
        """Return a public key of the provider. Raises RefusedError."""
        with self._lock:
            now = self._clock()
            if now >= self._due or (kid not in self._keys and now >= self._allowed):
                self._refresh(now)
            if not self._keys:
                again = ("Retry-After", f"{PAUSE:.0f}")
                raise RefusedError(503, "the keys of the identity provider cannot be fetched; try again", again)
            if kid not in self._keys:
                raise wrong_token()
            return self._keys[kid]

    def _refresh(self, now: float) -> None:
        """Fetch the keys, or keep those that are known for a while."""
        self._due = self._allowed = now + PAUSE
        try:
            self._keys = self._fetch()
            self._due = now + KEPT
        except (OSError, ValueError, KeyError, TypeError, self._jwt.PyJWTError) as error:
            log.warning("the keys of %s cannot be fetched: %s", self._issuer, error)

    def _fetch(self) -> dict[str, Any]:
        """Return the provider's keys by id."""
        about = _document(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if about["issuer"] != self._issuer:
            raise ValueError(f"it calls itself {about['issuer']!r}")
        where = urlsplit(str(about["jwks_uri"]))
        if where.scheme != urlsplit(self._issuer).scheme:
            raise ValueError(f"its keys are at {about['jwks_uri']!r}")
        keys = self._jwt.PyJWKSet.from_dict(_document(str(about["jwks_uri"]))).keys
        return {str(key.key_id or ""): key for key in keys}


def _document(url: str) -> dict[str, Any]:
    """Return a JSON object. Raises OSError or ValueError."""
    with build_opener(NoRedirects).open(url, timeout=FETCH_SECONDS) as reply:
        content = reply.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{url} sends more than {MOST_BYTES} bytes")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"{url} sends no JSON object")
    return found


def _library() -> ModuleType:
    """Return the module jwt. Raises UsageError if it, or what it needs for signatures, is missing."""
    try:
        import cryptography as cryptography
        import jwt
    except ImportError as error:
        raise UsageError(f"codesearch needs PyJWT for --oidc-issuer: {install_command('pyjwt[crypto]')}") from error
    return jwt
