"""Passwords and signed-in customers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

LIFETIME = timedelta(days=14)
ROUNDS = 600_000


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return salt and slow hash of a password, as the table of customers keeps them."""
    salt = salt or secrets.token_bytes(16)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    return f"{salt.hex()}${digest.hex()}"


def verify_password(password: str, stored: str) -> bool:
    """Return whether a password is the one that was hashed."""
    salt, _, _ = stored.partition("$")
    return secrets.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)


class Sessions:
    """Cookies and their owners."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, datetime]] = {}

    def sign_in(self, customer: int, now: datetime) -> str:
        """Start a session and return its cookie."""
        token = secrets.token_urlsafe(32)
        self._known[token] = customer, now + LIFETIME
        return token

    def customer_of(self, token: str, now: datetime) -> int | None:
        """Return the owner of a cookie, or None once it has expired."""
        customer, until = self._known.get(token, (0, now))
        return customer if until > now else None

    def sign_out_everywhere(self, customer: int) -> int:
        """End every session of a customer, for example after the password was changed; return how many."""
        mine = [token for token, (owner, _) in self._known.items() if owner == customer]
        for token in mine:
            del self._known[token]
        return len(mine)
