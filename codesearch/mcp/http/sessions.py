"""The sessions of clients that begin with a handshake, and the calls that are being answered."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from codesearch.mcp.methods import Answering, Methods

SESSION_SECONDS = 8 * 3600.0
"""Seconds after its last request that a session ends."""
MOST_SESSIONS = 256
"""When there are more, the one that was used least recently ends."""
MOST_CALLS = 32
"""Slow requests that are answered at the same time; more are refused."""
POLL_SECONDS = 0.1


class BusyError(Exception):
    """Too many requests are being answered."""


class OpenCall:
    """A slow request, from its beginning until it is answered or not wanted any more."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.cancelled = False

    def cancel(self) -> None:
        """Do not wait for the answer."""
        self.cancelled = True
        self.over.set()


class Session:
    """What the server knows about a client since its handshake."""

    def __init__(self, methods: Methods) -> None:
        self.methods = methods
        self.used = 0.0
        self.calls: dict[str | int, OpenCall] = {}
        """By the id of the request."""


class Sessions:
    """All sessions, by id. Thread-safe."""

    def __init__(self, backend: Answering, now: Callable[[], float] = time.monotonic) -> None:
        self._backend, self._now = backend, now
        self._sessions: dict[str, Session] = {}
        """The least recently used first."""
        self._lock = threading.Lock()

    def begin(self) -> tuple[str, Session]:
        """Return a new session and its id."""
        name, session = secrets.token_urlsafe(24), Session(Methods(self._backend))
        with self._lock:
            self._expire()
            while len(self._sessions) >= MOST_SESSIONS:
                self._end(next(iter(self._sessions)))
            session.used = self._now()
            self._sessions[name] = session
        return name, session

    def find(self, name: str) -> Session | None:
        """Return a session, which is then used."""
        with self._lock:
            self._expire()
            session = self._sessions.pop(name, None)
            if session is not None:
                session.used = self._now()
                self._sessions[name] = session
            return session

    def end(self, name: str) -> bool:
        """End a session and its calls; return whether there was one."""
        with self._lock:
            self._expire()
            return self._end(name)

    def _end(self, name: str) -> bool:
        session = self._sessions.pop(name, None)
        for call in list(session.calls.values()) if session is not None else ():
            call.cancel()
        return session is not None

    def _expire(self) -> None:
        oldest = self._now() - SESSION_SECONDS
        for name in [name for name, session in self._sessions.items() if session.used < oldest]:
            self._end(name)


class Calls:
    """Answers slow requests, each in a thread of its own, so that the connection notices when its client goes away."""

    def __init__(self, most: int = MOST_CALLS) -> None:
        self._free = threading.BoundedSemaphore(most)

    def answer(
        self, work: Callable[[Callable[[], bool]], object], call: OpenCall, is_gone: Callable[[], bool]
    ) -> object:
        """Return what `work` returns, or None if the call is cancelled or its client goes away. Raises BusyError.

        `work` gets a function that says whether its answer is still wanted. Work that is not wanted any more keeps its
        place until it ends.
        """
        if not self._free.acquire(blocking=False):
            raise BusyError
        found: list[object] = []

        def run() -> None:
            try:
                found.append(work(lambda: not call.cancelled))
            finally:
                self._free.release()
                call.over.set()

        try:
            threading.Thread(target=run, name="codesearch-call", daemon=True).start()
        except RuntimeError as error:  # the system allows no more threads
            self._free.release()
            raise BusyError from error
        while not call.over.wait(POLL_SECONDS):
            if is_gone():
                call.cancel()
        return found[0] if found and not call.cancelled else None
