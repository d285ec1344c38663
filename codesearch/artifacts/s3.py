"""S3-compatible stores: requests signed with AWS Signature Version 4, by the standard library."""

from __future__ import annotations

import hmac
import os
import urllib.parse
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from typing import NamedTuple

from codesearch.artifacts.places import Web
from codesearch.core.errors import UsageError
from codesearch.core.urls import parts_of

_EMPTY = sha256(b"").hexdigest()


class Credentials(NamedTuple):
    """Who asks, from the usual environment variables."""

    key: str
    secret: str
    token: str
    region: str


def bucket(url: str) -> S3:
    """Return the store that `s3://BUCKET/PREFIX` names. Raises UsageError without credentials."""
    parts = parts_of(url)
    if not parts.netloc:
        raise UsageError(f"{url}: write s3://BUCKET/PREFIX")
    get = os.environ.get
    missing = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not get(name)]
    if missing:
        raise UsageError(f"{url}: set {' and '.join(missing)}, as for other tools that use S3")
    who = Credentials(
        get("AWS_ACCESS_KEY_ID", ""),
        get("AWS_SECRET_ACCESS_KEY", ""),
        get("AWS_SESSION_TOKEN", ""),
        get("AWS_REGION") or get("AWS_DEFAULT_REGION") or "us-east-1",
    )
    endpoint = get("AWS_ENDPOINT_URL_S3") or get("AWS_ENDPOINT_URL")
    if endpoint:
        base = f"{endpoint.rstrip('/')}/{parts.netloc}"
    else:
        base = f"https://{parts.netloc}.s3.{who.region}.amazonaws.com"
    return S3(f"{base}{parts.path}", who)


class S3(Web):
    """A bucket, or a folder in one."""

    def __init__(self, url: str, who: Credentials) -> None:
        super().__init__(url)
        self._who = who

    def headers(self, method: str, url: str, body_hash: str) -> Mapping[str, str]:
        """Return the signature of a request."""
        return signature(self._who, method, url, body_hash or _EMPTY, datetime.now(timezone.utc))


def signature(
    who: Credentials, method: str, url: str, body_hash: str, at: datetime, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the headers that sign a request: method, URL, body and time. `more` are further headers to sign."""
    parts = urllib.parse.urlsplit(url)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    headers = {"host": parts.netloc, "x-amz-content-sha256": body_hash, "x-amz-date": stamp}
    if who.token:
        headers["x-amz-security-token"] = who.token
    signed = {**headers, **{name.lower(): value for name, value in (more or {}).items()}}
    names = ";".join(sorted(signed))
    # The path of an object is encoded once, and signed as it is sent.
    request = "\n".join(
        (
            method,
            parts.path or "/",
            "&".join(sorted(parts.query.split("&"))) if parts.query else "",
            *(f"{name}:{signed[name].strip()}" for name in sorted(signed)),
            "",
            names,
            body_hash,
        )
    )
    scope = f"{day}/{who.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, sha256(request.encode()).hexdigest()))
    key = f"AWS4{who.secret}".encode()
    for part in (day, who.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    made = hmac.digest(key, text.encode(), "sha256").hex()
    del headers["host"]
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={who.key}/{scope},SignedHeaders={names},Signature={made}"
    return headers
