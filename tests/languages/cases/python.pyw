#!/usr/bin/env python3
# Copyright 2026 Somebody

"""Caches for tests.

Second paragraph.
"""

import functools

LIMIT = 10


# Adds two numbers.
# pylint: disable=unused
@functools.lru_cache(
    maxsize=None,
)
def add(a: int, b: int = 2, *rest: int) -> int:
    def carry(x):
        return x

    return carry(a) + b


class Cache(dict):
    """A cache.

        indented example
    """

    class Entry:
        pass

    @property
    def size(self) -> int:
        'The size.'
        return len(self)

    async def fetch(
        self,
        key: str,
    ) -> bytes:
        """Fetch a key."""
        double = lambda x: x * 2
        return double(key)

    key = lambda self: 1


type Pair[T] = tuple[T, T]

if LIMIT:
    def größe(): return 1
