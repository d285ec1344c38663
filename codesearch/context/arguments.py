"""Checks the arguments of a tool against its definition, with messages from which a model can correct its call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codesearch.context.definitions import TOOLS
from codesearch.core.errors import UsageError
from codesearch.core.filter import Filter

MOST_TEXT = 20_000
"""Maximum number of characters of an argument; of a longer question or piece of code, the beginning is used."""
_MAY_BE_LONG = ("question", "code")

_FIELDS = {"path": "paths", "language": "languages", "kind": "kinds", "role": "roles"}
_SCHEMAS = {tool["name"]: tool["inputSchema"] for tool in TOOLS}


def checked(tool: str, given: object) -> dict[str, Any]:
    """Return the arguments with defaults. Raises UsageError for a wrong argument, KeyError for an unknown tool."""
    schema = _SCHEMAS[tool]
    properties: dict[str, Any] = schema["properties"]
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise UsageError(f"{tool}: the arguments must be an object")
    if unknown := [str(name) for name in given if name not in properties]:
        raise UsageError(f"{tool} has no parameter {', '.join(unknown)}; it has: {', '.join(properties)}")
    values = {name: rule["default"] for name, rule in properties.items() if "default" in rule}
    for name, value in given.items():
        if value is not None:
            values[name] = _value(name, value, properties[name])
    for name in schema["required"]:
        if not values.get(name):
            raise UsageError(f"{tool} needs {name}: {properties[name]['description']}")
    return values


def is_exact_alone(values: Mapping[str, Any]) -> bool:
    """Return whether a search has an exact text and no question. Raises UsageError if it has neither."""
    if values.get("question"):
        return False
    if values.get("exact"):
        return True
    properties = _SCHEMAS["search_code"]["properties"]
    raise UsageError(
        f"search_code needs question: {properties['question']['description']}; or exact: "
        f"{properties['exact']['description']}"
    )


def _value(name: str, value: object, rule: Mapping[str, Any]) -> object:
    kind = rule["type"]
    if kind == "string":
        return _text(name, value, rule)
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        raise UsageError(f"{name} must be true or false")
    if kind == "integer":
        return _whole(name, value, rule)
    return _strings(name, value, rule)


def _strings(name: str, value: object, rule: Mapping[str, Any]) -> list[str]:
    if isinstance(value, str):  # one value instead of a list of one
        value = _listed(value)
    if not isinstance(value, list) or not all(isinstance(one, str) and len(one) <= MOST_TEXT for one in value):
        raise UsageError(f"{name} must be a list of strings")
    if (allowed := rule["items"].get("enum")) and (wrong := [one for one in value if one not in allowed]):
        raise UsageError(f"{name} may hold {', '.join(allowed)}, not {wrong[0][:60]!r}")
    return [valid(one) for one in value if one]


def valid(text: str) -> str:
    """Return a text without half characters, which JSON can hold but no file name or source does."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _text(name: str, value: object, rule: Mapping[str, Any]) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a string")
    if "enum" in rule and value not in rule["enum"]:
        raise UsageError(f"{name} must be one of {', '.join(rule['enum'])}, not {value[:60]!r}")
    if len(value) > MOST_TEXT and name not in _MAY_BE_LONG:
        raise UsageError(f"{name} has {len(value):,} characters; it may have {MOST_TEXT:,}")
    return valid(value)


def _whole(name: str, value: object, rule: Mapping[str, Any]) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{name} must be a whole number from {rule['minimum']} to {rule['maximum']}")
    least, most = int(rule["minimum"]), int(rule["maximum"])
    return max(least, min(value, most))


def _listed(value: str) -> object:
    """Return the list that a string stands for: some models send lists as JSON in a string."""
    if value.startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    return [value]


def where(values: Mapping[str, Any]) -> Filter:
    """Return the filter of a call. Raises UsageError for an unknown language, kind or role."""
    from codesearch.search.query import checked as known
    from codesearch.search.query import is_negated

    found: dict[str, tuple[str, ...]] = {}
    for name, field in _FIELDS.items():
        for value in values.get(name) or ():
            negated = is_negated(field, value)
            key = f"not_{field}" if negated else field
            found[key] = (*found.get(key, ()), *known(field, value[negated:], f"{name} {value}"))
    return Filter.of(found)
