"""A minimal client: it shows exactly what is sent and received, and can send invalid messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.wait import until

BOOT = "import sys; del sys.path[0]; from codesearch.cli.main import main; sys.exit(main())"
COMMAND = [sys.executable, "-c", BOOT, "lsp"]


class RequestError(Exception):
    """The server responded with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]


class Client:
    """A server process and the messages received from it."""

    def __init__(
        self,
        *options: str,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
        )
        self.answers: dict[Any, dict[str, Any]] = {}
        self.unaddressed: list[dict[str, Any]] = []
        """Error responses without an id."""
        self.notifications: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.replies: dict[str, Any] = {"workspace/configuration": [None]}
        """The client's responses to requests of the server, by method; others get null."""
        self.unknown: set[str] = set()
        """Requests of the server that the client refuses with MethodNotFound."""
        self.stray = b""
        """Bytes on stdout that are not part of a message."""
        self.stderr = b""
        self._number = 0
        self._ended = False
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    # -- reading ----------------------------------------------------------------------------------

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        try:
            while True:
                length = None
                while (line := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    elif name.lower() != b"content-type":
                        self.stray += line
                if not line or length is None:
                    self.stray += b"" if not line else b"(no length)"
                    break
                self._take(json.loads(stream.read(length)))
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line

    def _take(self, message: dict[str, Any]) -> None:
        with self._news:
            if "method" not in message:
                if message["id"] is None:
                    self.unaddressed.append(message)
                else:
                    self.answers[message["id"]] = message
            elif "id" in message:
                self.requests.append(message)
                self.send({"jsonrpc": "2.0", "id": message["id"], **self._reply(message)})
            else:
                self.notifications.append(message)
            self._news.notify_all()

    def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        method = message["method"]
        if method in self.unknown:
            return {"error": {"code": -32601, "message": method}}
        reply = self.replies.get(method)
        return {"result": reply(message) if callable(reply) else reply}

    def until(self, done: Any, timeout: float = 60.0) -> None:
        """Read messages until `done()` holds, or fail."""
        with self._news:
            if not self._news.wait_for(lambda: done() or self._ended, timeout) or not done():
                raise AssertionError(f"did not happen in {timeout} s; stderr: {self.stderr.decode()[-2000:]}")

    # -- writing ----------------------------------------------------------------------------------

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> str:
        """Send a request; return its id."""
        self._number += 1
        number = f"test-{self._number}"
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def answer(self, number: Any, timeout: float = 60.0) -> Any:
        """Wait for the result of a request. Raises RequestError if it failed."""
        self.until(lambda: number in self.answers, timeout)
        message = self.answers.pop(number)
        if "error" in message:
            raise RequestError(message["error"])
        return message["result"]

    def ask(self, method: str, params: Any = None, timeout: float = 60.0) -> Any:
        """Send a request and wait for its result. Raises RequestError if it failed."""
        return self.answer(self.begin(method, params), timeout)

    # -- sessions ---------------------------------------------------------------------------------

    def initialize(self, *roots: Path, wait: bool = True, **params: Any) -> Any:
        """Initialize, and wait until all folders are indexed; return the server's capabilities."""
        folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
        base = {"processId": os.getpid(), "capabilities": {}, "workspaceFolders": folders or None, "rootUri": None}
        result = self.ask("initialize", {**base, **params})
        self.notify("initialized", {})
        if wait:
            self.ready()
        return result["capabilities"]

    def ready(self, *, timeout: float = 120.0) -> Any:
        """Wait until every folder is indexed; return the status."""
        status: Any = None

        def ready() -> bool:
            nonlocal status
            status = self.ask("codesearch/status")
            return all(folder["state"] == "ready" and folder["files"] for folder in status["folders"])

        until(ready, lambda: status, seconds=timeout, every=0.05)
        return status

    def query(self, text: str, **params: Any) -> list[dict[str, Any]]:
        """Return the hits of a query."""
        hits: list[dict[str, Any]] = self.ask("codesearch/query", {"text": text, **params})["hits"]
        return hits

    def find(self, text: str, name: str, **expected: object) -> dict[str, Any]:
        """Query until the best hit has this name and these members, and return it.

        A query waits a second at most for a buffer that is being read, which is not enough on a busy machine.
        """
        wanted = {"name": name, **expected}
        hits: list[dict[str, Any]] = []

        def found() -> bool:
            hits[:] = self.query(text)
            return bool(hits) and all(hits[0][key] == value for key, value in wanted.items())

        until(found, lambda: f"{wanted} is not the best hit for {text!r} but {hits[:1]}", every=0.05)
        return hits[0]

    def lose(self, text: str, name: str) -> None:
        """Query until no hit has this name any more."""
        until(lambda: name not in [hit["name"] for hit in self.query(text)], f"{name} is still found", every=0.05)

    def until_unsaved(self, *uris: str) -> None:
        """Wait until exactly these buffers are searched in place of their files."""
        until(lambda: self.ask("codesearch/status")["unsaved"] == [*uris], f"unsaved: {uris}", every=0.05)

    def open(self, path: Path, text: str | None = None, *, language: str = "python", uri: str | None = None) -> str:
        """Open a document; return its URI."""
        uri = uri or path.as_uri()
        text = path.read_text(encoding="utf-8") if text is None else text
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
        )

    def shutdown(self) -> int:
        """End the session as the protocol requires; return the exit status."""
        assert self.ask("shutdown") is None
        self.notify("exit")
        return self.process.wait(60)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # unsent bytes to a dead process


def insertion(line: int, text: str) -> dict[str, Any]:
    """Return a change that inserts text at the start of a line."""
    place = {"line": line, "character": 0}
    return {"range": {"start": place, "end": place}, "text": text}
