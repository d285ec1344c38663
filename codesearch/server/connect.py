"""Connections to PostgreSQL: a small pool, transactions in the name of the one who asks, errors in plain words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import CodesearchError, StoreError, UsageError
from codesearch.core.libraries import install_command
from codesearch.core.log import Log
from codesearch.server import policies, schema
from codesearch.server.metrics import PoolFigures

if TYPE_CHECKING:
    from codesearch.server.database import Database

log = Log("codesearch.server")

MOST_CONNECTIONS = 16
WAIT_SECONDS = 10.0
"""Seconds that a request waits for a connection."""
STATEMENT_SECONDS = 60
WRITE_SECONDS = 600
"""Seconds that a statement of a question, and of a push, may take: one adds thousands of vectors to their index."""
CONNECT_SECONDS = 10
SILENT_SECONDS = 30
"""How long a database may not answer the network before the connection counts as broken."""
REST_SECONDS = 5.0
"""How long a server that could not be reached is left alone, if an answer is possible without it."""
EF_SEARCH = 400
"""How many neighbours HNSW keeps in view: .97 of the true fifty nearest are found in a million."""


_SETTINGS: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "codesearch",
    "keepalives_idle": SILENT_SECONDS // 3,
    "keepalives_interval": SILENT_SECONDS // 6,
    "keepalives_count": 4,
    "tcp_user_timeout": 1000 * SILENT_SECONDS,
}


class TooBusyError(CodesearchError):
    """All connections are in use, or a question takes the database too long."""


def driver() -> Any:
    """Return the module psycopg. Raises UsageError if it is missing."""
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(f"PostgreSQL needs the library psycopg: {install_command('psycopg[binary]')}") from error
    return psycopg


def connect(url: str) -> Database:
    """Connect to a database.

    Raises UsageError for the URL of another one, StoreError if it cannot be reached or does not keep UTF-8.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError(f"--store {shown(url)}: write postgresql://USER@HOST/DATABASE")
    psycopg = driver()
    try:
        db: Database = psycopg.connect(url, **_SETTINGS)
    except (psycopg.Error, ValueError) as error:
        raise StoreError(f"{shown(url)}: the database cannot be reached: {_first_line(error)}") from error
    if (encoding := db.info.parameter_status("server_encoding")) != "UTF8":
        db.close()
        raise StoreError(
            f"{shown(url)}: the database has the encoding {encoding}, and codesearch needs UTF8: make it with "
            "`createdb --encoding UTF8 --template template0`"
        )
    return db


def shown(url: str) -> str:
    """Return a URL without its password."""
    head, separator, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{head}{separator}{user.partition(':')[0]}{at}{place}"


@contextmanager
def administering(url: str) -> Iterator[Database]:
    """Lend a transaction of the owner of the tables, after the migrations that are missing."""
    db = connect(url)
    try:
        with explained(url), db.transaction():
            schema.migrate(db)
            db.execute("SET LOCAL search_path = codesearch, public")
            yield db
    finally:
        db.close()


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn errors of PostgreSQL into errors that say what to do."""
    psycopg = driver()
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise TooBusyError("this took the database too long; ask for less, or try again later") from error
    except psycopg.errors.LockNotAvailable as error:
        raise TooBusyError(
            f"{shown(url)}: a table is in use, so the schema could not be changed, and is as before; try again"
        ) from error
    except psycopg.OperationalError as error:
        raise StoreError(f"{shown(url)}: the database cannot be reached: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise StoreError(f"{shown(url)}: PostgreSQL refused: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Pool:
    """Connections for the threads of a gateway. A broken connection is replaced by a new one."""

    def __init__(self, url: str, most: int = MOST_CONNECTIONS) -> None:
        self.url = url
        self._free: list[Database] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(most)
        self.figures = PoolFigures(most)

    def check(self) -> None:
        """Raise StoreError unless the database can be reached and has the schema of this program."""
        with self._lent() as db, db.transaction():
            schema.check(db)

    @contextmanager
    def transaction(self, who: str) -> Iterator[Database]:
        """Lend a transaction in which only what `who` may see exists. All of its reads are of one moment.

        Raises StoreError if the database cannot be reached, TooBusyError.
        """
        with self._lent() as db, explained(self.url), db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._as(db, who)
            yield db

    @contextmanager
    def writing(self, who: str) -> Iterator[Database]:
        """Lend a transaction that may write; each statement sees what others have committed before it."""
        with self._lent() as db, explained(self.url), db.transaction():
            self._as(db, who, WRITE_SECONDS)
            yield db

    @staticmethod
    def become(db: Database, who: str) -> None:
        """Let the rest of a transaction see what `who` may see."""
        db.execute("SELECT set_config('codesearch.who', %s, true)", [who])

    @staticmethod
    def _as(db: Database, who: str, seconds: int = STATEMENT_SECONDS) -> None:
        values = {
            "codesearch.who": who,
            "role": policies.APP,
            "search_path": "codesearch, public",
            "statement_timeout": f"{seconds}s",
            "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS}s",
            "hnsw.ef_search": str(EF_SEARCH),
            "hnsw.iterative_scan": "relaxed_order",
            "jit": "off",
        }
        db.execute(
            f"SELECT {', '.join(['set_config(%s, %s, true)'] * len(values))}".encode(),
            [text for pair in values.items() for text in pair],
        )

    @contextmanager
    def _lent(self) -> Iterator[Database]:
        start = time.monotonic()
        if not self._room.acquire(timeout=WAIT_SECONDS):
            self.figures.failed("busy")
            raise TooBusyError("all connections to the database are in use; try again")
        self.figures.lent(time.monotonic() - start)
        try:
            with self._lock:
                db = self._free.pop() if self._free else None
                self.figures.keeps(len(self._free))
            if db is None or db.closed:
                db = connect(self.url)
            try:
                yield db
            finally:
                if db.broken or db.closed:
                    with suppress(Exception):
                        db.close()
                    self.close()  # the others may be as old
                else:
                    with self._lock:
                        self._free.append(db)
                        self.figures.keeps(len(self._free))
        except (TooBusyError, StoreError) as error:
            self.figures.failed("slow" if isinstance(error, TooBusyError) else "failed")
            raise
        finally:
            self.figures.returned()
            self._room.release()

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            while self._free:
                self._free.pop().close()
            self.figures.keeps(0)
