"""What service and client say to each other: one JSON object a line, each way.

A request: `{"protocol": 1, "version": "0.1.0", "settings": "...", "method": "query", "params": {...}}` (with `token`
over TCP). An answer: `{"ok": true, "result": {...}}` or `{"ok": false, "error": "usage", "message": "..."}`.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from codesearch._version import __version__
from codesearch.core.filter import Filter
from codesearch.core.types import Hit, Symbol

if TYPE_CHECKING:
    from codesearch.settings import Settings

PROTOCOL = 1
MOST_REQUEST = 256 * 1024
"""Bytes of a request line."""
MOST_ANSWER = 256 * 1024 * 1024

OTHER = "other version"
"""The error of a service that would not answer as the client itself would: the client does the work."""
FOR_ANYONE = frozenset({"status", "stop", "refresh"})
"""Methods that any version may call."""


def settings_key(settings: Settings) -> str:
    """Return a digest of all that decides what an index holds and how it answers, but for the limit.

    The user's cache of vectors changes no answer, but who says `--no-cache` would not have a service use it.
    """
    from codesearch.indexing.plan import rules

    decisive = f"{rules(settings)} {settings.file_options()!r} {settings.second_stage} cache={settings.cache}"
    return hashlib.blake2b(decisive.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def request(settings: Settings | None, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return a request; without settings for methods that anyone may call."""
    key = "" if settings is None else settings_key(settings)
    return {"protocol": PROTOCOL, "version": __version__, "settings": key, "method": method, "params": params}


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON holds it; `hit_from_json` gives it back, to the last bit of its score."""
    return asdict(hit)


def hit_from_json(value: dict[str, Any]) -> Hit:
    """Return the hit that `hit_to_json` was given. Raises TypeError or KeyError for anything else."""
    folded = tuple(Symbol(**one) for one in value["folded"])
    return Hit(**{**value, "symbol": Symbol(**value["symbol"]), "copies": tuple(value["copies"]), "folded": folded})


def filter_to_json(where: Filter | None) -> dict[str, list[str]]:
    """Return a filter as JSON holds it."""
    return {name: list(values) for name, values in asdict(where or Filter()).items() if values}


def filter_from_json(value: object) -> Filter:
    """Return the filter that `filter_to_json` was given. Raises ValueError for anything else."""
    if not isinstance(value, dict) or not value.keys() <= set(Filter.__dataclass_fields__):
        raise ValueError("only: not a filter")
    if not all(isinstance(item, list) and all(isinstance(one, str) for one in item) for item in value.values()):
        raise ValueError("only: not a filter")
    return Filter(**{name: tuple(item) for name, item in value.items()})
