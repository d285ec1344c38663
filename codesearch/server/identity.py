"""Who asks, if others vouch for it: a proxy that people sign in to, an identity provider; and how often they may."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codesearch.core.errors import UsageError
from codesearch.mcp.http.access import bearer
from codesearch.mcp.http.wire import Head, RefusedError
from codesearch.server.access import asker, is_person
from codesearch.server.oidc import Oidc

RATE = 20.0
"""Questions per second that one user may ask for long; a page asks up to 15 while its user types quickly."""
BURST = 60
"""Questions that a user who was quiet may ask at once."""
MOST_BUCKETS = 10_000
_OTHERS = ("authorization", "cookie", "host", "origin")
"""Headers that say something else."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy in front of the server that says in a header who asks."""

    header: str
    """In lower case."""
    networks: tuple[Network, ...]
    """Where it connects from; the header of others means nothing."""
    groups: str = ""
    """The header with the groups of the one who asks, between commas; "" for none."""

    @classmethod
    def of(cls, header: str, addresses: Sequence[str], groups: str = "") -> Proxy | None:
        """Return the proxy that options describe; None if they name none. Raises UsageError."""
        if not header and not addresses and not groups:
            return None
        if not header or not addresses:
            raise UsageError("give both --proxy-header, and --proxy with the address of the proxy that sends it")
        for option, name in (("--proxy-header", header), ("--proxy-groups", groups)):
            if name.lower() in _OTHERS or not (name.replace("-", "").isalnum() or (name == groups == "")):
                raise UsageError(f"{option} {name}: this header cannot say who asks")
        return cls(header.lower(), tuple(map(_network, addresses)), groups.lower())

    def who(self, head: Head) -> str | None:
        """Return who asks by the headers of the proxy; None if the request is not from it, or has no such header.

        Raises RefusedError if the header is sent twice, is no name, or a page may have sent a form with it.
        """
        if not self._sends(head.peer):
            return None
        name = head.header(self.header)
        if not name:
            return None
        if not is_person(name):
            raise RefusedError(400, f"the header {self.header} is not a name")
        kind = (head.header("content-type") or "").partition(";")[0].strip().lower()
        if head.method == "POST" and kind != "application/json":  # what a form of another site could send
            raise RefusedError(415, "send Content-Type: application/json")
        listed = (head.header(self.groups) or "") if self.groups else ""
        return asker(name, (one.strip() for one in listed.split(",")))

    def _sends(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self.networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"--proxy {text}: write an address or a network, for example 10.0.0.7 or 10.0.0.0/24"
        ) from error


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who asks, as others vouch for it: a proxy in its header, or an identity provider in a signed token."""

    proxy: Proxy | None = None
    provider: Oidc | None = None

    def proxied(self, head: Head) -> str | None:
        """Return who asks by the headers of the proxy; None if it sends none. Raises as `Proxy.who`."""
        return self.proxy.who(head) if self.proxy is not None else None

    def who(self, head: Head) -> str | None:
        """Return the one who asks (`access.asker`); None if the database has to know the token.

        Raises RefusedError as `Proxy.who` and `Oidc.who` do, and if there is neither such a header nor a token.
        """
        name = self.proxied(head)
        if name is None and self.provider is not None:
            return self.provider.who(bearer(head))
        return name


class Limits:
    """A bucket of tokens per user: it fills at a steady rate, and each question takes one. Thread-safe."""

    def __init__(self, rate: float = RATE, burst: int = BURST, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow everything if `rate` is 0."""
        self._rate, self._burst, self._clock = rate, burst, clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        """Name -> (tokens, when they were counted), the one that asked last at the end."""

    def take(self, who: str) -> None:
        """Take a token of a user. Raises RefusedError if there is none."""
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            left, then = self._buckets.pop(who, (float(self._burst), now))
            left = min(self._burst, left + (now - then) * self._rate)
            self._buckets[who] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > MOST_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
        if left < 1:
            seconds = math.ceil((1 - left) / self._rate)
            raise RefusedError(429, "too many questions at once; try again soon", ("Retry-After", str(seconds)))
