"""Money in cents, rounded the way invoices must be."""

from decimal import ROUND_HALF_EVEN, Decimal

VAT = {"food": Decimal("0.07"), "other": Decimal("0.19")}
"""Rates of value added tax by the kind of product."""


def round_half_even(amount: Decimal) -> int:
    """Round to whole cents; halves go to the even neighbour, so that errors do not add up."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def with_vat(net_cents: int, kind: str) -> int:
    """Return a price with value added tax."""
    return round_half_even(net_cents * (1 + VAT[kind]))


def format_price(cents: int, currency: str = "EUR") -> str:
    """Write an amount for people: `1,234.50 EUR`."""
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{sign}{euros:,}.{rest:02} {currency}"


def parse_price(text: str) -> int:
    """Read what `format_price` wrote, or what a customer typed with a comma.

    Raises ValueError for anything else.
    """
    number, _, _currency = text.strip().partition(" ")
    if "," in number and "." not in number:
        number = number.replace(",", ".")
    amount = Decimal(number.replace(",", ""))
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"{text!r} is more precise than a cent")
    return int(amount * 100)


def split_evenly(cents: int, parts: int) -> list[int]:
    """Split an amount into parts that differ by at most one cent and add up to it."""
    share, rest = divmod(cents, parts)
    return [share + (number < rest) for number in range(parts)]
