"""The type of a connection to the database, and the texts that it takes; psycopg itself is imported late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    Database = psycopg.Connection[tuple[Any, ...]]


def storable(text: str) -> str:
    """Return a text without what PostgreSQL keeps in no text: zeros, and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
