"""Addresses of servers that only this machine can reach."""

from __future__ import annotations

from codesearch.core.errors import UsageError

NAMES = ("127.0.0.1", "::1", "localhost")
"""The names of this machine for itself."""


def parse(text: str, option: str) -> tuple[str, int]:
    """Return (host, port) of HOST:PORT or PORT, the value of an option.

    Raises UsageError unless the host is this machine.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or NAMES[0]
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{option} {text}: write HOST:PORT, for example 127.0.0.1:0")
    if host not in NAMES:
        raise UsageError(f"{option} {text}: only this machine may connect: use 127.0.0.1, ::1 or localhost")
    return host, int(port)
