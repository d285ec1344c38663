"""Carriers and their prices."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Carrier(ABC):
    """Brings parcels to customers."""

    @abstractmethod
    def quote(self, grams: int, kilometres: int) -> int:
        """Return the price of a delivery in cents. Raises ValueError for a parcel it does not take."""


class BikeCourier(Carrier):
    """Fast, near, and light."""

    def quote(self, grams: int, kilometres: int) -> int:
        """Return the price of a delivery in cents: by distance only."""
        if grams > 8_000 or kilometres > 12:
            raise ValueError("too heavy or too far for a bike")
        return 390 + 50 * kilometres


class ParcelService(Carrier):
    """Takes everything up to thirty kilograms, anywhere."""

    def quote(self, grams: int, kilometres: int) -> int:
        """Return the price of a delivery in cents: by weight only."""
        if grams > 31_500:
            raise ValueError(f"{grams / 1000:.1f} kg are too heavy for the parcel service")
        return 490 if grams <= 5_000 else 990


class Van(Carrier):
    """The shop's own refrigerated van."""

    def quote(self, grams: int, kilometres: int) -> int:
        """Return the price of a delivery in cents: by weight and distance."""
        return 250 + grams // 1000 * 20 + 30 * kilometres


def cheapest(carriers: list[Carrier], grams: int, kilometres: int) -> Carrier:
    """Return the carrier with the lowest price among those that take the parcel."""
    prices: dict[Carrier, int] = {}
    for carrier in carriers:
        try:
            prices[carrier] = carrier.quote(grams, kilometres)
        except ValueError:
            continue
    if not prices:
        raise ValueError("no carrier takes this parcel")
    return min(prices, key=lambda carrier: prices[carrier])
