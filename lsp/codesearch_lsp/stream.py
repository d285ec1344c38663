"""Messages on a byte stream: reads and writes `Content-Length` frames, and recovers from malformed ones.

A header without a usable length, or a body that is not JSON, never ends the conversation: the reader continues at the
next `Content-Length: N` line, wherever it is.
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
"""Bytes; a header that announces more is malformed."""
_MAX_HEADERS = 8192
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,10})[ \t]*\r?\n", re.IGNORECASE)
_HEADER = re.compile(rb"[A-Za-z-]+:[^\r\n]*\r?\n")
_BLANK = re.compile(rb"\r?\n")
_SURROGATES = re.compile("[\ud800-\udfff]")
_PERHAPS_SURROGATES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""An escape of half a character (half of an emoji, in most cases), or the bytes of one."""
_KEPT = 64
"""Unusable bytes kept while looking for a header, so that a header in two pieces is found."""


@dataclass(frozen=True, slots=True)
class MalformedMessage:
    """Bytes that are not a message, and why."""

    reason: str


class MessageReader:
    """Reads decoded JSON messages from a function that returns the next bytes (b"" at the end)."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._buffer = bytearray()
        self._ended = False
        self._reported = False
        """The unusable bytes that come next belong to a message that was reported already."""

    def next(self) -> Any | MalformedMessage:
        """Return the next decoded message (`null` is None), or MalformedMessage for bytes that were skipped.

        Raises EOFError at the end of the stream.
        """
        frame = self._frame()
        if frame is None:
            raise EOFError
        if isinstance(frame, MalformedMessage):
            return frame
        try:
            message = json.loads(frame, parse_constant=_reject)
            return _without_surrogates(message) if _PERHAPS_SURROGATES.search(frame) else message
        except (ValueError, RecursionError) as error:
            # If the length was wrong, the start of the next message is in the frame: put it back.
            following = _LENGTH.search(frame)
            self._buffer[:0] = frame[following.start() if following else -_KEPT :]
            self._reported = True
            return MalformedMessage(f"a message that is not JSON: {error}")

    def _more(self) -> bool:
        if not self._ended:
            part = self._read()
            self._buffer += part
            self._ended = not part
        return not self._ended

    def _frame(self) -> bytes | MalformedMessage | None:
        while True:
            found = _LENGTH.search(self._buffer)
            if found is None:
                dropped = len(self._buffer) - _KEPT
                if dropped > _MAX_HEADERS:
                    del self._buffer[:dropped]
                    return MalformedMessage(f"{dropped} bytes without a header")
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
                return MalformedMessage("a malformed header" if end < 0 else f"a message of {length} bytes")
            if before and not _only_headers(before):
                del self._buffer[: found.start()]
                if self._reported:
                    self._reported = False
                    continue
                return MalformedMessage(f"{len(before)} bytes without a header")
            while len(self._buffer) < end + length:
                if not self._more():
                    return None
            self._reported = False
            body = bytes(self._buffer[end : end + length])
            del self._buffer[: end + length]
            return body

    def _headers_end(self, at: int) -> int | None:
        """Return where the body begins, -1 if the headers are malformed, None at the end of the stream."""
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
    """Return whether the bytes are only blank lines and then other headers of the same message."""
    at = 0
    while blank := _BLANK.match(data, at):
        at = blank.end()
    while at < len(data):
        found = _HEADER.match(data, at)
        if found is None or found[0].lower().startswith(b"content-length"):
            return False
        at = found.end()
    return True


def _without_surrogates(value: Any) -> Any:
    """Return JSON values with U+FFFD for each half of a character: no file name or database can contain one."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    if isinstance(value, dict):
        return {_SURROGATES.sub("\ufffd", name): _without_surrogates(one) for name, one in value.items()}
    return value


def _reject(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads though they are not JSON."""
    raise ValueError(f"{constant} is not JSON")


class MessageWriter:
    """Writes frames in a thread of its own, so that a client that does not read blocks nothing."""

    def __init__(self, write: Callable[[bytes], object], lost: Callable[[], None]) -> None:
        """`lost` is called once, in the thread, when the client no longer reads."""
        self._write = write
        self._lost = lost
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def send(self, message: Any) -> None:
        """Send one message, given as JSON values."""
        self.send_text(json.dumps(message, ensure_ascii=False, separators=(",", ":")))

    def send_text(self, body: str) -> None:
        """Send one message, given as JSON text.

        Lone surrogates, which file names that are not UTF-8 contain, become U+FFFD: strict decoders refuse them.
        """
        data = _SURROGATES.sub("\ufffd", body).encode()
        self._queue.put(b"Content-Length: %d\r\n\r\n" % len(data) + data)

    def close(self, timeout: float = 2.0) -> None:
        """Write the messages that are waiting; takes at most `timeout` seconds."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                self._write(data)
        except (OSError, ValueError):
            self._lost()
