"""Takes apart URLs that people type."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult:
    """Return the parts of a URL; all are empty if it is none, such as `http://[` or one with the port 99999."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- raises if it is no number from 0 to 65535
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts
