"""From a cart to a delivery."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from itertools import count

from shop.cart import ShoppingCart
from shop.errors import PaymentDeclined
from shop.stock import Stock, reserved

log = logging.getLogger(__name__)
_numbers = count(1000)


class State(Enum):
    """How far an order has come."""

    PLACED = "placed"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


_NEXT = {State.PLACED: State.PAID, State.PAID: State.PACKED, State.PACKED: State.SHIPPED}


@dataclass
class Order:
    """What was bought, the price, and the state of delivery."""

    number: int
    customer: int
    wanted: dict[str, int]
    total_cents: int
    state: State = State.PLACED
    history: list[State] = field(default_factory=list)

    def advance(self, to: State) -> None:
        """Move to the next state; no state can be skipped."""
        if _NEXT.get(self.state) is not to:
            raise ValueError(f"order {self.number} cannot go from {self.state.value} to {to.value}")
        self.history.append(self.state)
        self.state = to

    @property
    def can_be_cancelled(self) -> bool:
        """True until the warehouse has packed it."""
        return self.state in (State.PLACED, State.PAID)


def place_order(cart: ShoppingCart, stock: Stock, bank: Bank) -> Order:
    """Reserve everything, charge the customer, and empty the cart.

    Raises OutOfStock or PaymentDeclined; in that case nothing is reserved and the cart is unchanged.
    """
    wanted = {sku: line.count for sku, line in cart.lines.items()}
    order = Order(next(_numbers), cart.customer, wanted, cart.total())
    with reserved(stock, order.number, wanted):
        bank.charge(cart.customer, order.total_cents, reference=str(order.number))
    order.advance(State.PAID)
    cart.lines.clear()
    log.info("order %d placed for customer %d", order.number, order.customer)
    return order


def cancel_order(order: Order, stock: Stock, bank: Bank) -> None:
    """Give the money back and put the products on the shelf again."""
    if not order.can_be_cancelled:
        raise ValueError(f"order {order.number} is already packed and can no longer be cancelled")
    if order.state is State.PAID:
        bank.refund(order.customer, order.total_cents, reference=str(order.number))
    stock.release(order.number)
    order.state = State.CANCELLED


class Bank:
    """The payment service."""

    def __init__(self, url: str, attempts: int = 3) -> None:
        self.url = url
        self.attempts = attempts

    def charge(self, customer: int, cents: int, reference: str) -> None:
        """Take money; the reference keeps a repeated request from taking it twice."""
        answer = self._post("charge", customer=customer, cents=cents, idempotency_key=reference)
        if answer["status"] != "ok":
            raise PaymentDeclined(answer["reason"])

    def refund(self, customer: int, cents: int, reference: str) -> None:
        """Give money back."""
        self._post("refund", customer=customer, cents=cents, idempotency_key=f"refund-{reference}")

    def _post(self, what: str, **body: object) -> dict[str, str]:
        raise NotImplementedError(f"no network here: {self.url}/{what} {body}")
