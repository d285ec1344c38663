"""What a model over an API would be sent of a tree: listed before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from codesearch.core.types import Symbol
from codesearch.rerank.backfill import READ_AT_ONCE, sources_of

if TYPE_CHECKING:
    from codesearch.rerank.reranker import Reranker
    from codesearch.store import Store


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text that would be sent, and the symbol it describes."""

    symbol: Symbol
    text: str


def outgoing(reranker: Reranker, store: Store) -> Iterator[Outgoing]:
    """Yield the texts that have no vector yet, in the order in which they would be sent to a model over an API.

    Left out are those whose vectors are in the user's cache, and those whose files have changed since they were
    indexed. Nothing for a model that runs on this machine. Raises as `Reranker.embedder`.
    """
    if (remote := reranker.remote) is None:
        return
    rest = iter(store.model_vectors(reranker.model_id).pending())
    while some := list(islice(rest, READ_AT_ONCE)):
        shared, _ = reranker.shared(item.content for item in some)
        sources = list(sources_of(store, [item for item in some if item.content not in shared]))
        symbols = {source.content: source.symbol for source in sources}
        for content, text in reranker.texts(sources):
            if sent := remote.sent(text):
                yield Outgoing(symbols[content], sent)
