from datetime import date

import pytest

from shop.cart import ShoppingCart
from shop.errors import UnknownSku
from shop.vouchers import Voucher


def test_the_same_product_twice_is_one_line():
    cart = ShoppingCart(1)
    cart.add("apple", 1, 50)
    cart.add("apple", 2, 50)
    assert len(cart) == 1


def test_a_voucher_is_taken_off_the_total():
    cart = ShoppingCart(1, voucher=Voucher("X", 10, 500, date(2030, 1, 1)))
    cart.add("apple", 10, 100)
    assert cart.total() == 1070 - 107


def test_removing_what_is_not_there():
    with pytest.raises(UnknownSku):
        ShoppingCart(1).remove("pear")
