"""`$/progress` of indexing: begun when there is something to show, ended whatever happens."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from codesearch.indexing.request import Progress as Done
    from codesearch_lsp.protocol import Protocol

EVERY = 0.1
"""Seconds between two reports."""


class Bar:
    """One indexing run as a client shows it. Lives in the event loop."""

    def __init__(self, protocol: Protocol, title: str, token: str | int | None) -> None:
        """`token`: the client's own, if it gave one with its request; else one is asked for."""
        self.token = token if token is not None else f"codesearch-{uuid.uuid4()}"
        self._protocol = protocol
        self._given = token is not None
        self._title = title
        self._done: Done | None = None
        self._changed = asyncio.Event()
        self._message = ""
        self._ended = False
        self._task = asyncio.ensure_future(self._run())

    def report(self, done: Done) -> None:
        """Show how far it is."""
        self._done = done
        self._changed.set()

    def end(self, message: str) -> None:
        """Take the bar away."""
        self._message = message
        self._ended = True
        self._changed.set()

    async def _run(self) -> None:
        if not self._given:
            try:
                await asyncio.wait_for(
                    self._protocol.ask("window/workDoneProgress/create", {"token": self.token}), timeout=30
                )
            except (JsonRpcException, asyncio.TimeoutError):
                return  # the client does not want to show it
        self._value({"kind": "begin", "title": self._title, "cancellable": True, **self._where()})
        while not self._ended:
            await self._changed.wait()
            self._changed.clear()
            if not self._ended:
                self._value({"kind": "report", "cancellable": True, **self._where()})
                await asyncio.sleep(EVERY)
        self._value({"kind": "end", "message": self._message})

    def _where(self) -> dict[str, Any]:
        if self._done is None:
            return {}
        done = self._done
        share = done.bytes / done.bytes_total if done.bytes_total else 0.0
        return {"message": f"{done.files:,} of {done.files_total:,} files", "percentage": min(100, int(100 * share))}

    def _value(self, value: dict[str, Any]) -> None:
        self._protocol.say("$/progress", {"token": self.token, "value": value})
