"""Checks of JSON output against the schemas that `codesearch schema` prints: no field is missing, none is unknown."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped, unused-ignore]

from codesearch.cli.schemas import schema

_BASES = ("symbol_fields", "location_fields")
"""Definitions that others extend."""


def closed(name: str) -> dict[str, Any]:
    """Return the schema of an output, in which objects have no other fields than those it describes."""
    found = schema(name)
    found["$defs"] = {key: one if key in _BASES else _closed(one) for key, one in found["$defs"].items()}
    return found


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _closed(one) for key, one in value.items()}
    is_object = isinstance(value.get("required"), list) or "allOf" in value
    return {**inner, "unevaluatedProperties": False} if is_object else inner


def keeps_schema(value: object, name: str) -> None:
    """Check a value against the schema of an output. Raises jsonschema.ValidationError."""
    jsonschema.validate(value, closed(name), cls=jsonschema.Draft202012Validator)
