"""Loads grammars and compiles queries, each when first needed."""

from __future__ import annotations

import importlib
import warnings
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

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


def _text(folder: str, queries: Iterable[str]) -> str:
    """Return the text of some query files, as one."""
    found = files("codesearch.languages") / "queries" / folder
    return "\n".join((found / f"{query}.scm").read_text("utf-8") for query in queries)


def _definitions(name: str) -> str:
    return _text("", languages.get(name).queries or (name,))


def _references(name: str) -> str:
    return _text("references", languages.get(name).references)


def _details(name: str) -> str:
    """Return the text of the query for details; "" if the language has none."""
    folder = files("codesearch.languages") / "queries" / "details"
    named = _DETAILS.get(name, languages.get(name).queries or (name,))
    return _text("details", [query for query in named if (folder / f"{query}.scm").is_file()])


@cache
def load(name: str) -> tuple[tree_sitter.Language, tree_sitter.Query]:
    """Return the grammar and the compiled query of a language.

    Raises NotFoundError if the language is unknown, GrammarError if the package of its grammar is not installed.
    """
    from tree_sitter import Query

    grammar = grammar_of(name)
    return grammar, Query(grammar, _definitions(name))


class Whole(NamedTuple):
    """The query for all that a file is read for: patterns for definitions, then for references, then for details."""

    grammar: tree_sitter.Language
    query: tree_sitter.Query
    references: int
    """The number of the first pattern for references."""
    details: int
    """The number of the first pattern for details."""


@cache
def load_whole(name: str) -> Whole:
    """Return the compiled query for definitions, references and details of a language.

    One pass for all, because walking the tree costs more than matching. Raises as `load`.
    """
    from tree_sitter import Query

    grammar = grammar_of(name)
    texts = [f"{text}\n" for text in (_definitions(name), _references(name), _details(name))]
    query = Query(grammar, "".join(texts))
    ends = accumulate(len(text.encode()) for text in texts)
    starts = [bisect_left(range(query.pattern_count), end, key=query.start_byte_for_pattern) for end in ends]
    return Whole(grammar, query, starts[0], starts[1])


@cache
def load_details(name: str) -> tree_sitter.Query | None:
    """Return the compiled query for the details of a language, `queries/details/`; None if it has none."""
    from tree_sitter import Query

    text = _details(name)
    return Query(grammar_of(name), text) if text else None
