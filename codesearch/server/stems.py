"""The words of queries in the form in which texts hold them: stemmed as SQLite's full text does it."""

from __future__ import annotations

from functools import lru_cache

from codesearch.store.stems import words

stems = lru_cache(maxsize=1 << 16)(words)
"""The stems of the words of a text, in order."""
