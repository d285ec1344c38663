import pytest

from shop.cart import ShoppingCart
from shop.errors import OutOfStock
from shop.orders import place_order
from shop.stock import Stock


class FakeBank:
    """Takes every payment."""

    def charge(self, customer, cents, reference):
        self.charged = cents


def test_an_order_empties_the_cart():
    cart, stock = ShoppingCart(1), Stock()
    stock.receive("apple", 3)
    cart.add("apple", 3, 50)
    place_order(cart, stock, FakeBank())
    assert len(cart) == 0


def test_nothing_is_charged_when_the_stock_is_too_small():
    cart = ShoppingCart(1)
    cart.add("apple", 3, 50)
    with pytest.raises(OutOfStock):
        place_order(cart, Stock(), FakeBank())
