"""The databases of a server: one, or several that are shards of whole repositories.

Every database knows who has which token, the names of all repositories and who may see them; what a repository holds
is in one of them. So questions are answered although a database cannot be reached, and the answer says what is missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from codesearch.core.errors import NotFoundError, StoreError
from codesearch.core.log import Log
from codesearch.mcp.http.wire import RefusedError
from codesearch.server.connect import REST_SECONDS, Pool
from codesearch.server.metrics import Family, labelled
from codesearch.server.replicas import Read, Replicas
from codesearch.server.transactions import Transactions

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.milvus import Milvus

log = Log("codesearch.server")

_MOST_THREADS = 32
_MOST_HOMES = 100_000

T = TypeVar("T")
Known = Callable[["Database"], str]
"""Says who asks, in a transaction that then is theirs."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question may read."""

    transactions: Transactions
    who: str
    lag: float | None
    """As `replicas.Read.lag`; of several databases, the longest."""
    problem: str


class Databases:
    """The databases of a server. Thread-safe."""

    def __init__(
        self,
        shards: Sequence[Replicas],
        clock: Callable[[], float] = time.monotonic,
        milvus: Milvus | None = None,
    ) -> None:
        """With `milvus`, that has the vectors, too."""
        self._shards, self._clock = shards, clock
        self.pools = [one.primary for one in shards]
        self.milvus = milvus
        self._lock = threading.Lock()
        self._rests: dict[int, float] = {}
        """By the number of a database that could not be reached: until when it is left alone."""
        self._homes: dict[str, int] = {}
        """Where repositories were found last: only where to look first."""
        self._executor = ThreadPoolExecutor(_MOST_THREADS, "codesearch-shard") if len(shards) > 1 else None

    @classmethod
    def of(cls, pools: Sequence[Pool]) -> Databases:
        """Return databases without replicas."""
        return cls([Replicas(pool) for pool in pools])

    def close(self) -> None:
        """Close all connections that are not in use."""
        if self._executor is not None:
            self._executor.shutdown()
        for one in self._shards:
            one.close()
        for pool in self.pools:
            pool.close()
        if self.milvus is not None:
            self.milvus.close()

    def check(self) -> None:
        """Raise StoreError unless a database can be reached and has the schema of this program."""
        failed = list(filter(None, map(_failure, self._shards)))
        if len(failed) == len(self._shards):
            raise failed[0]

    def check_copies(self) -> None:
        """Raise WrongReplicaError if a replica that can be reached is a copy of another database."""
        for one in self._shards:
            one.check_copies()

    def wrote(self, key: str, name: str) -> None:
        """Note that a client has changed a repository; see `Replicas.wrote`."""
        with self._lock:
            home = self._homes.get(name)
        for one in self._shards if home is None else [self._shards[home]]:
            one.wrote(key)

    @contextmanager
    def reading(self, who: str, key: str, known: Known) -> Iterator[Reading]:
        """Lend a transaction in each database that can be reached. Raises StoreError if none can be, TooBusyError."""
        failed: StoreError | None = None
        asker, problems, lags, of = who, [], [], {}
        with ExitStack() as stack:
            for number in self._awake():
                try:
                    read, asker = stack.enter_context(_asked(self._shards[number], who, key, known))
                except StoreError as error:
                    failed = error
                    self._leave_alone(number, error)
                    continue
                self._wake(number)
                problems.append(read.problem)
                lags += [] if read.lag is None else [read.lag]
                of[number] = read.db
            if not of:
                assert failed is not None
                raise failed
            urls = [pool.url for pool in self.pools]
            transactions = Transactions(of, urls, self._executor, milvus=self.milvus)
            missing = _missing(transactions)
            yield Reading(
                transactions._replace(missing=missing),
                asker,
                max(lags, default=None),
                "; ".join(filter(None, problems)),
            )

    @contextmanager
    def home(
        self,
        name: str,
        lend: Callable[[Pool], AbstractContextManager[Database]],
        known: Known,
        find: Callable[[Database], T | None],
        missing: str,
    ) -> Iterator[tuple[Database, str, T]]:
        """Lend a transaction in the database where `find` finds a repository, with who asks and what it found.

        Raises NotFoundError (`missing`) if it is in none, StoreError if it may be in one that cannot be
        reached, TooBusyError.
        """
        failed: StoreError | None = None
        with self._lock:
            first = self._homes.get(name, 0)
        for number in sorted(range(len(self.pools)), key=lambda one: (one != first, one)):
            with ExitStack() as stack:
                try:
                    db, asker, found = stack.enter_context(_looked(lend(self.pools[number]), known, find))
                except StoreError as error:
                    failed = failed or error
                    continue
                if found is not None:
                    self._remember(name, number)
                    yield db, asker, found
                    return
        if failed is not None:
            raise failed
        raise NotFoundError(missing)

    def families(self) -> Iterator[Family]:
        """Yield what was counted about replicas and Milvus."""
        yield from labelled("shard", {str(at): one.families() for at, one in enumerate(self._shards, 1)})
        if self.milvus is not None:
            yield from self.milvus.families()

    def _remember(self, name: str, number: int) -> None:
        with self._lock:
            if len(self._homes) >= _MOST_HOMES:
                self._homes.clear()
            self._homes[name] = number

    def anywhere(self, ask: Callable[[Database], T]) -> T:
        """Return what a database answers, of what all of them know, as no user.

        Raises StoreError if none can be reached, TooBusyError.
        """
        failed: StoreError | None = None
        for number in self._awake():
            with ExitStack() as stack:
                try:
                    db = stack.enter_context(self.pools[number].transaction(""))
                except StoreError as error:
                    failed = error
                    self._leave_alone(number, error)
                    continue
                return ask(db)
        assert failed is not None
        raise failed

    def _awake(self) -> list[int]:
        """Return the databases to ask: all but those that could not be reached just now, or all if no other is left."""
        every = list(range(len(self._shards)))
        now = self._clock()
        with self._lock:
            return [number for number in every if self._rests.get(number, now) <= now] or every

    def _leave_alone(self, number: int, error: StoreError) -> None:
        with self._lock:
            self._rests[number] = self._clock() + REST_SECONDS
        if len(self._shards) > 1:
            log.warning("shard %d is left out: %s", number + 1, error)

    def _wake(self, number: int) -> None:
        with self._lock:
            self._rests.pop(number, None)


