"""Renders a filter over symbols as SQL of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codesearch.core import globs, names
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.core.tokens import name_key
from codesearch.server.database import storable
from codesearch.store import filter_sql

Rendered = tuple[str, list[Any]]


def render(where: Filter, is_name: Callable[[str], bool]) -> Rendered:
    """Return a condition over `symbol s JOIN file f`, and its bindings. The text is never the user's.

    `is_name` says which of `names_of` a symbol has. Raises UsageError for what a server cannot check.
    """
    if where.concepts or where.axes:
        raise UsageError("a server knows no concepts: ask a local index for `concept:`")
    if filter_sql.UNUSED in (*where.roles, *where.not_roles):
        raise UsageError("a server cannot check `is:unused`: ask a local index")

    def name(pattern: str) -> Rendered:
        meant = _meant(pattern)
        return meant if meant is not None and is_name(pattern) else _matching(pattern)

    clauses, bindings = filter_sql.clauses_of(where, _POSTGRESQL._replace(name=_stored(name)))
    return " AND ".join(clauses) or "true", bindings


def names_of(where: Filter) -> dict[str, Rendered]:
    """Return the patterns of a filter that mean a symbol if it has that name, each with the condition of having it."""
    patterns = [storable(one) for one in (*where.names, *where.not_names)]
    return {one: meant for one in patterns if (meant := _meant(one)) is not None}


def _matches(column: str, regex: str) -> Rendered:
    return f"{column} ~* %s", [f"^(?:{regex.replace(globs.NEVER, '$.')})$"]


def _path(pattern: str) -> Rendered:
    return _matches("f.path", filter_sql.path_regex(pattern, globs.translate_plainly))


def _matching(pattern: str) -> Rendered:
    regex = filter_sql.name_regex(pattern, globs.translate_plainly)
    (first, values), (second, others) = _matches("s.name", regex), _matches("s.qualname", regex)
    return f"({first} OR {second})", [*values, *others]


def _meant(pattern: str) -> Rendered | None:
    """Return the condition of having a name that has signs or wildcards; None for a pattern that is no such name."""
    typed = names.split(pattern)
    if typed is not None and (names.signs_of(typed[0]) or names.is_operator(pattern)):
        key, signs = names.identity(typed[0])
        scope = "".join(typed[1])
        same = "(s.name_key = ANY(%s) AND s.signs = %s AND right(s.scope_key, length(%s)) = %s)"
        return same, [list(names.keys(key)), signs, scope, scope]
    if typed is None and filter_sql.WILDCARD.search(pattern):
        return "(s.name_key = %s AND s.name = %s)", [name_key(pattern), pattern]
    return None


def _stored(clause: filter_sql.Clause) -> filter_sql.Clause:
    return lambda value: clause(storable(value))


_POSTGRESQL = filter_sql.Dialect(
    language=_stored(lambda value: ("f.language IS NOT DISTINCT FROM %s", [value])),
    kind=_stored(lambda value: ("s.kind = %s", [value])),
    path=_stored(_path),
    name=_stored(_matching),
    role=_stored(lambda value: (filter_sql.with_kind(value, "%s = ANY(string_to_array(f.roles, ' '))"), [value])),
)
