"""Messages on a byte stream: `Content-Length` frames in, frames out, and a way back from a broken stream.

A header block without a usable length, or a body that is no JSON, never ends the conversation: the reader looks for the
next `Content-Length: N` line, wherever it stands, and goes on from there.
"""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_BODY = 256 << 20
"""Bytes; a longer message is a broken header."""
_MAX_HEADERS = 8192
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,10})[ \t]*\r?\n", re.IGNORECASE)
_HEADER = re.compile(rb"[A-Za-z-]+:[^\r\n]*\r?\n")
_BLANK = re.compile(rb"\r?\n")
_KEPT = 64
"""Bytes of rubbish kept while looking for a header, so that one cut in two is found."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no message."""

    reason: str


class MessageReader:
    """Reads decoded JSON messages from a function that returns the next bytes (b"" at the end)."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._buffer = bytearray()
        self._ended = False
        self._told = False
        """The rubbish that comes next belongs to damage that was told already."""

    def next(self) -> Any | Damage:
        """Return the next message as JSON gives it (`null` is None), or Damage for bytes that were dropped.

        Raises EOFError at the end of the stream.
        """
        frame = self._frame()
        if frame is None:
            raise EOFError
        if isinstance(frame, Damage):
            return frame
        try:
            return json.loads(frame)
        except (ValueError, RecursionError) as error:
            # If the length was wrong, the beginning of what follows has been swallowed: give it back.
            swallowed = _LENGTH.search(frame)
            self._buffer[:0] = frame[swallowed.start() if swallowed else -_KEPT :]
            self._told = True
            return Damage(f"a message that is no JSON: {error}")

    def _more(self) -> bool:
        if not self._ended:
            part = self._read()
            self._buffer += part
            self._ended = not part
        return not self._ended

    def _frame(self) -> bytes | Damage | None:
        while True:
            found = _LENGTH.search(self._buffer)
            if found is None:
                dropped = len(self._buffer) - _KEPT
                if dropped > _MAX_HEADERS:
                    del self._buffer[:dropped]
                    return Damage(f"{dropped} bytes without a header")
                if not self._more():
                    return None
                continue
            before = bytes(self._buffer[: found.start()])
            end = self._headers_end(found.end())
            if end is None:
                return None
            length = int(found[1])
            if end < 0 or length > MAX_BODY:
                del self._buffer[: found.end()]
                return Damage("a broken header" if end < 0 else f"a message of {length} bytes")
            if before and not _only_headers(before):
                del self._buffer[: found.start()]
                if self._told:
                    self._told = False
                    continue
                return Damage(f"{len(before)} bytes without a header")
            while len(self._buffer) < end + length:
                if not self._more():
                    return None
            self._told = False
            body = bytes(self._buffer[end : end + length])
            del self._buffer[: end + length]
            return body

    def _headers_end(self, at: int) -> int | None:
        """Return where the body begins, -1 if the headers are broken, None at the end of the stream."""
        begin = at
        while True:
            if blank := _BLANK.match(self._buffer, at):
                return blank.end()
            if header := _HEADER.match(self._buffer, at):
                if _LENGTH.match(self._buffer, at):
                    return -1
                at = header.end()
                continue
            if at - begin > _MAX_HEADERS or b"\n" in self._buffer[at:] or len(self._buffer) - at > _MAX_HEADERS:
                return -1
            if not self._more():
                return None


def _only_headers(data: bytes) -> bool:
    """Return whether there is nothing but blank lines and then other headers of the same message."""
    at = 0
    while blank := _BLANK.match(data, at):
        at = blank.end()
    while at < len(data):
        found = _HEADER.match(data, at)
        if found is None or found[0].lower().startswith(b"content-length"):
            return False
        at = found.end()
    return True


class MessageWriter:
    """Writes frames from a thread of its own, so that a client that does not read holds nobody up."""

    def __init__(self, write: Callable[[bytes], object], lost: Callable[[], None]) -> None:
        """`lost` is called once, in the thread, when nobody reads any more."""
        self._write = write
        self._lost = lost
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def send(self, message: Any) -> None:
        """Send one message, given as JSON-able values."""
        self.send_text(json.dumps(message, separators=(",", ":")))

    def send_text(self, body: str) -> None:
        """Send one message, given as JSON in ASCII."""
        data = body.encode()
        self._queue.put(b"Content-Length: %d\r\n\r\n" % len(data) + data)

    def write(self, data: bytes) -> None:
        """Send a whole frame as it is."""
        self._queue.put(data)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is waiting, for at most `timeout` seconds."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                self._write(data)
        except (OSError, ValueError):
            self._lost()
