"""Loads grammars and compiles queries, each when first needed."""

from __future__ import annotations

import importlib
import warnings
from bisect import bisect_left
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


def grammar_of(name: str) -> tree_sitter.Language:
    """Return the grammar of a language. Raises as `load`."""
    from tree_sitter import Language

    entry = languages.get(name)
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        raise GrammarError(name, entry.module) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some wheels give an address instead of a capsule
        return Language(getattr(module, entry.function)())


def _texts(name: str) -> tuple[str, str]:
    """Return the text of the queries for the definitions and for the references of a language."""
    entry = languages.get(name)
    folder = files("codesearch.languages") / "queries"
    definitions = [folder / f"{query}.scm" for query in entry.queries or (name,)]
    references = [folder / "references" / f"{query}.scm" for query in entry.references]
    first, second = ("\n".join(one.read_text("utf-8") for one in some) for some in (definitions, references))
    return first, second


@cache
def load(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query]:
    """Return the grammar and the compiled query of a language.

    Raises NotFoundError if the language is unknown, GrammarError if the package of its grammar is not installed.
    """
    from tree_sitter import Query

    grammar = grammar_of(name)
    return grammar, Query(grammar, _texts(name)[0])


@cache
def load_with_references(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query, int]:
    """Return a grammar, the query for definitions and references together, and how many patterns are definitions'.

    One pass for both, because walking the tree costs more than matching, and one query, because compiling one takes up
    to 0.1 s. Raises as `load`.
    """
    from tree_sitter import Query

    definitions, references = _texts(name)
    if not references:
        grammar, query = load(name)
        return grammar, query, query.pattern_count
    grammar = grammar_of(name)
    query = Query(grammar, f"{definitions}\n{references}")
    end = len(definitions.encode())
    first = bisect_left(range(query.pattern_count), end, key=query.start_byte_for_pattern)
    return grammar, query, first


@cache
def load_details(name: str) -> tree_sitter.Query | None:
    """Return the compiled query for the details of a language, `queries/details/`; None if it has none."""
    from tree_sitter import Query

    entry = languages.get(name)
    folder = files("codesearch.languages") / "queries" / "details"
    texts = [folder / f"{query}.scm" for query in _DETAILS.get(name, entry.queries or (name,))]
    text = "\n".join(file.read_text("utf-8") for file in texts if file.is_file())
    return Query(grammar_of(name), text) if text else None
