"""The products, and a search that forgives spelling mistakes."""

from __future__ import annotations

from collections import defaultdict


def edit_distance(left: str, right: str) -> int:
    """Return how many letters must be inserted, removed or replaced to turn one word into the other."""
    row = list(range(len(right) + 1))
    for at, letter in enumerate(left, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(right, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (letter != other))
    return row[-1]


class Catalogue:
    """An inverted index from words to products."""

    def __init__(self) -> None:
        self._products: dict[str, set[str]] = defaultdict(set)

    def add(self, sku: str, title: str) -> None:
        """Make a product findable by each word of its title."""
        for word in title.lower().split():
            self._products[word].add(sku)

    def find(self, typed: str) -> set[str]:
        """Return the products that hold every word; an unknown word is replaced by the nearest known one."""
        found: set[str] | None = None
        for word in typed.lower().split():
            products = self._products.get(word) or self._products.get(self.correct(word), set())
            found = set(products) if found is None else found & products
        return found or set()

    def correct(self, word: str) -> str:
        """Return the known word that is most like a misspelt one, or the word itself."""
        near = min(self._products, key=lambda known: edit_distance(word, known), default=word)
        return near if edit_distance(word, near) <= 2 else word
