"""Carts, orders, prices and stock."""
