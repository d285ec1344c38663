"""What a search asks of a store. The index file is one (`Store`), a server's database another (codesearch.server)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from codesearch.core.filter import Filter
from codesearch.core.types import Symbol
from codesearch.store.full_text import Held
from codesearch.store.match import Match
from codesearch.store.records import StoredSymbol


class TextReader(Protocol):
    """The texts of some symbols; `store.texts.Texts` describes the methods."""

    @property
    def scoring_cost(self) -> int:
        """How many times as much as usual it costs to score a text; 0 if all that match can be given to score."""

    def text_candidates(
        self, match: Match, weights: Sequence[float], limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Return (symbol id, score) of the best full-text matches, best first."""

    def held(
        self,
        terms: Sequence[str],
        phrases: Sequence[str],
        ids: Sequence[int],
        weights: tuple[Sequence[float], Sequence[float]],
    ) -> dict[int, Held]:
        """Return which terms and phrases of a query each symbol contains."""

    def holding(self, match: Match) -> int:
        """Return how many texts match."""

    def named(
        self, key: str, limit: int, where: Filter | None = None, *, prefix: bool = False, signs: str = ""
    ) -> list[int]:
        """Return the symbols with a name key."""


class Reader(TextReader, Protocol):
    """The symbols of a store, and the texts of those that are not minor; `store.Store` describes the methods."""

    @property
    def minor(self) -> TextReader:
        """The texts of the minor symbols."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Give all reads inside a consistent view."""

    def listing(self, where: Filter | None = None, limit: int = -1) -> Iterator[Symbol]:
        """Yield symbols by path and line."""

    def vector_candidates(self, vector: bytes, limit: int, where: Filter | None = None) -> list[tuple[int, float]]:
        """Return (symbol id, cosine similarity) of the nearest symbols, nearest first."""

    def similarities(self, vector: bytes, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine similarity of each of the symbols named to a vector."""

    def symbols(self, ids: Iterable[int]) -> dict[int, StoredSymbol]:
        """Return symbols by id."""
