"""A model of the second stage that needs no files: deterministic, counted, as slow or as broken as a test wants it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from codesearch import embed
from codesearch.core.errors import CodesearchError
from codesearch.core.tokens import words


class FakeModel:
    """Adds up a random direction for each word; `favourite` words count a hundred times."""

    def __init__(self, name: str = "fake", *, dims: int = 24, favourite: str = "", delay: float = 0.0) -> None:
        self.name, self.version, self.dims, self.delay = name, "1", dims, delay
        self.model_id = f"{name}@{dims}{favourite}"
        self.favourite = favourite
        self.broken = ""
        self.documents: list[str] = []
        self.queries: list[str] = []
        self.on_document: Callable[[], None] = lambda: None

    def _encode(self, texts: Sequence[str]) -> Any:
        import numpy as np

        if self.broken:
            raise CodesearchError(self.broken)
        rows = np.zeros((len(texts), self.dims), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                seed = hashlib.blake2b(word.encode(), digest_size=self.dims).digest()
                row += (np.frombuffer(seed, np.uint8).astype(np.float32) - 127.5) * (
                    100 if word == self.favourite else 1
                )
            row /= np.linalg.norm(row) or 1.0
        return rows

    def encode_documents(self, texts: Sequence[str]) -> Any:
        for text in texts:
            self.documents.append(text)
            self.on_document()
            time.sleep(self.delay)
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Any:
        self.queries += texts
        return self._encode(texts)

    def quantised_query(self, text: str) -> bytes:
        return embed.quantise(self.encode_queries([text]))[0]


def install(*models: FakeModel) -> None:
    """Let `embed.load` know models, besides those there are."""
    from codesearch.rerank import reranker

    known = {model.name: model for model in models}
    original = getattr(embed.load, "original", embed.load)

    def load(name: str = embed.STATIC, **options: Any) -> Any:
        return known.get(name) or original(name, **options)

    load.original = original  # type: ignore[attr-defined]
    embed.load = load
    reranker._process.__init__()  # type: ignore[misc]


def uninstall() -> None:
    """Leave the models there are."""
    from codesearch.rerank import reranker

    embed.load = getattr(embed.load, "original", embed.load)
    reranker._process.__init__()  # type: ignore[misc]
