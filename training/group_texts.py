"""What the cross-encoder and the bi-encoder see of a function: what the product embeds (`transformer.one_line`)."""

from __future__ import annotations

from typing import Any

from codesearch.core.tokens import words
from codesearch.embed.transformer import DOCUMENTATION, SIGNATURE

Row = dict[str, Any]


def head(function: Row) -> str:
    """Return what names a function: its words and those of its containers."""
    return f"{function['words']} {function['scope']}{'.' if function['scope'] else ''}"


def documentation(function: Row) -> str:
    """Return its documentation as written, in one line."""
    return str(function["documentation"][:DOCUMENTATION])


def rest(function: Row) -> str:
    """Return its signature as written, then the words of its body."""
    return f"{function['signature'][:SIGNATURE]} {function['body']}"


def question(text: str) -> str:
    """Return a question as the product hands it to the model."""
    return " ".join(words(text))
