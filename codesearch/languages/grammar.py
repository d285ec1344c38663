"""Loads grammars and compiles queries, each when first needed."""

from __future__ import annotations

import importlib
import warnings
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from codesearch import languages
from codesearch.core.errors import NotFoundError

if TYPE_CHECKING:
    import tree_sitter


_DETAILS = {"cpp": ("c", "cpp")}
"""The queries for details of the languages in which they are not named as the other queries."""


class GrammarError(NotFoundError):
    """The grammar of a language is not installed; `module` is what could not be imported."""

    def __init__(self, language: str, module: str) -> None:
        package = module.replace("_", "-")
        super().__init__(f"the package {package}, the grammar of {language}, is not installed")


@cache
def load(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query]:
    """Return the grammar and the compiled query of a language.

    Raises NotFoundError if the language is unknown, GrammarError if the package of its grammar is not installed.
    """
    from tree_sitter import Language, Query

    entry = languages.get(name)
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        raise GrammarError(name, entry.module) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some wheels give an address instead of a capsule
        language = Language(getattr(module, entry.function)())
    folder = files("codesearch.languages") / "queries"
    text = "\n".join((folder / f"{query}.scm").read_text("utf-8") for query in entry.queries or (name,))
    return language, Query(language, text)


@cache
def load_with_references(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query, int]:
    """Return a grammar, the query for definitions and references together, and how many patterns are definitions'.

    One pass for both, because walking the tree costs more than matching. Raises as `load`.
    """
    from tree_sitter import Query

    language, definitions = load(name)
    entry = languages.get(name)
    if not entry.references:
        return language, definitions, definitions.pattern_count
    folder = files("codesearch.languages") / "queries"
    paths = [folder / f"{query}.scm" for query in entry.queries or (name,)]
    paths += [folder / "references" / f"{query}.scm" for query in entry.references]
    return language, Query(language, "\n".join(path.read_text("utf-8") for path in paths)), definitions.pattern_count


@cache
def load_details(name: str) -> tree_sitter.Query | None:
    """Return the compiled query for the details of a language, `queries/details/`; None if it has none."""
    from tree_sitter import Query

    entry = languages.get(name)
    folder = files("codesearch.languages") / "queries" / "details"
    texts = [folder / f"{query}.scm" for query in _DETAILS.get(name, entry.queries or (name,))]
    text = "\n".join(file.read_text("utf-8") for file in texts if file.is_file())
    return Query(load(name)[0], text) if text else None
