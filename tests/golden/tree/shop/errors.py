"""What can go wrong between a full cart and a paid order."""


class ShopError(Exception):
    """An error that the customer may read."""


class OutOfStock(ShopError):
    """Another customer bought the last one."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"only {left} of {sku} are left; change the amount in your cart")
        self.sku = sku
        self.left = left


class PaymentDeclined(ShopError):
    """The bank refused the payment."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"your bank declined the payment: {reason}")


class VoucherExpired(ShopError):
    """The voucher is no longer valid."""


class UnknownSku(KeyError):
    """No product has this number."""
