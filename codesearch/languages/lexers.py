"""Pygments' lexers of languages, for the colours of source."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def of(language: str) -> Any:
    """Return the lexer of a language; None if Pygments does not support it."""
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    from codesearch import languages
    from codesearch.core.errors import NotFoundError

    try:
        name = languages.get(language).lexer or language
    except NotFoundError:  # a language of a later version
        return None
    options = {"startinline": True} if language == "php" else {}
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False, **options)
    except ClassNotFound:
        return None
