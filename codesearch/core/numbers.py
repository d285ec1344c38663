"""Identifiers as numbers: each is looked up once. What they stand for is then found for many at once (parts.py)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

NUMBER = struct.Struct("=i")
"""How a number is packed."""
BYTES = NUMBER.size


class Numbers(dict[bytes, bytes]):
    """The numbers of texts in the order of their first use, packed."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        """By number."""

    def __missing__(self, text: bytes) -> bytes:
        number = NUMBER.pack(len(self.texts))
        self.texts.append(text)  # first: without memory for the other, it only is a number that nothing uses
        self[text] = number
        return number

    def packed(self, texts: Iterable[bytes]) -> bytes:
        """Return the numbers of some texts, in order."""
        return b"".join(map(self.__getitem__, texts))
