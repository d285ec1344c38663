"""Reads from copies of the database that PostgreSQL keeps (streaming replication), if they are not too far behind.

How far a replica is behind follows from positions in the primary's log. A thread notes the primary's every second; what
a replica has replayed is then at most as old as the first look after it. No clocks of machines are compared. If the
primary cannot be looked at, replicas count as older and older, since nothing else is known.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from codesearch.core.errors import CodesearchError, StoreError, UsageError
from codesearch.core.log import Log
from codesearch.server import schema
from codesearch.server.connect import REST_SECONDS, Pool, TooBusyError, shown
from codesearch.server.metrics import Counter, Family, gauge

if TYPE_CHECKING:
    from codesearch.server.database import Database

log = Log("codesearch.server")

MOST_LAG = 10.0
"""Seconds that a replica may be behind for a question, unless an option says otherwise."""
LOOKS_EACH = 1.0
"""Seconds between two looks at the primary."""
MOST_LOOKS = 600
MOST_WRITERS = 10_000
_POSITION = b"SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
_REPLAYED = b"SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn"
"""NULL on a server that is no replica."""


class Read(NamedTuple):
    """A transaction for a question, and how old what it sees may be."""

    db: Database
    lag: float | None
    """The maximum number of seconds behind the primary; None on the primary itself."""
    problem: str = ""


class WrongReplicaError(StoreError):
    """A replica is a copy of another database."""


def by_database(given: Sequence[str], count: int) -> list[list[str]]:
    """Return the URLs of the replicas of each of `count` databases: of several, `NUMBER=URL` says of which one.

    Raises UsageError.
    """
    found: list[list[str]] = [[] for _ in range(count)]
    for one in given:
        number, separator, url = one.partition("=")
        named = bool(separator) and number.isascii() and number.isdigit() and len(number) <= 4
        if not named and count > 1:
            raise UsageError(
                f"--replica {shown(one)}: with several databases, say which of them it copies: 1=postgresql://..."
            )
        at = int(number) if named else 1
        if not 1 <= at <= count:
            raise UsageError(f"--replica {number}={shown(url)}: --store names {count} databases, numbered from 1")
        found[at - 1].append(url if named else one)
    return found


class Replicas:
    """The primary and its replicas, as questions see them. Thread-safe."""

    def __init__(
        self,
        primary: Pool,
        replicas: Sequence[Pool] = (),
        most_lag: float = MOST_LAG,
        clock: Callable[[], float] = time.monotonic,
        *,
        place: schema.Place | None = None,
    ) -> None:
        """Without replicas, everything is read from the primary. `place` is which shard of a server that is."""
        self.primary, self._replicas, self._most, self._clock = primary, replicas, most_lag, clock
        self._place, self._name = place, "the database" if place is None else f"database {place.number + 1}"
        self._checked: set[int] = set()
        """The replicas that are known to be copies of this database."""
        self._primary_rests = float("-inf")
        """Until when the primary is left alone if a replica can answer, because it could not be reached."""
        self._lock = threading.Lock()
        self._looks: deque[tuple[float, int]] = deque(maxlen=MOST_LOOKS)
        """(when, position of the primary), the oldest first."""
        self._wrote: dict[str, int] = {}
        """Who wrote -> the position after that; the latest writer is the last one."""
        self._lags: dict[int, float] = {}
        self._turn = 0
        self._reads = Counter("codesearch_reads_total", "Questions by what answered them.", ["from"])
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if replicas:
            self._thread = threading.Thread(target=self._keep_looking, name="codesearch-primary", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the looks at the primary, and close the connections to the replicas."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        for pool in self._replicas:
            pool.close()

    def check(self) -> None:
        """Raise StoreError unless the primary or a replica can be reached and has the schema of this program."""
        try:
            self.primary.check()
        except StoreError:
            for pool in self._replicas:
                with suppress(StoreError, TooBusyError):
                    pool.check()
                    return
            raise

    def check_copies(self) -> None:
        """Raise WrongReplicaError if a replica that can be reached is a copy of another database."""
        for number, pool in enumerate(self._replicas):
            self._check_copy_of(number, pool)

    def _check_copy_of(self, number: int, pool: Pool) -> None:
        try:
            self._replayed(number, pool)
        except WrongReplicaError:
            raise
        except (StoreError, TooBusyError) as error:
            log.warning("a replica is left out: %s", error)

    def wrote(self, key: str) -> None:
        """Note that a client has changed something: its questions see that, wherever they are answered."""
        if not self._replicas:
            return
        position = self.look()
        if position is None:
            return  # then its questions to replicas are as old as those of others
        with self._lock:
            self._wrote.pop(key, None)
            self._wrote[key] = position
            if len(self._wrote) > MOST_WRITERS:
                del self._wrote[next(iter(self._wrote))]

    def look(self) -> int | None:
        """Note the position of the primary now, and return it; None if it cannot be reached."""
        now = self._clock()
        try:
            with self.primary.transaction("") as db:
                row = db.execute(_POSITION).fetchone()
        except CodesearchError as error:
            log.warning("the position of the primary cannot be read: %s", error)
            return None
        assert row is not None
        with self._lock:
            self._looks.append((now, int(row[0])))
        return int(row[0])

    def _keep_looking(self) -> None:
        while True:
            self.look()
            if self._ended.wait(LOOKS_EACH):
                return

    def _lag(self, replayed: int) -> float:
        """Return how many seconds old the state of a replica is at most; infinite if that is not known."""
        with self._lock:
            known = next((when for when, position in reversed(self._looks) if position <= replayed), None)
        return float("inf") if known is None else max(0.0, self._clock() - known)

    @contextmanager
    def reading(self, who: str, key: str = "") -> Iterator[Read]:
        """Lend a transaction for a question, of the client `key`; see `Pool.transaction`."""
        with ExitStack() as stack:
            yield self._chosen(stack, who, key)

    def _chosen(self, stack: ExitStack, who: str, key: str) -> Read:
        if not self._replicas:
            return Read(stack.enter_context(self.primary.transaction(who)), None)
        stale: list[tuple[float, Pool]] = []
        with self._lock:
            least = self._wrote.get(key, 0)
        for number in self._in_turn():
            pool = self._replicas[number]
            try:
                replayed = self._replayed(number, pool)
                lag = self._lag(replayed)
                with self._lock:
                    self._lags[number] = lag
                if lag > self._most or replayed < least:
                    stale.append((lag, pool))
                    continue
                db = stack.enter_context(pool.transaction(who))
            except (StoreError, TooBusyError) as error:
                with self._lock:
                    self._lags.pop(number, None)
                    self._checked.discard(number)
                log.warning("a replica is left out: %s", error)
                continue
            self._reads.add("replica")
            return Read(db, lag)
        return self._from_primary(stack, who, stale)

    def _from_primary(self, stack: ExitStack, who: str, stale: list[tuple[float, Pool]]) -> Read:
        with self._lock:
            rests = self._clock() < self._primary_rests
        if rests and (read := self._from_stale(stack, who, stale)) is not None:
            return read
        try:
            db = stack.enter_context(self.primary.transaction(who))
        except StoreError:
            with self._lock:
                self._primary_rests = self._clock() + REST_SECONDS
            if not rests and (read := self._from_stale(stack, who, stale)) is not None:
                return read
            raise
        self._reads.add("primary")
        return Read(db, None)

    def _from_stale(self, stack: ExitStack, who: str, stale: list[tuple[float, Pool]]) -> Read | None:
        """Return a transaction of the newest replica that answers; None if none does."""
        for lag, pool in sorted(stale, key=lambda pair: pair[0]):
            try:
                db = stack.enter_context(pool.transaction(who))
            except (StoreError, TooBusyError):
                continue
            self._reads.add("stale")
            age = "of an unknown age" if lag == float("inf") else f"up to {lag:,.0f} s old"
            known = None if lag == float("inf") else lag
            return Read(db, known, f"{self._name} cannot be reached; the answer is from a copy that is {age}")
        return None

    def _in_turn(self) -> list[int]:
        count = len(self._replicas)
        with self._lock:
            self._turn = (self._turn + 1) % count
            return [(self._turn + step) % count for step in range(count)]

    def _replayed(self, number: int, pool: Pool) -> int:
        """Return how far a replica is, before anything is read from it. Raises WrongReplicaError, StoreError."""
        with pool.transaction("") as db:
            row = db.execute(_REPLAYED).fetchone()
            if row is None or row[0] is None:
                raise StoreError(f"{shown(pool.url)}: this is no replica")
            with self._lock:
                is_known = number in self._checked
            if not is_known:
                self._compare(pool.url, schema.place(db))
                with self._lock:
                    self._checked.add(number)
        return int(row[0])

    def _compare(self, url: str, found: schema.Place | None) -> None:
        own = self._place
        if (own and own[:2]) != (found and found[:2]):  # there may be more databases by now
            of = "a database that is no shard" if found is None else f"database {found.number + 1} of a server"
            raise WrongReplicaError(f"{shown(url)}: this is a replica of {of}, and not of {shown(self.primary.url)}")

    def families(self) -> Iterator[Family]:
        """Yield what was counted, and how far each replica was behind when it was asked last."""
        if not self._replicas:
            return
        yield self._reads.family()
        with self._lock:
            known = sorted(self._lags.items())
        lags = [((("replica", str(number + 1)),), lag) for number, lag in known]
        yield gauge("codesearch_replica_lag_seconds", "How far a replica is behind the primary at most.", lags)
