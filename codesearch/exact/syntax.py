"""Patterns of syntax: tree-sitter queries, compiled for languages and explained where they are wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from codesearch import languages
from codesearch.core.errors import UsageError
from codesearch.languages.grammar import grammar_of

if TYPE_CHECKING:
    import tree_sitter

WHOLE = "match"
"""The capture of the whole node, in a pattern that has none."""
_ERROR = re.compile(r"Invalid (?P<what>[\w ]+?) at row (?P<row>\d+), column (?P<column>\d+)(?:: (?P<name>.*))?", re.S)
_IMPOSSIBLE = re.compile(r"Impossible pattern at row (?P<row>\d+), column (?P<column>\d+)")
_PREDICATE_ERROR = re.compile(r"Invalid predicate in pattern at row (?P<row>\d+): (?P<why>.*)", re.S)
_NOT_PREDICATE = re.compile(r'"(?:[^"\\]|\\.)*"|;[^\n]*')
_PREDICATE = re.compile(r"#([\w.-]+[?!]?)")
_KNOWN = frozenset(
    {
        *("eq?", "not-eq?", "any-eq?", "any-not-eq?", "match?", "not-match?", "any-match?", "any-not-match?"),
        *("any-of?", "not-any-of?", "set!"),
    }
)
_WORDS = {"node type": "node", "field name": "field"}


@dataclass(frozen=True, slots=True)
class SyntaxPattern:
    """A tree-sitter query."""

    text: str


def compiled(pattern: SyntaxPattern, language: str) -> tree_sitter.Query:
    """Return a pattern compiled for a language; one without captures captures its whole node.

    Raises UsageError that says where a pattern is wrong, NotFoundError if the grammar is not installed.
    """
    return _compiled(pattern.text, language)


@lru_cache(maxsize=64)
def _compiled(text: str, language: str) -> tree_sitter.Query:
    from tree_sitter import Query, QueryError

    grammar = grammar_of(language)
    _check_predicates(text)
    try:
        query: tree_sitter.Query = Query(grammar, text)
        if not query.pattern_count:
            raise UsageError("the pattern is empty; for example: (function_definition name: (identifier) @name)")
        if not query.capture_count:
            query = Query(grammar, _with_captures(text, query))
        return query
    except QueryError as error:
        raise UsageError(_explained(text, str(error), grammar, languages.get(language).display)) from None


def _with_captures(text: str, query: tree_sitter.Query) -> str:
    """Return a query whose patterns capture their nodes."""
    source = text.encode()
    for number in reversed(range(query.pattern_count)):
        first, last = query.start_byte_for_pattern(number), query.end_byte_for_pattern(number)
        end = first + len(_NOT_PREDICATE.sub(_blank, source[first:last].decode()).rstrip().encode())
        source = source[:end] + f" @{WHOLE}".encode() + source[end:]
    return source.decode()


def _blank(found: re.Match[str]) -> str:
    """Return a comment as blanks, and a text as it is."""
    return found[0] if found[0].startswith('"') else " " * len(found[0].encode())


def _check_predicates(text: str) -> None:
    """Raise UsageError for predicates that would be ignored."""
    for found in _PREDICATE.finditer(_NOT_PREDICATE.sub(lambda one: " " * len(one[0]), text)):
        if found[1] not in _KNOWN:
            before = text[: found.start()]
            place = _place(text, before.count("\n"), len(before.rpartition("\n")[2].encode()))
            raise UsageError(
                f"{place}: there is no predicate #{found[1]}; there are #{', #'.join(sorted(_KNOWN - {'set!'}))}"
            )


def _place(text: str, row: int, column: int) -> str:
    """Return a position, from 0, as people count, with what is there."""
    lines = text.split("\n")
    rest = lines[row].encode()[column:].decode("utf-8", "replace").strip() if row < len(lines) else ""
    near = f" (at `{rest[:30]}{'…' if len(rest) > 30 else ''}`)" if rest else ""
    return f"the pattern, line {row + 1}, column {column + 1}{near}"


def _explained(text: str, message: str, grammar: tree_sitter.Language, display: str) -> str:
    if "EOF" in message:
        return "the pattern ends too early: a closing parenthesis, bracket or quotation mark is missing"
    if found := _IMPOSSIBLE.search(message):
        place = _place(text, int(found["row"]), int(found["column"]))
        return f"{place}: the grammar of {display} has no such node inside this one"
    if found := _PREDICATE_ERROR.search(message):
        return f"the pattern that begins in line {int(found['row']) + 1}: {found['why']}"
    if (found := _ERROR.search(message)) is None:
        return f"the pattern cannot be understood: {message}"
    place = _place(text, int(found["row"]), int(found["column"]))
    name = found["name"] or ""
    if found["what"] == "capture name":
        return f"{place}: nothing is captured as @{name}"
    if found["what"] not in _WORDS:
        return f"{place}: this is no syntax of a query; patterns are written as (node field: (node) @name)"
    word = _WORDS[found["what"]]
    known = _nodes(grammar) if word == "node" else _fields(grammar)
    near = difflib.get_close_matches(name, known, 2, 0.7)
    meant = f"; did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
    return f"{place}: {display} has no {word} `{name}`{meant}"


def _nodes(grammar: tree_sitter.Language) -> list[str]:
    kinds = (grammar.node_kind_for_id(number) for number in range(grammar.node_kind_count))
    return [one for one in dict.fromkeys(kinds) if one]


def _fields(grammar: tree_sitter.Language) -> list[str]:
    names = (grammar.field_name_for_id(number) for number in range(1, grammar.field_count + 1))
    return [one for one in names if one]


def usable(pattern: SyntaxPattern, among: Iterable[str]) -> tuple[list[str], str]:
    """Return the languages for which a pattern is valid, and why it is not for the others.

    Raises UsageError if it is valid for none of them, or none has a grammar, NotFoundError if no grammar is installed.
    """
    parsed = [one for one in dict.fromkeys(among) if languages.get(one).module]
    if not parsed:
        said = ", ".join(languages.get(one).display for one in among)
        raise UsageError(f"{said}: read without a grammar, so there is no syntax to match; `codesearch query -e` "
                         "searches its lines")  # fmt: skip
    found: list[str] = []
    problems: dict[str, UsageError] = {}
    for one in parsed:
        if (problem := _problem(pattern, one)) is None:
            found.append(one)
        else:
            problems[one] = problem
    if not found:
        raise next(iter(problems.values()))
    return found, "; ".join(f"not searched in {languages.get(one).display}: {error}" for one, error in problems.items())


def _problem(pattern: SyntaxPattern, language: str) -> UsageError | None:
    try:
        compiled(pattern, language)
    except UsageError as error:
        return error
    return None
