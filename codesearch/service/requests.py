"""Answers the requests of other processes, as `protocol` describes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from codesearch._version import __version__
from codesearch.core import cancellation
from codesearch.core.errors import CodesearchError, NotFoundError
from codesearch.index import Index
from codesearch.search import parse
from codesearch.service import protocol
from codesearch.service.election import holder
from codesearch.service.maintainer import facts
from codesearch.service.readers import cancellable
from codesearch.service.state import State

DEFAULT_BUDGET = 5.0
LONGEST_BUDGET = 3600.0
"""Seconds that a client may have the service spend on an update."""
BEING_BUILT = "the index is being built"


class Answering(Protocol):
    """What requests need of the service that they are for."""

    name: str
    root: Path
    index_path: Path

    def reading(self) -> AbstractContextManager[Index]:
        """Lend an index for reading."""

    def refresh(
        self, paths: Iterable[str] | None = None, *, timeout: float | None = None, words: Sequence[str] = ()
    ) -> bool:
        """Wait until everything that is on disk now can be found."""

    def status(self) -> State:
        """Return the current state."""

    @property
    def pending(self) -> int:
        """Number of changed paths that are not in the index yet."""

    def settings_key(self) -> str:
        """Return the digest of the settings in force."""

    def rebuild_here(self) -> bool:
        """Rebuild the index in the background, if this process keeps it."""

    def request_stop(self) -> None:
        """Ask the service to end."""


class Requests:
    """The methods that clients may call on a service."""

    def __init__(self, service: Answering) -> None:
        self._service = service

    def handle(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a method.

        Raises CodesearchError, or ValueError, TypeError or KeyError for a bad request.
        """
        service = self._service
        if method in ("query", "similar"):
            return self._answer(method, params)
        if method == "named":
            return self._named(params)
        if method == "tool":
            return self._tool(params)
        if method == "refresh":
            paths = params.get("paths")
            fresh = service.refresh(None if paths is None else [str(path) for path in paths], timeout=_budget(params))
            return {"fresh": fresh, "settings": service.settings_key()}
        if method == "status":
            return self._status()
        if method == "rebuild":
            if not service.rebuild_here():
                raise CodesearchError("this process does not keep the index")
            return {"pid": os.getpid()}
        if method == "stop":
            service.request_stop()
            return {"pid": os.getpid()}
        raise ValueError(f"unknown method {method!r}")

    @contextmanager
    def _reading(self) -> Iterator[Index]:
        """Lend an index whose queries end when the client hangs up. Raises CancelledWorkError if it has."""
        cancellation.check()
        with self._service.reading() as index, cancellable(index):
            yield index

    def _answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        service = self._service
        where = protocol.filter_from_json(params.get("only", {}))
        limit = int(params["limit"])
        filters = bool(params.get("filters", True))
        query = parse(str(params["text"]), where, filters=filters) if method == "query" else None
        words = query.words if query is not None else ()
        fresh = bool(params.get("fresh", True)) and service.refresh(timeout=_budget(params), words=words)
        with self._reading() as index:
            try:
                if not index.current:
                    raise NotFoundError(BEING_BUILT)
                if query is not None:
                    found = index.query(query, limit=limit)
                else:
                    found = index.similar(str(params["path"]), int(params["line"]), limit=limit, where=where)
            except NotFoundError as error:
                if index.current:
                    raise  # there is no such symbol
                # A rebuild may have deleted it just now. The client waits for it, as without a service.
                raise CodesearchError(BEING_BUILT) from error
        return {
            "hits": [protocol.hit_to_json(hit) for hit in found],
            "fresh": fresh,
            "pending": service.pending,
            "problem": found.problem,
            "complete": found.complete,
            "refined": found.refined,
        }

    def _named(self, params: dict[str, Any]) -> dict[str, Any]:
        with self._reading() as index:
            try:
                found = index.symbols_named(str(params["name"]))
            except NotFoundError as error:
                raise CodesearchError(BEING_BUILT) from error
        return {"symbols": [asdict(symbol) for symbol in found]}

    def _tool(self, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a tool of an agent; it takes what is indexed within its budget, and says what is missing."""
        from codesearch.context import tools  # most services never answer an agent

        service = self._service
        name, given = str(params["name"]), params.get("arguments")
        given = given if isinstance(given, dict) else {}
        fresh = service.refresh(timeout=_budget(params), words=tools.words_of(name, given))
        files = service.status().updating
        progress = None if files is None else (files.files, files.files_total)
        with self._reading() as index:
            notes = tools.state_notes(complete=index.complete, fresh=fresh, pending=service.pending, progress=progress)
            try:
                result = tools.run(index, name, tools.Call(given, tuple(map(str, params.get("sent", ()))), notes))
            except NotFoundError as error:
                if index.reader() is not None:
                    raise
                raise CodesearchError("the index is being built; ask again in a moment") from error
        return {"text": result.text, "value": result.value, "marks": result.marks}

    def _status(self) -> dict[str, Any]:
        service = self._service
        state = service.status()
        updating, embedding = state.updating, state.embedding
        return {
            **facts(service.name, service.root),
            "started": holder(service.index_path).get("started", 0.0),
            "version": __version__,
            "index": str(service.index_path),
            "watching": state.watching,
            "why": state.why,
            "ready": state.ready,
            "fresh": state.fresh,
            "pending": state.pending,
            "waiting": state.waiting,
            "problem": state.problem,
            "files": None if updating is None else [updating.files, updating.files_total],
            "embedding": None if embedding is None else [embedding.done, embedding.total],
        }


def _budget(params: dict[str, Any]) -> float:
    return max(0.0, min(float(params.get("budget", DEFAULT_BUDGET)), LONGEST_BUDGET))
