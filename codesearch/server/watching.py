"""What a gateway tells about its requests: an id for each, a line of its log, and counts for Prometheus."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from codesearch._version import __version__
from codesearch.core.errors import CodesearchError
from codesearch.core.log import Log
from codesearch.mcp.http.server import Account
from codesearch.mcp.http.wire import Head
from codesearch.server.connect import Pool
from codesearch.server.metrics import Counter, Family, Histogram, gauge, labelled, process, text

log = Log("codesearch.server")

SIZES_SECONDS = 60.0
"""How old the sizes of tables may be before they are read again."""

ID_HEADER = "X-Request-Id"
_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
OTHER = "other"
"""The route of a request for something that the server does not have; a label may not have any number of values."""

_SIZES = (
    b"SELECT c.relname, greatest(c.reltuples, 0), pg_total_relation_size(c.oid) FROM pg_class c "
    b"WHERE c.relnamespace = 'codesearch'::regnamespace AND c.relkind = 'r' ORDER BY 1"
)

_about: ContextVar[dict[str, Any] | None] = ContextVar("codesearch_request", default=None)
"""What is known about the request that this thread answers."""


def about_request() -> dict[str, Any]:
    """Return what is known about the request of this thread: its id, who asks, and so on."""
    return dict(_about.get() or {})


def note(**facts: Any) -> None:
    """Add facts to what the log says about the request of this thread."""
    if (known := _about.get()) is not None:
        known.update(facts)


class Watch:
    """Counts the requests of a gateway and logs each of them. Thread-safe."""

    def __init__(
        self, routes: Iterable[str], pools: Sequence[Pool], more: Callable[[], Iterable[Family]] = lambda: ()
    ) -> None:
        """`pools` are those of the databases; `more` gives further metrics."""
        self._more = more
        self._routes, self._pools, self._sizes = frozenset(routes), pools, [Sizes(pool) for pool in pools]
        self._lock = threading.Lock()
        self._open = 0
        self.requests = Counter("codesearch_http_requests_total", "Requests that were answered.", ["route", "status"])
        self.seconds = Histogram(
            "codesearch_http_request_duration_seconds", "From the head of a request to its last byte sent.", ["route"]
        )
        self.received = Counter("codesearch_http_request_bytes_total", "Bytes of bodies received.", ["route"])
        self.sent = Counter("codesearch_http_response_bytes_total", "Bytes of bodies sent.", ["route"])
        self.hits = Counter("codesearch_hits_total", "Hits in answers.", ["route"])
        self.pushed_files = Counter("codesearch_push_files_total", "Versions of files that pushes have added.")
        self.pushed_symbols = Counter("codesearch_push_symbols_total", "Symbols that pushes have sent.")
        self.switched = Counter("codesearch_push_refs_total", "Branches that pushes have switched.")

    @contextmanager
    def watched(self, head: Head | None) -> Iterator[Account]:
        """Count and log a request, whose head is None if it cannot be read."""
        route, method = (OTHER, "?") if head is None else (self._route(head), head.method)
        given = "" if head is None else head.joined(ID_HEADER.lower())
        id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        peer = "" if head is None else head.peer
        token = _about.set({"request_id": id, "method": method, "route": route, "peer": peer})
        account, start = Account([(ID_HEADER, id)]), time.monotonic()
        with self._lock:
            self._open += 1
        try:
            yield account
        except Exception as error:
            if not isinstance(error, OSError):
                account.status = 500
            raise
        finally:
            seconds = time.monotonic() - start
            with self._lock:
                self._open -= 1
            self.requests.add(route, str(account.status))
            self.seconds.add(seconds, route)
            self.received.add(route, by=account.received)
            self.sent.add(route, by=account.sent)
            note(status=account.status, seconds=round(seconds, 6), received=account.received, sent=account.sent)
            log.info("%s %s %d in %.0f ms", method, route, account.status, 1000 * seconds)
            _about.reset(token)

    def _route(self, head: Head) -> str:
        path = head.target.partition("?")[0]
        return path if path in self._routes else OTHER

    def close(self) -> None:
        """Leave the database alone from now on; call it before the pool is closed."""
        for one in self._sizes:
            one.close()

    def metrics(self) -> bytes:
        """Return all counts, and the state of the database, as Prometheus reads them."""
        return text(self._families())

    def _families(self) -> Iterator[Family]:
        yield gauge("codesearch_build_info", "The version of codesearch.", [((("version", __version__),), 1)])
        for counted in (self.requests, self.seconds, self.received, self.sent, self.hits):
            yield counted.family()
        with self._lock:
            open_now = self._open
        yield gauge("codesearch_http_requests_in_progress", "Requests that are being answered.", [((), open_now)])
        for counted in (self.pushed_files, self.pushed_symbols, self.switched):
            yield counted.family()
        yield from labelled("shard", {str(at): one.figures.families() for at, one in enumerate(self._pools, 1)})
        yield from labelled("shard", {str(at): one.families() for at, one in enumerate(self._sizes, 1)})
        yield from self._more()
        yield from process()


class Sizes:
    """How large the tables are, read now and then beside the requests, so that no scrape waits for the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._read = -SIZES_SECONDS
        self._thread: threading.Thread | None = None
        self._is_up: bool | None = None
        self._tables: list[tuple[str, float, float]] = []

    def families(self) -> Iterator[Family]:
        """Yield what was read last; if that is old, it is read again for the next time."""
        with self._lock:
            is_old = time.monotonic() - self._read >= SIZES_SECONDS
            if is_old:
                self._read = time.monotonic()
            is_up, tables = self._is_up, self._tables
        if is_old:
            self._thread = threading.Thread(target=self._renew, name="codesearch-sizes", daemon=True)
            self._thread.start()
        if is_up is None:
            return
        yield gauge("codesearch_database_up", "Whether the sizes of tables could be read the last time.", [((), is_up)])
        if not tables:
            return
        rows = [((("table", name),), rows) for name, rows, _ in tables]
        yield gauge("codesearch_table_rows", "Rows of a table, as PostgreSQL estimates them.", rows)
        sizes = [((("table", name),), size) for name, _, size in tables]
        yield gauge("codesearch_table_size_bytes", "Bytes of a table with its indexes.", sizes)

    def close(self) -> None:
        """Wait until nothing is being read."""
        if (thread := self._thread) is not None:
            thread.join()

    def _renew(self) -> None:
        try:
            with self._pool.transaction("") as db:
                rows = db.execute(_SIZES).fetchall()
        except CodesearchError as error:
            log.warning("the sizes of tables cannot be read: %s", error)
            with self._lock:
                self._is_up = False
            return
        with self._lock:
            self._is_up = True
            self._tables = [(str(name), float(count), float(size)) for name, count, size in rows]
