"""A branch of a repository, as a question reads it."""

from __future__ import annotations

from dataclasses import dataclass

ID_BITS = 48
"""Bits of an id in its database: 2.8 * 10^14 symbols. JSON's numbers are exact for 32 databases."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref that is searched."""

    shard: int
    """The number of its database."""
    repo: int
    id: int
    repository: str
    name: str
    commit: str
    model: str
    sizes: tuple[tuple[int, int], tuple[int, int]]
    """(texts, tokens in all of them), of texts that are not minor and of those that are."""
    vectors_at: int = 0
    """The time of Milvus when it was pushed; 0 if that had no part in it."""

    def global_id(self, id: int) -> int:
        """Return the id of a symbol as it is known outside of the database."""
        return (self.shard << ID_BITS) + id
