"""Asking the service of an index, if there is one: quick to find out that there is none, and never an error then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.log import Log

if TYPE_CHECKING:
    import socket

    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer
    from codesearch.index import Index

log = Log("codesearch.service")

ANSWER_TIMEOUT = 10.0
"""Seconds to wait for an answer beyond what the service may take to update; then the client does the work itself."""


def query(
    index: Index, text: str, *, where: Filter | None = None, limit: int | None = None, fresh: bool = True
) -> Answer | None:
    """Ask what `index.query` answers, of the tree as it is now (`fresh`) or the index as it is.

    None if no service can answer as this process would: none runs, or one of another version or other settings.
    Raises as `index.query`.
    """
    return _hits(index, "query", {"text": text}, where, limit, fresh=fresh)


def similar(
    index: Index, path: str, line: int, *, where: Filter | None = None, limit: int | None = None, fresh: bool = True
) -> Answer | None:
    """Ask what `index.similar` answers; otherwise as `query`."""
    return _hits(index, "similar", {"path": path, "line": line}, where, limit, fresh=fresh)


def _hits(
    index: Index, method: str, params: dict[str, Any], where: Filter | None, limit: int | None, *, fresh: bool
) -> Answer | None:
    from codesearch.service import endpoint

    found = endpoint.connect(index.path)
    if found is None:
        log.info("no service for %s", index.path)
        return None
    from codesearch.core.types import Answer
    from codesearch.service import protocol

    wanted = index.settings.limit if limit is None else limit
    budget = index.settings.update_budget if fresh else 0.0
    asked = {**params, "only": protocol.filter_to_json(where), "limit": wanted, "fresh": fresh, "budget": budget}
    message = protocol.request(index.settings, method, asked)
    answer = _exchange(*found, message, ANSWER_TIMEOUT + budget)
    result = _result(answer)
    if result is None:
        return None
    try:
        hits = tuple(protocol.hit_from_json(hit) for hit in result["hits"])
        return Answer(
            hits,
            str(result.get("problem", "")),
            fresh=bool(result["fresh"]),
            pending=int(result["pending"]),
            complete=bool(result.get("complete", True)),
            refined=bool(result.get("refined", False)),
        )
    except (TypeError, KeyError, ValueError):
        return None


def refresh(index: Index) -> bool:
    """Return whether a service says that the index is what the tree is, by the settings of `index`.

    It takes at most `update_budget` seconds; False if there is no such service, or it needs longer.
    """
    from codesearch.service import endpoint

    if not endpoint.exists(index.path):
        return False
    from codesearch.service import protocol

    budget = index.settings.update_budget
    answer = call(index.path, "refresh", budget + 1.0, budget=budget)
    return bool(answer and answer.get("fresh") and answer.get("settings") == protocol.settings_key(index.settings))


def call(index: Path, method: str, timeout: float = 5.0, **params: Any) -> dict[str, Any] | None:
    """Call a method that any version may call (`status`, `stop`, `refresh`); None if no service answers."""
    from codesearch.service import endpoint, protocol

    found = endpoint.connect(index)
    if found is None:
        return None
    answer = _exchange(*found, protocol.request(None, method, params), timeout)
    return answer.get("result") if answer and answer.get("ok") else None


def _result(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    if answer.get("ok"):
        result = answer.get("result")
        return result if isinstance(result, dict) else None
    kinds: dict[object, type[CodesearchError]] = {"usage": UsageError, "not found": NotFoundError}
    if kind := kinds.get(answer.get("error")):
        raise kind(str(answer.get("message")))
    return None


def _exchange(
    connection: socket.socket, extra: dict[str, Any], message: dict[str, Any], timeout: float
) -> dict[str, Any] | None:
    """Send a request, return the answer; None if none comes in time or the service goes away."""
    import json
    import time

    from codesearch.service.protocol import MOST_ANSWER

    start = time.monotonic()
    end = start + timeout
    data = bytearray()
    try:
        with connection:
            connection.settimeout(timeout)
            connection.sendall(json.dumps({**message, **extra}).encode() + b"\n")
            while not data.endswith(b"\n") and len(data) < MOST_ANSWER:
                connection.settimeout(max(0.01, end - time.monotonic()))
                part = connection.recv(1 << 18)
                if not part:
                    log.warning("the service closed the connection without an answer to %s", message.get("method"))
                    return None
                data += part
        answer = json.loads(data)
    except (OSError, ValueError) as error:
        log.warning("no answer from the service to %s: %s", message.get("method"), error or type(error).__name__)
        return None
    log.info("the service answered %s in %.0f ms", message.get("method"), 1000 * (time.monotonic() - start))
    return answer if isinstance(answer, dict) else None
