"""Requests that follow no redirect: it would take what they carry, a token or source code, to another server."""

from __future__ import annotations

from typing import Any
from urllib.request import HTTPRedirectHandler


class NoRedirects(HTTPRedirectHandler):
    """Lets a redirect be an error, as `urllib.request.build_opener` takes it."""

    def redirect_request(self, *_: Any) -> None:
        """Return None: there is no request to follow with."""
