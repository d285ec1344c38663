"""Syntax highlighting in the terminal's own sixteen colours, readable on dark and on light backgrounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from codesearch.languages import lexers

_CODES = (
    ("Comment", "2;3"),
    ("Literal.String.Doc", "2;32"),
    ("Literal.String", "32"),
    ("Literal.Number", "36"),
    ("Keyword.Type", "36"),
    ("Keyword.Constant", "36"),
    ("Keyword", "35"),
    ("Operator.Word", "35"),
    ("Name.Function", "1;34"),
    ("Name.Class", "1;34"),
    ("Name.Decorator", "34"),
    ("Name.Builtin", "36"),
    ("Name.Exception", "36"),
    ("Name.Tag", "34"),
)
"""Token -> SGR codes; the first that contains a token applies. No yellow or bright colours: unreadable on white."""


def lines(source: list[str], language: str, limit: int) -> list[str]:
    """Return the first `limit` lines of a source in colours; unchanged if Pygments does not support the language."""
    lexer = lexers.of(language)
    if lexer is None:
        return source[:limit]
    painted = list(islice(_painted(lexer, "\n".join(source)), limit))
    return painted if len(painted) == min(limit, len(source)) else source[:limit]


def _painted(lexer: Any, text: str) -> Iterator[str]:
    line: list[str] = []
    for token, value in lexer.get_tokens(text):
        code = _code(token)
        first, *rest = value.split("\n")
        line.append(_paint(first, code))
        for part in rest:
            yield "".join(line)
            line = [_paint(part, code)]
    yield "".join(line)


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code and text and not text.isspace() else text


@lru_cache(maxsize=512)
def _code(token: object) -> str:
    name = str(token).removeprefix("Token.")
    for wanted, code in _CODES:
        if name == wanted or name.startswith(wanted + "."):
            return code
    return ""
