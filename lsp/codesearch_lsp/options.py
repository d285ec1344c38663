"""The options of a client, as one frozen value with defaults; an invalid value gives a message and the default."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from codesearch.core.suggestions import QUOTED, hint


@dataclass(frozen=True, slots=True)
class Options:
    """The options of docs/lsp.md, in Python's spelling."""

    limit: int = 50
    """Maximum number of results of workspace/symbol, and of a query without a limit."""
    index_on_start: bool = True
    watch: bool = True
    unsaved: bool = True
    debounce_ms: int = 150
    """Milliseconds without keystrokes before a buffer is read again."""
    document_symbol: bool = False
    call_hierarchy: bool = False
    references: bool = False
    code_action: bool = True
    code_lens: bool = False
    code_lens_similarity: float = 0.95
    show_similar_command: str = ""
    status_notifications: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of codesearch itself. They override files and environment."""


class _Wrong(Exception):
    """A value is invalid; the message describes the allowed values."""


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Wrong("true or false")


def _whole(low: int, high: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, float) and value.is_integer():  # Lua and JavaScript have only one type of number
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise _Wrong(f"a whole number from {low} to {high}")

    return check


def _share(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0.5 <= value <= 1:
        return float(value)
    raise _Wrong("a number from 0.5 to 1")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise _Wrong("a string")


def _table(value: object) -> Mapping[str, Any]:
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return value
    if value == []:  # an empty table of Lua
        return {}
    raise _Wrong("an object")


_RULES: dict[str, Callable[[object], Any]] = {
    "limit": _whole(1, 1000),
    "index_on_start": _flag,
    "watch": _flag,
    "unsaved": _flag,
    "debounce_ms": _whole(0, 10_000),
    "document_symbol": _flag,
    "call_hierarchy": _flag,
    "references": _flag,
    "code_action": _flag,
    "code_lens": _flag,
    "code_lens_similarity": _share,
    "show_similar_command": _text,
    "status_notifications": _flag,
    "settings": _table,
}

NAMES = {re.sub(r"_(\w)", lambda match: match[1].upper(), item.name): item.name for item in fields(Options)}
"""Name in the protocol (`indexOnStart`) -> name here."""


@dataclass(frozen=True, slots=True)
class ParsedOptions:
    """A client's options after checking."""

    options: Options
    problems: tuple[str, ...] = ()
    """Messages for the user about values that cannot be used."""
    unknown: tuple[str, ...] = ()
    """Messages for the log about unknown names."""


def read(raw: object, base: Options | None = None) -> ParsedOptions:
    """Return a client's options over `base`: null keeps its value; an invalid value gives a problem and the default."""
    options = base or Options()
    if raw is None or raw == []:
        return ParsedOptions(options)
    if not isinstance(raw, dict):
        problem = f"codesearch: the options must be an object, not {_shown(raw)}; the defaults are used"
        return ParsedOptions(options, (problem,))
    inner = raw.get("codesearch")
    if isinstance(inner, dict):  # some clients send the settings of all servers in one object
        raw = inner
    values: dict[str, Any] = {}
    problems: list[str] = []
    unknown: list[str] = []
    for name, value in raw.items():
        own = NAMES.get(name) or (name if name in _RULES else None)
        if own is None:
            unknown.append(f"unknown option {name!r}{hint(str(name), NAMES, QUOTED)}")
        elif value is not None:
            try:
                values[own] = _RULES[own](value)
            except _Wrong as wrong:
                default = getattr(Options(), own)
                values[own] = default
                problems.append(f"codesearch: {name} must be {wrong}, not {_shown(value)}; {_shown(default)} is used")
    return ParsedOptions(replace(options, **values), tuple(problems), tuple(unknown))


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)  # as the user wrote it
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
