"""Asks a server over HTTP, with the standard library alone."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib import error, request

from codesearch._version import __version__
from codesearch.core import loopback
from codesearch.core.errors import CodesearchError, UsageError
from codesearch.core.redirects import NoRedirects
from codesearch.core.urls import parts_of

VARIABLE = "CODESEARCH_TOKEN"
"""The environment variable with the token."""
SECONDS = 30.0
PUSH_SECONDS = 600.0
"""Seconds that a server may take to answer."""
MOST_ANSWER = 64 << 20
OF_A_PROXY = "; the proxy before the server must accept 16 MB at once (in nginx: client_max_body_size 16m)"
_PACKED = 2000
"""Longer bodies are compressed."""


class UnreachableError(CodesearchError):
    """A server cannot be reached, or cannot answer now."""


class MissingError(UsageError):
    """A server does not have what was asked for."""


class Server:
    """A server, as one client sees it."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Take the token from VARIABLE unless it is given. Raises UsageError if there is none, or the URL is wrong."""
        parts = parts_of(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(f"{url}: not the address of a server; write https://HOST")
        if parts.username or parts.password:
            raise UsageError(f"put no password into the address of the server; set {VARIABLE} to a token")
        given = os.environ.get(VARIABLE, "") if token is None else token
        if not given.strip() or not given.strip().isascii():
            raise UsageError(f"set {VARIABLE} to your token for {url}; `codesearch access add` on the server makes one")
        self.url = url.rstrip("/")
        is_open = parts.scheme == "http" and parts.hostname not in loopback.NAMES
        self.warning = f"the token for {url} is not encrypted on its way; use https" if is_open else ""
        """What to say before others on the network can read the token; "" if they cannot."""
        self._token = given.strip()
        self._opener = request.build_opener(NoRedirects)

    def post(self, path: str, value: Mapping[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        """Return the answer to a JSON object. Raises UnreachableError, and UsageError if the server refuses it."""
        body = json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        if len(body) > _PACKED:
            body = zlib.compress(body, 1)
            headers["Content-Encoding"] = "deflate"
        return self._sent(request.Request(self.url + path, body, headers, method="POST"), seconds)

    def get(self, path: str) -> dict[str, Any]:
        """Return what is at a path. Raises as `post`."""
        return self._sent(request.Request(self.url + path), SECONDS)

    def fetch(self, path: str, value: Mapping[str, Any], seconds: float = SECONDS) -> bytes:
        """Return the bytes that answer a JSON object. Raises as `post`, and MissingError if they are not there."""
        headers = {"Content-Type": "application/json"}
        return self._read(request.Request(self.url + path, json.dumps(value).encode(), headers, method="POST"), seconds)

    def _sent(self, asked: request.Request, seconds: float) -> dict[str, Any]:
        try:
            found = json.loads(self._read(asked, seconds))
        except ValueError as failed:
            raise UnreachableError(
                f"{self.url} did not answer as a server of codesearch: {_reason(failed)}"
            ) from failed
        if not isinstance(found, dict):
            raise UnreachableError(f"{self.url} did not answer as a server of codesearch")
        return found

    def _read(self, asked: request.Request, seconds: float) -> bytes:
        asked.add_header("Authorization", f"Bearer {self._token}")
        asked.add_header("User-Agent", f"codesearch/{__version__}")
        try:
            with self._opener.open(asked, timeout=seconds) as reply:
                return bytes(reply.read(MOST_ANSWER + 1))
        except error.HTTPError as refused:
            with refused:
                raise self._refused(refused) from refused
        except error.URLError as failed:
            raise UnreachableError(f"{self.url} cannot be reached: {_reason(failed.reason)}") from failed
        except (OSError, ValueError, HTTPException) as failed:  # cut off, or too slow
            raise UnreachableError(
                f"{self.url} did not answer as a server of codesearch: {_reason(failed)}"
            ) from failed

    def _refused(self, refused: error.HTTPError) -> CodesearchError:
        said = refused.read(2000).decode("utf-8", "replace").strip().partition("\n")[0]
        if said.startswith("<"):  # the page of a proxy before the server
            said = f"{refused.reason}{OF_A_PROXY if refused.code == 413 else ''}"
        text = "".join(char for char in said if char.isprintable()) or str(refused.reason)
        if refused.code in (500, 502, 503, 504):
            return UnreachableError(f"{self.url} cannot answer now: {text}")
        kind = MissingError if refused.code == 404 else UsageError
        return kind(f"{self.url} refused ({refused.code}): {text}")


def _reason(failed: object) -> str:
    if isinstance(failed, TimeoutError):
        return "it took too long"
    return str(getattr(failed, "strerror", None) or failed)