def _failure(shard: Replicas) -> StoreError | None:
    try:
        shard.check()
    except StoreError as error:
        return error
    return None


@contextmanager
def _asked(shard: Replicas, who: str, key: str, known: Known) -> Iterator[tuple[Read, str]]:
    """Lend a transaction in a database or a replica of it, with who asks. A token may be newer than the replica."""
    with ExitStack() as stack:
        read = stack.enter_context(shard.reading(who, key))
        try:
            asker = known(read.db)
        except RefusedError as refused:
            if read.lag is None:
                raise
            stack.close()
            try:
                read = Read(stack.enter_context(shard.primary.transaction(who)), None)
            except StoreError:
                raise refused from None
            asker = known(read.db)
        yield read, asker


@contextmanager
def _looked(
    lent: AbstractContextManager[Database], known: Known, find: Callable[[Database], T | None]
) -> Iterator[tuple[Database, str, T | None]]:
    with lent as db:
        yield db, known(db), find(db)


def _missing(transactions: Transactions) -> frozenset[str]:
    """Return the repositories that the one who asks may see and that are in none of some databases."""

    def names(sql: bytes) -> frozenset[str]:
        found = transactions.each(lambda _, db: [str(row[0]) for row in db.execute(sql).fetchall()])
        return frozenset(name for some in found for name in some)

    away = names(b"SELECT name FROM repo WHERE elsewhere")
    return away - names(b"SELECT name FROM repo WHERE NOT elsewhere") if away else away
