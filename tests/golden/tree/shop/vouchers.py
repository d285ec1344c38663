"""Codes that make an order cheaper."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from shop.errors import VoucherExpired


@dataclass(frozen=True)
class Voucher:
    """A percentage off, up to a limit, until a given day."""

    code: str
    percent: int
    most_cents: int
    last_day: date

    def discount(self, cents: int) -> int:
        """Return the reduction for an amount."""
        return min(cents * self.percent // 100, self.most_cents)

    def check(self, today: date) -> None:
        """Raise VoucherExpired after its last day."""
        if today > self.last_day:
            raise VoucherExpired(f"the voucher {self.code} ended on {self.last_day:%d %B}")


def sign_code(number: int, secret: bytes) -> str:
    """Return a code that cannot be guessed: the number and part of its keyed hash."""
    digest = hmac.new(secret, str(number).encode(), sha256).hexdigest()
    return f"{number}-{digest[:8]}".upper()


def is_genuine(code: str, secret: bytes) -> bool:
    """Return whether `sign_code` made this code; takes the same time however much of it is right."""
    number, _, _ = code.partition("-")
    return number.isdigit() and hmac.compare_digest(sign_code(int(number), secret), code.upper())
