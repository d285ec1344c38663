"""PHP: names of closures."""

from __future__ import annotations

import re

# PHP


def php_name(text: str) -> tuple[str, str]:
    """Name what a closure is assigned to: `$this->handler` is handler."""
    if text.isidentifier():
        return "", text
    words = re.findall(r"\w+", text)
    return "", words[-1] if words else text
