"""The transactions of one question: one in each database that can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, wait
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from codesearch.server.connect import explained

if TYPE_CHECKING:
    from codesearch.server.database import Database
    from codesearch.server.milvus import Milvus

T = TypeVar("T")


class Transactions(NamedTuple):
    """Databases by their numbers, each in a transaction of the one who asks."""

    of: Mapping[int, Database]
    urls: Sequence[str] = ()
    executor: Executor | None = None
    """Asks several databases at the same time."""
    missing: frozenset[str] = frozenset()
    """The repositories that the one who asks may see and whose databases cannot be reached."""
    milvus: Milvus | None = None
    """Finds the nearest contents of databases whose vectors it has."""

    def each(self, ask: Callable[[int, Database], T], numbers: Iterable[int] | None = None) -> list[T]:
        """Return what databases answer, in the order of their numbers; several are asked at the same time."""
        chosen = sorted(self.of if numbers is None else numbers)
        if self.executor is None or len(chosen) < 2:
            return [ask(number, self.of[number]) for number in chosen]

        def asked(number: int) -> T:
            with explained(self.urls[number]):
                return ask(number, self.of[number])

        futures = [self.executor.submit(asked, number) for number in chosen]
        wait(futures)  # also if one fails: the others must not use a connection that was given back
        return [one.result() for one in futures]


def not_searched(missing: Iterable[str]) -> str:
    """Return what to say about repositories whose databases cannot be reached; "" if there are none."""
    names = sorted(missing)
    return f"not searched, because the database cannot be reached: {', '.join(names)}" if names else ""


def alone(db: Database) -> Transactions:
    """Return the transaction of the only database."""
    return Transactions({0: db})
