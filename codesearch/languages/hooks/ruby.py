"""Ruby: names."""

from __future__ import annotations

import re

# Ruby


def ruby_name(text: str) -> tuple[str, str]:
    """Split `A::B`; the colon of a symbol goes."""
    if "::" in text and re.fullmatch(r"[\w:]+", text):
        scope, _, name = text.rpartition("::")
        return scope, name
    return "", text.lstrip(":")
