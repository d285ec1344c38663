"""Go: names on the left of assignments."""

from __future__ import annotations

# Go


def go_name(text: str) -> tuple[str, str]:
    """Split `server.handler` on the left of an assignment."""
    scope, _, name = text.rpartition(".")
    return scope, name
