"""`$/progress` of indexing: begins when there is something to show, and always ends."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from codesearch import Progress as IndexProgress
    from codesearch_lsp.protocol import Protocol

Token = str | int

EVERY = 0.1
"""Seconds between two reports."""
CREATE_SECONDS = 30.0
"""How long the client may take to create a progress bar."""


class ProgressBar:
    """The progress bar of one run of indexing. Runs in the event loop."""

    def __init__(self, protocol: Protocol, title: str, token: Token | None = None) -> None:
        """`token`: the client's own if its request had one; otherwise the client is asked to create one."""
        self.token: Token = token if token is not None else f"codesearch-{uuid.uuid4()}"
        self._protocol = protocol
        self._given = token is not None
        self._title = title
        self._done: IndexProgress | None = None
        self._changed = asyncio.Event()
        self._message = ""
        self._ended = False
        self._task = asyncio.ensure_future(self._run())

    def report(self, done: IndexProgress) -> None:
        """Show the progress of indexing."""
        self._done = done
        self._changed.set()

    def end(self, message: str) -> None:
        """Remove the bar."""
        self._message = message
        self._ended = True
        self._changed.set()

    async def _run(self) -> None:
        if not self._given:
            try:
                await self._protocol.ask_client("window/workDoneProgress/create", {"token": self.token}, CREATE_SECONDS)
            except JsonRpcException:
                return  # the client does not show progress
        self._send({"kind": "begin", "title": self._title, "cancellable": True, **self._position()})
        while not self._ended:
            await self._changed.wait()
            self._changed.clear()
            if not self._ended:
                self._send({"kind": "report", "cancellable": True, **self._position()})
                await asyncio.sleep(EVERY)
        self._send({"kind": "end", "message": self._message})

    def _position(self) -> dict[str, Any]:
        done = self._done
        if done is None:
            return {}
        whole, part = (done.bytes_total, done.bytes) if done.bytes_total else (done.files_total, done.files)
        share = part / whole if whole else 0.0
        return {"message": f"{done.files:,} of {done.files_total:,} files", "percentage": min(100, int(100 * share))}

    def _send(self, value: dict[str, Any]) -> None:
        self._protocol.notify_client("$/progress", {"token": self.token, "value": value})
