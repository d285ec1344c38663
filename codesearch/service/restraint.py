"""How work in the background leaves the machine to others: low priority, and less of it on battery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from codesearch.core import power, priority
from codesearch.indexing.pool import Pool, WarmPools
from codesearch.indexing.worker import Setup

T = TypeVar("T")

IDLE_SECONDS = 10.0
"""Seconds that a worker for the background waits for the next batch."""
READING_ON_BATTERY = "this machine runs on battery, so only one process reads files"
EMBEDDING_ON_BATTERY = "this machine runs on battery, so embedding waits until it is plugged in"


class Restraint:
    """Lends worker processes to updates that no query waits for, and does other such work. Thread-safe."""

    def __init__(self, supplies: Path = power.SUPPLIES) -> None:
        """`supplies` is where Linux describes the power supplies."""
        self._power = power.PowerSource(supplies)
        self._pools = WarmPools(several_for=IDLE_SECONDS, one_for=IDLE_SECONDS)
        self._several = False
        """More than one worker was lent last."""

    @property
    def on_battery(self) -> bool:
        """Whether the machine runs on battery."""
        return self._power.on_battery

    @contextmanager
    def workers(self, setup: Setup, workers: int) -> Iterator[Pool]:
        """Lend workers with low priority: one on battery, else as many as asked for."""
        if self.on_battery:
            if self._several:
                self._pools.close()
            workers = 1
        self._several = workers > 1
        with self._pools(replace(setup, low_priority=True), workers) as pool:
            yield pool

    def do(self, work: Callable[[], T]) -> T:
        """Do work of this process with low priority, if the system has one per thread. Raises what it raises."""
        return priority.at_low_priority(work)

    def tidy(self) -> None:
        """End idle workers."""
        self._pools.tidy()

    def close(self) -> None:
        """End all workers."""
        self._pools.close()
