"""Markdown for the comment of a pull request."""

from __future__ import annotations

from codesearch.cli.ui.console import clean

MOST_ROWS = 100
"""Rows of a table; GitHub cuts at 65,536 characters."""


def code(text: str) -> str:
    """Return a text as code that cannot end its cell, or become a link, a mention or HTML."""
    plain = " ".join(clean(text).replace("|", "\\|").replace("`", "'").split())
    return f"`{plain}`"
