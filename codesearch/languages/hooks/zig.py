"""Zig: quoted names."""

from __future__ import annotations

# Zig


def zig_name(text: str) -> tuple[str, str]:
    """Unquote `@"a name"`."""
    return "", text[2:-1] if text.startswith('@"') else text
