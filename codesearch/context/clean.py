"""Text of a repository as it may be shown: nothing in it moves a cursor, hides letters or ends a code block."""

from __future__ import annotations

import re

from codesearch.core.visible import visible

_FENCE = re.compile(r"`{3,}")


def clean(text: str) -> str:
    """Return a text whose control and invisible characters are escapes, except tabs and line feeds."""
    return visible(text, keep="\n\t")


def one_line(text: str) -> str:
    """Return a cleaned text without line breaks and tabs, for a path or a name."""
    return visible(text)


def fence(text: str) -> str:
    """Return a fence for a code block that the text cannot end."""
    return "`" * max(3, 1 + max((len(run) for run in _FENCE.findall(text)), default=0))
