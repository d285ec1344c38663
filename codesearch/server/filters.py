"""Renders a filter over symbols as SQL of PostgreSQL."""

from __future__ import annotations

from typing import Any

from codesearch.core import globs, names
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.core.tokens import name_key
from codesearch.server.database import storable
from codesearch.store import filter_sql

Rendered = tuple[str, list[Any]]


def render(where: Filter) -> Rendered:
    """Return a condition over `symbol s JOIN file f`, and its bindings. The text is never the user's.

    Raises UsageError for what a server cannot check.
    """
    if where.concepts or where.axes:
        raise UsageError("a server knows no concepts: ask a local index for `concept:`")
    if filter_sql.UNUSED in (*where.roles, *where.not_roles):
        raise UsageError("a server cannot check `is:unused`: ask a local index")
    clauses, bindings = filter_sql.clauses_of(where, _POSTGRESQL)
    return " AND ".join(clauses) or "true", bindings


def _matches(column: str, regex: str) -> Rendered:
    return f"{column} ~* %s", [f"^(?:{regex.replace(globs.NEVER, '$.')})$"]


def _path(pattern: str) -> Rendered:
    return _matches("f.path", filter_sql.path_regex(pattern, globs.translate_plainly))


def _name(pattern: str) -> Rendered:
    """Return the condition of a name filter. The name of a symbol means that name if it has signs or wildcards."""
    regex = filter_sql.name_regex(pattern, globs.translate_plainly)
    (first, values), (second, others) = _matches("s.name", regex), _matches("s.qualname", regex)
    matches = f"({first} OR {second})"
    typed = names.split(pattern)
    if typed is not None and (names.signs_of(typed[0]) or names.is_operator(pattern)):
        key, signs = names.identity(typed[0])
        scope = "".join(typed[1])
        same = "(s.name_key = ANY(%s) AND s.signs = %s AND right(s.scope_key, length(%s)) = %s)"
        exact: list[Any] = [list(names.keys(key)), signs, scope, scope]
    elif typed is None and filter_sql.WILDCARD.search(pattern):
        same, exact = "(s.name_key = %s AND s.name = %s)", [name_key(pattern), pattern]
    else:
        return matches, [*values, *others]
    exists = f"EXISTS (SELECT 1 FROM symbol o WHERE {same.replace('s.', 'o.')})"
    return f"CASE WHEN {exists} THEN {same} ELSE {matches} END", [*exact, *exact, *values, *others]


def _stored(clause: filter_sql.Clause) -> filter_sql.Clause:
    return lambda value: clause(storable(value))


_POSTGRESQL = filter_sql.Dialect(
    language=_stored(lambda value: ("f.language IS NOT DISTINCT FROM %s", [value])),
    kind=_stored(lambda value: ("s.kind = %s", [value])),
    path=_stored(_path),
    name=_stored(_name),
    role=_stored(lambda value: ("%s = ANY(string_to_array(f.roles, ' '))", [value])),
)
