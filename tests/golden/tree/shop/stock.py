"""How many pieces of each product the warehouse has, and how many of them are promised."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shop.errors import OutOfStock

HOLD_SECONDS = 15 * 60
"""How long an unpaid reservation lasts."""


class Stock:
    """Counts by product. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._held: dict[tuple[int, str], tuple[int, float]] = {}

    def receive(self, sku: str, count: int) -> None:
        """Add a delivery."""
        with self._lock:
            self._counts[sku] = self._counts.get(sku, 0) + count

    def reserve(self, order: int, sku: str, count: int) -> None:
        """Hold products for an order until it is paid. Raises OutOfStock."""
        with self._lock:
            self._release_expired(time.monotonic())
            left = self._counts.get(sku, 0)
            if left < count:
                raise OutOfStock(sku, left)
            self._counts[sku] = left - count
            self._held[order, sku] = count, time.monotonic() + HOLD_SECONDS

    def release(self, order: int) -> None:
        """Give back what was held for an order that is not paid."""
        with self._lock:
            for key in [key for key in self._held if key[0] == order]:
                count, _ = self._held.pop(key)
                self._counts[key[1]] += count

    def _release_expired(self, now: float) -> None:
        for key, (count, until) in list(self._held.items()):
            if until < now:
                del self._held[key]
                self._counts[key[1]] += count


@contextmanager
def reserved(stock: Stock, order: int, wanted: dict[str, int]) -> Iterator[None]:
    """Hold everything an order needs; give it back if the block raises."""
    try:
        for sku, count in sorted(wanted.items()):
            stock.reserve(order, sku, count)
        yield
    except BaseException:
        stock.release(order)
        raise
