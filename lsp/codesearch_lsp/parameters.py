"""Checks the parameters of codesearch's own requests, with messages for the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codesearch import Pattern
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter
from codesearch.search.query import checked

_FIELDS = {
    "languages": "languages",
    "kinds": "kinds",
    "paths": "paths",
    "names": "names",
    "roles": "roles",
    "notLanguages": "not_languages",
    "notKinds": "not_kinds",
    "notPaths": "not_paths",
    "notNames": "not_names",
    "notRoles": "not_roles",
}
_EXACT = ("regexp", "fixed", "word", "ignoreCase")
MAX_LIMIT = 1000
MAX_SNIPPET = 400
MAX_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """The parameters that all requests for hits have."""

    limit: int
    where: Filter
    root: str | None
    """A URI."""
    snippet: int


def object_of(raw: object) -> dict[str, Any]:
    """Return parameters that must be an object; missing ones are an empty object."""
    if raw is None or raw == []:
        return {}
    if isinstance(raw, dict):
        return raw
    raise UsageError("the parameters must be an object")


def ask(raw: dict[str, Any], limit: int) -> Ask:
    """Read limit, filter, root and snippet; `limit` is the default. Raises UsageError."""
    return Ask(
        _whole(raw, "limit", limit, 1, MAX_LIMIT),
        _filter(raw.get("filter")),
        text(raw, "root", optional=True),
        _whole(raw, "snippet", 0, 0, MAX_SNIPPET),
    )


def exact(raw: dict[str, Any]) -> Pattern | None:
    """Read the pattern that a line of each hit must match; None if there is none. Raises UsageError."""
    given = raw.get("exact")
    return None if given is None else pattern(given)


def pattern(given: object) -> Pattern:
    """Read what lines must match. Raises UsageError."""
    if not isinstance(given, dict):
        raise UsageError("`exact` must be an object")
    if unknown := [name for name in given if name not in _EXACT]:
        raise UsageError(f"`exact` has no `{unknown[0]}`; there are: {', '.join(_EXACT)}")
    wanted = given.get("regexp")
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, str) for one in wanted):
        raise UsageError("`exact.regexp` must be a list of strings")
    found = Pattern(tuple(wanted), flag(given, "fixed"), flag(given, "word"), flag(given, "ignoreCase"), "exact")
    found.compiled()
    return found


def text(raw: dict[str, Any], name: str, *, optional: bool = False) -> str | None:
    """Read a string. Raises UsageError."""
    value = raw.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise UsageError(f"`{name}` must be a string")
    return value


def names(raw: dict[str, Any], name: str) -> list[str]:
    """Read a string or a list of strings; empty if it is missing. Raises UsageError."""
    value = raw.get(name)
    found = [value] if isinstance(value, str) else value or []
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise UsageError(f"`{name}` must be a list of names")
    return found


def flag(raw: dict[str, Any], name: str) -> bool:
    """Read a boolean; false if it is missing. Raises UsageError."""
    value = raw.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise UsageError(f"`{name}` must be true or false")


def place(raw: dict[str, Any]) -> tuple[str, int]:
    """Read (URI, line from 0) of a textDocument and a position. Raises UsageError."""
    document, position = raw.get("textDocument"), raw.get("position")
    uri = document.get("uri") if isinstance(document, dict) else None
    line = position.get("line") if isinstance(position, dict) else None
    if not isinstance(uri, str) or (number := _line(line)) is None:
        raise UsageError("`textDocument.uri` must be a string and `position.line` a whole number from 0")
    return uri, number


def places(raw: dict[str, Any]) -> list[tuple[str, int]]:
    """Read a list of {uri, line}, lines from 0. Raises UsageError."""
    given = raw.get("places")
    if not isinstance(given, list) or len(given) > MAX_PLACES:
        raise UsageError(f"`places` must be a list of at most {MAX_PLACES:,} places")
    found = []
    for one in given:
        line = _line(one.get("line")) if isinstance(one, dict) and isinstance(one.get("uri"), str) else None
        if line is None:
            raise UsageError("each of `places` must have a `uri` and a `line`, a whole number from 0")
        found.append((str(one["uri"]), line))
    return found


def opened(raw: dict[str, Any]) -> tuple[str, str, int, int]:
    """Read (query, URI, line from 0, rank from 1 or 0) of a hit that was opened. Raises UsageError."""
    query, uri = str(text(raw, "query")), str(text(raw, "uri"))
    return query, uri, _whole(raw, "line", 0, 0, (1 << 31) - 1), _whole(raw, "rank", 0, 0, 1 << 20)


def similar_arguments(arguments: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters that a command's arguments mean: `[params]` or `[uri, line, ...]`."""
    if arguments and isinstance(arguments[0], str):
        line = arguments[1] if len(arguments) > 1 else 0
        return {"textDocument": {"uri": arguments[0]}, "position": {"line": line, "character": 0}}
    return object_of(arguments[0] if arguments else None)


def query_arguments(arguments: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters that a command's arguments mean: `[params]`, `[text]` or `[text, limit]`."""
    if arguments and isinstance(arguments[0], str):
        return {"text": arguments[0], **({"limit": arguments[1]} if len(arguments) > 1 else {})}
    return object_of(arguments[0] if arguments else None)


def _is_whole(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _line(value: object) -> int | None:
    """Return the number of a line; None for anything else."""
    if not isinstance(value, (int, float)) or not _is_whole(value) or not 0 <= value < 1 << 31:
        return None
    return int(value)


def _whole(raw: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = raw.get(name)
    if value is None:
        return default
    if not _is_whole(value) or not low <= value <= high:
        raise UsageError(f"`{name}` must be a whole number from {low} to {high}")
    return int(value)


def _filter(raw: object) -> Filter:
    if raw is None or raw == []:
        return Filter()
    if not isinstance(raw, dict):
        raise UsageError("`filter` must be an object")
    values: dict[str, tuple[str, ...]] = {}
    for name, given in raw.items():
        field = _FIELDS.get(name)
        if field is None:
            raise UsageError(f"`filter` has no `{name}`; there are: {', '.join(_FIELDS)}")
        wanted = [given] if isinstance(given, str) else given
        if wanted is None:
            continue
        if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
            raise UsageError(f"`filter.{name}` must be a list of strings")
        plain = field.removeprefix("not_")
        values[field] = tuple(value for one in wanted for value in checked(plain, one, f"filter.{name}: {one}"))
    return Filter.of(values)
