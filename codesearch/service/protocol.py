"""The messages between service and client: one JSON object per line, each way.

A request: `{"protocol": 1, "version": "0.1.0", "settings": "...", "method": "query", "params": {...}}` (with `token`
over TCP). An answer: `{"ok": true, "result": {...}}` or `{"ok": false, "error": "usage", "message": "..."}`.
The service acknowledges a request at once with ACKNOWLEDGED, a blank in front of the answer. A client that does not
want the answer any more closes the connection, or its side of it: the work for the request then ends soon.
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
ACKNOWLEDGED = b" "
MOST_REQUEST = 256 * 1024
"""Maximum length of a request line in bytes."""
MOST_ANSWER = 256 * 1024 * 1024
"""Maximum length of an answer in bytes."""

OTHER = "other version"
"""The error of a service that would answer differently from the client: the client does the work itself."""
FOR_ANYONE = frozenset({"status", "stop", "refresh", "rebuild"})
"""Methods that a client of any version may call."""
FOR_ANY_SETTINGS = frozenset({"tool"})
"""Methods that a client of the same version may call, whatever the service's settings are."""


def settings_key(settings: Settings) -> str:
    """Return a digest of everything except the limit that decides what an index holds and how it answers.

    The shared vector cache changes no answer, but a user who says `--no-cache` does not want a service to use it.
    """
    from codesearch.indexing.plan import rules

    stages = f"{settings.second_stage} {settings.rerank}"
    decisive = f"{rules(settings)} {settings.file_options()!r} {stages} cache={settings.cache}"
    return hashlib.blake2b(decisive.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def request(settings: Settings | None, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return a request; methods in FOR_ANYONE need no settings."""
    key = "" if settings is None else settings_key(settings)
    return {"protocol": PROTOCOL, "version": __version__, "settings": key, "method": method, "params": params}


def hit_to_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON; `hit_from_json` restores it exactly, to the last bit of its score."""
    return asdict(hit)


def hit_from_json(value: dict[str, Any]) -> Hit:
    """Return the hit that was given to `hit_to_json`. Raises TypeError or KeyError for anything else."""
    folded = tuple(Symbol(**one) for one in value["folded"])
    return Hit(**{**value, "symbol": Symbol(**value["symbol"]), "copies": tuple(value["copies"]), "folded": folded})


def filter_to_json(where: Filter | None) -> dict[str, list[str]]:
    """Return a filter as JSON."""
    return {name: list(values) for name, values in asdict(where or Filter()).items() if values}


def filter_from_json(value: object) -> Filter:
    """Return the filter that was given to `filter_to_json`. Raises ValueError for anything else."""
    if not isinstance(value, dict) or not value.keys() <= set(Filter.__dataclass_fields__):
        raise ValueError("only: not a filter")
    if not all(isinstance(item, list) and all(isinstance(one, str) for one in item) for item in value.values()):
        raise ValueError("only: not a filter")
    return Filter(**{name: tuple(item) for name, item in value.items()})
