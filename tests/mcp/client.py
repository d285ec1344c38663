"""Talks to `codesearch mcp` line by line, as a client that makes mistakes would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from codesearch.service import client as service
from tests.support.command import PATIENCE
from tests.support.wait import until

COMMAND = [sys.executable, "-m", "codesearch.cli", "mcp"]
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def index_of(root: Path) -> Path:
    return root / ".codesearch" / "index.db"


def service_pid(root: Path) -> int | None:
    """Return the process that serves a root, if one answers."""
    state = service.call(index_of(root), "status")
    return state["pid"] if state else None


def stop_service(root: Path) -> None:
    """Stop the service of a root, and wait until it has ended."""
    if service.call(index_of(root), "stop") is not None:
        until(lambda: service_pid(root) is None, "the service ends")


class Raw:
    """A session without an SDK."""

    def __init__(self, root: Path | None, *, cwd: Path | None = None, handshake: str = "2025-11-25") -> None:
        arguments = [] if root is None else [str(root)]
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
        )
        self.number = 0
        if handshake:
            self.ask("initialize", protocolVersion=handshake, capabilities={}, clientInfo={"name": "t", "version": "1"})
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Raw:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> int:
        """Close the input, as a client does, and return the exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def send(self, message: object) -> None:
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return the next message."""
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        answer = self.receive()
        assert answer["id"] == self.number
        return dict(answer)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its result."""
        return dict(self.ask("tools/call", name=tool, arguments=arguments)["result"])

    def text(self, tool: str, **arguments: Any) -> str:
        return str(self.call(tool, **arguments)["content"][0]["text"])
