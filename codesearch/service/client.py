"""Asks the service of an index, if there is one. Finding out that there is none is quick, and never an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core import cancellation
from codesearch.core.errors import CodesearchError, NotFoundError, UsageError
from codesearch.core.log import Log

if TYPE_CHECKING:
    import socket

    from codesearch.core.filter import Filter
    from codesearch.core.types import Answer, Symbol
    from codesearch.index import Index

log = Log("codesearch.service")

ANSWER_TIMEOUT = 10.0
"""Seconds to wait for an answer, in addition to the time that the service may spend on an update."""
FIRST_BYTE_TIMEOUT = 2.0
"""Seconds to wait for the byte by which a service acknowledges a request. One that is stopped or hangs sends none."""
POLL_SECONDS = 0.05
"""Seconds between two checks whether the answer is still wanted."""

_hung: set[Path] = set()
"""Indexes whose service did not acknowledge a request of this process: it is not asked again."""


def retry(index: Path) -> None:
    """Ask the service of an index again although it did not respond; for processes that live long."""
    _hung.discard(index)


def hangs(index: Path) -> bool:
    """Return whether the service of an index accepted a request of this process but did not respond."""
    return index in _hung


def query(
    index: Index,
    text: str,
    *,
    where: Filter | None = None,
    limit: int | None = None,
    fresh: bool = True,
    filters: bool = True,
) -> Answer | None:
    """Get what `index.query` answers, from the tree as it is now (`fresh`) or from the index as it is.

    Without `filters`, what looks like one in the text is text.

    None if no service can answer as this process would: none runs, or one with another version or other settings.
    Raises the errors of `index.query`.
    """
    return _hits(index, "query", {"text": text, "filters": filters}, where, limit, fresh=fresh)


def similar(
    index: Index, path: str, line: int, *, where: Filter | None = None, limit: int | None = None, fresh: bool = True
) -> Answer | None:
    """Get what `index.similar` answers; otherwise like `query`."""
    return _hits(index, "similar", {"path": path, "line": line}, where, limit, fresh=fresh)


def _hits(
    index: Index, method: str, params: dict[str, Any], where: Filter | None, limit: int | None, *, fresh: bool
) -> Answer | None:
    if not _may_answer(index.path):
        return None
    from codesearch.core.types import Answer
    from codesearch.service import protocol

    wanted = index.settings.limit if limit is None else limit
    budget = index.settings.update_budget if fresh else 0.0
    asked = {**params, "only": protocol.filter_to_json(where), "limit": wanted, "fresh": fresh, "budget": budget}
    message = protocol.request(index.settings, method, asked)
    result = _result(_exchange(index.path, message, ANSWER_TIMEOUT + budget))
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
    """Return whether a service confirms that the index matches the tree, by the settings of `index`.

    It takes at most `update_budget` seconds; False if there is no such service, or it needs longer.
    """
    if not _may_answer(index.path):
        return False
    from codesearch.service import protocol

    budget = index.settings.update_budget
    answer = call(index.path, "refresh", budget + 1.0, budget=budget)
    return bool(answer and answer.get("fresh") and answer.get("settings") == protocol.settings_key(index.settings))


def symbols_named(index: Index, name: str) -> list[Symbol] | None:
    """Get what `index.symbols_named` returns, from the index as it is; None if no service answers as it would."""
    if not _may_answer(index.path):
        return None
    from codesearch.core.types import Symbol
    from codesearch.service import protocol

    message = protocol.request(index.settings, "named", {"name": name})
    result = _result(_exchange(index.path, message, ANSWER_TIMEOUT))
    if result is None:
        return None
    try:
        return [Symbol(**symbol) for symbol in result["symbols"]]
    except (TypeError, KeyError):
        return None


def tool(index: Path, name: str, timeout: float, **params: Any) -> dict[str, Any] | None:
    """Get the answer to a tool of an agent; None if no service of this version answers.

    Raises UsageError and NotFoundError with what the tool says to the model, CodesearchError if it cannot answer yet.
    """
    if not _may_answer(index):
        return None
    from codesearch.service import protocol

    message = {**protocol.request(None, "tool", {"name": name, **params}), "settings": ""}
    answer = _exchange(index, message, timeout)
    if answer is not None and answer.get("error") == "failed":
        raise CodesearchError(str(answer.get("message")))
    return _result(answer)


def call(index: Path, method: str, timeout: float = 5.0, **params: Any) -> dict[str, Any] | None:
    """Call a method that any version may call (`status`, `stop`, `refresh`); None if no service answers."""
    if not _may_answer(index):
        return None
    from codesearch.service import protocol

    answer = _exchange(index, protocol.request(None, method, params), timeout)
    return answer.get("result") if answer and answer.get("ok") else None


def _may_answer(index: Path) -> bool:
    """Return whether there may be a service that responds; much quicker than asking it."""
    from codesearch.service import endpoint

    if hangs(index):
        return False
    if not endpoint.exists(index):
        log.debug("no service for %s", index)
        return False
    return True


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


def _exchange(index: Path, message: dict[str, Any], timeout: float) -> dict[str, Any] | None:
    """Send a request and return the answer; None if there is no service, or none that answers in time.

    If the work of this thread is cancelled, it hangs up, by which the service knows, and raises CancelledWorkError.
    """
    import json
    import time

    from codesearch.service import endpoint
    from codesearch.service.protocol import MOST_ANSWER

    found = endpoint.connect(index)
    if found is None:
        log.info("no service for %s", index)
        return None
    connection, extra = found
    method = message.get("method")
    start = time.monotonic()
    end = start + timeout
    until = start + min(timeout, FIRST_BYTE_TIMEOUT)
    data = bytearray()
    try:
        with connection:
            connection.settimeout(min(timeout, FIRST_BYTE_TIMEOUT))
            connection.sendall(json.dumps({**message, **extra}).encode() + b"\n")
            while not data.endswith(b"\n") and len(data) < MOST_ANSWER:
                part = _received(connection, until)
                if not part:
                    log.warning("the service closed the connection without an answer to %s", method)
                    return None
                data += part
                until = end
        answer = json.loads(data)
    except (OSError, ValueError) as error:
        if isinstance(error, TimeoutError) and not data and timeout >= FIRST_BYTE_TIMEOUT:
            _hung.add(index)
        log.warning("no answer from the service to %s: %s", method, error or type(error).__name__)
        return None
    log.info("the service answered %s in %.0f ms", method, 1000 * (time.monotonic() - start))
    return answer if isinstance(answer, dict) else None


def _received(connection: socket.socket, until: float) -> bytes:
    """Return what comes next, b"" at the end. Raises TimeoutError at `until` (monotonic clock), CancelledWorkError."""
    import time

    while True:
        connection.settimeout(max(0.01, min(POLL_SECONDS, until - time.monotonic())))
        try:
            return connection.recv(1 << 18)
        except TimeoutError:
            cancellation.check()
            if time.monotonic() >= until:
                raise
