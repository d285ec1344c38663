"""How to place an order from a script."""

from shop.cart import ShoppingCart
from shop.orders import Bank, place_order
from shop.stock import Stock


def main() -> None:
    """Buy three apples."""
    stock = Stock()
    stock.receive("apple", 10)
    cart = ShoppingCart(customer=1)
    cart.add("apple", 3, 50)
    print(place_order(cart, stock, Bank("https://bank.example")))


if __name__ == "__main__":
    main()
