"""What a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass, field

from shop.errors import UnknownSku
from shop.prices import with_vat
from shop.vouchers import Voucher

MOST_LINES = 200
"""A cart with more lines belongs to a scraper."""


@dataclass
class CartLine:
    """One product and how many of it."""

    sku: str
    count: int
    net_cents: int
    kind: str = "food"

    @property
    def total_cents(self) -> int:
        """Price of the line with tax."""
        return with_vat(self.net_cents * self.count, self.kind)


@dataclass
class ShoppingCart:
    """The lines of one customer, merged by product."""

    customer: int
    lines: dict[str, CartLine] = field(default_factory=dict)
    voucher: Voucher | None = None

    def add(self, sku: str, count: int, net_cents: int) -> CartLine:
        """Put a product into the cart; a second time only raises its count."""
        if sku in self.lines:
            self.lines[sku].count += count
        elif len(self.lines) >= MOST_LINES:
            raise ValueError("this cart is full")
        else:
            self.lines[sku] = CartLine(sku, count, net_cents)
        return self.lines[sku]

    def remove(self, sku: str) -> None:
        """Take a product out again."""
        if self.lines.pop(sku, None) is None:
            raise UnknownSku(sku)

    def total(self) -> int:
        """Sum of all lines in cents, less the voucher."""
        before = sum(line.total_cents for line in self.lines.values())
        return before - (self.voucher.discount(before) if self.voucher else 0)

    def merge(self, other: ShoppingCart) -> None:
        """Take over the cart that was filled before the customer signed in."""
        for line in other.lines.values():
            self.add(line.sku, line.count, line.net_cents)
        self.voucher = self.voucher or other.voucher

    def __len__(self) -> int:
        return len(self.lines)
