"""Loads grammars and compiles queries, each when first needed."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from codesearch.errors import NotFoundError
from codesearch.languages import get

if TYPE_CHECKING:
    import tree_sitter


@cache
def load(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query]:
    """Return the grammar and the compiled query of a language.

    Raises NotFoundError if the language is unknown or the wheel of its grammar is not installed.
    """
    from tree_sitter import Language, Query

    entry = get(name)
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        wheel = entry.module.replace("_", "-")
        raise NotFoundError(f"the grammar for {name} is missing: install {wheel} (pip install {wheel})") from error
    language = Language(getattr(module, entry.function)())
    text = (files("codesearch.languages") / "queries" / f"{entry.query or name}.scm").read_text("utf-8")
    return language, Query(language, text)
