"""One HTTP request with limits: on the time until the whole answer is there, and on the size of the answer.

Only models over an API use this module. Redirects are not followed, since they would take texts and the key elsewhere.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from codesearch.core import loopback
from codesearch.core.redirects import NoRedirects

_CHUNK = 1 << 16
_SHOWN = 200
"""Characters of a service's own message that an error shows."""
_WORTH_RETRYING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class RequestError(Exception):
    """A request that brought no usable answer."""

    def __init__(self, reason: str, status: int = 0, *, retry: bool = False, after: float | None = None) -> None:
        """`reason` is for the user, a clause; `status` is 0 if there was no answer at all."""
        super().__init__(reason)
        self.reason, self.status = reason, status
        self.retry = retry
        """Whether the same request may succeed later."""
        self.after = after
        """Seconds after which the service asks to be tried again."""


@dataclass(slots=True)
class _Outcome:
    done: threading.Event = field(default_factory=threading.Event)
    body: bytes = b""
    error: Exception | None = None


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    return (urlsplit(url).hostname or "") in loopback.NAMES


def post(url: str, value: object, headers: Mapping[str, str], *, seconds: float, most: int) -> Any:
    """Send a value as JSON, and return the JSON of the answer.

    `seconds` is for all of it: the name of the host, the connection, the answer to its last byte. `most` is in bytes.
    Raises RequestError.
    """
    body = json.dumps(value).encode()
    request = urllib.request.Request(url, body, {**headers, "Content-Type": "application/json"}, method="POST")
    outcome = _Outcome()
    end = time.monotonic() + seconds
    # A thread, because neither a name server nor a service that sends one byte at a time respects a socket's time-out.
    threading.Thread(target=_run, args=(request, end, most, outcome), name="codesearch-http", daemon=True).start()
    if not outcome.done.wait(seconds) or isinstance(outcome.error, TimeoutError):
        raise RequestError(f"no complete answer within {seconds:.3g} s", retry=True)
    if outcome.error is not None:
        raise outcome.error
    try:
        return json.loads(outcome.body)
    except (ValueError, RecursionError):
        raise RequestError("the answer is not JSON", status=200) from None


def _run(request: urllib.request.Request, end: float, most: int, outcome: _Outcome) -> None:
    try:
        outcome.body = _answer(request, end, most)
    except (RequestError, TimeoutError) as error:
        outcome.error = error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            outcome.error = reason
            return
        outcome.error = RequestError(f"cannot be reached: {_one_line(str(reason) or type(error).__name__)}", retry=True)
    finally:
        outcome.done.set()


def _answer(request: urllib.request.Request, end: float, most: int) -> bytes:
    proxies = urllib.request.ProxyHandler({} if is_loopback(request.full_url) else None)
    opener = urllib.request.build_opener(proxies, NoRedirects)
    try:
        with opener.open(request, timeout=max(0.001, end - time.monotonic())) as response:
            return _read(response, end, most)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error, _read(error, end, _CHUNK, cut=True)) from None


def _read(response: Any, end: float, most: int, *, cut: bool = False) -> bytes:
    found = bytearray()
    while len(found) <= most and (part := response.read1(_CHUNK)):
        found += part
        if time.monotonic() > end:
            raise TimeoutError
    if len(found) > most and not cut:
        raise RequestError(f"the answer is longer than {most:,} bytes", status=200)
    return bytes(found)


def _refused(error: urllib.error.HTTPError, body: bytes) -> RequestError:
    """Return the error for a status that is not a success."""
    said = f"HTTP {error.code} {_message_in(body) or error.reason or ''}".strip()
    if 300 <= error.code < 400:
        return RequestError(f"HTTP {error.code}: it redirects, and redirects are not followed", error.code)
    after = _after(error.headers.get("Retry-After"))
    return RequestError(said, error.code, retry=error.code in _WORTH_RETRYING, after=after)


def _message_in(body: bytes) -> str:
    """Return the message in the body of an error: OpenAI's `{"error": {"message": ...}}`, or the text itself."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
        return "" if "<" in text else _one_line(text)
    if isinstance(found, dict):
        found = found.get("error", found.get("message", found.get("detail", "")))
    if isinstance(found, dict):
        found = found.get("message", "")
    return _one_line(found) if isinstance(found, str) else ""


def _one_line(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_SHOWN]


def _after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as a number or a date; None without a usable one."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None  # not for NaN
