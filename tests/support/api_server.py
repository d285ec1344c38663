"""A service with OpenAI's embeddings protocol on loopback: it serves the bundled model, or misbehaves as asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from codesearch import embed

Respond = Callable[["Handler", dict[str, Any]], None]


@dataclass
class Service:
    """What a service got, and how it answers."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    misbehave: list[Respond] = field(default_factory=list)
    """How the next requests are answered, one each; after them, and by default, as they should be."""
    dims: int = 0
    """Numbers of a vector; 0 for those of the model."""
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> list[str]:
        return [text for request in self.requests for text in request["input"]]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    service: ClassVar[Service]

    def log_message(self, format: str, *_: Any) -> None:
        """Print nothing."""

    def do_POST(self) -> None:
        service = self.service
        value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service.requests.append({**value, "path": self.path})
        service.headers.append(dict(self.headers))
        try:
            if service.misbehave:
                service.misbehave.pop(0)(self, value)
            else:
                self.answer(good(value, service.dims))
        except OSError:
            pass  # the client has given up

    def answer(self, value: object, status: int = 200, **headers: str) -> None:
        """Answer with JSON, or with a text as it is."""
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def good(value: dict[str, Any], dims: int = 0) -> dict[str, Any]:
    """Return the right answer, in the reverse order: the index counts."""
    rows = embed.load(embed.TRANSFORMER).encode_documents(value["input"])
    rows = rows[:, : dims or value.get("dimensions")]
    data = [{"object": "embedding", "index": at, "embedding": row.tolist()} for at, row in enumerate(rows)]
    return {"object": "list", "data": data[::-1], "model": value["model"]}


def refusing(status: int, body: object = "", **headers: str) -> Respond:
    """Return a way to answer with a status."""
    return lambda handler, _: handler.answer(body, status, **headers)


def saying(body: object) -> Respond:
    """Return a way to answer with a wrong body."""
    return lambda handler, _: handler.answer(body)


def changed(change: Callable[[list[dict[str, Any]]], object]) -> Respond:
    """Return a way to answer with data that are almost right; `change` edits them in place."""

    def respond(handler: Handler, value: dict[str, Any]) -> None:
        answer = good(value)
        change(answer["data"])
        handler.answer(answer)

    return respond


def silent(handler: Handler, _: dict[str, Any]) -> None:
    """Never answer."""
    handler.service.stopped.wait(60)


def endless(handler: Handler, _: dict[str, Any]) -> None:
    """Answer with a body that never ends."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.service.stopped.is_set():
        handler.wfile.write(b" " * 65536)


def dripping(handler: Handler, _: dict[str, Any]) -> None:
    """Send one byte of a header at a time, so that no time-out of a socket is ever reached."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
    while not handler.service.stopped.wait(0.05):
        handler.wfile.write(b"x")


@contextmanager
def serving() -> Iterator[Service]:
    """Run a service on a free port of this machine."""
    service = Service()
    handler = type("_Handler", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        service.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
