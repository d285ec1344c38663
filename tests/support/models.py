"""A reranking model without files: deterministic, counting its work, as slow or broken as a test needs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from codesearch import embed
from codesearch.core.errors import CodesearchError
from codesearch.core.tokens import words
from codesearch.rerank import process


class FakeModel:
    """Sums a random direction per word; `favourite` words count a hundred times."""

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


_installed: set[str] = set()


def install(*models: FakeModel) -> None:
    """Make `embed.load` return these models, besides the real ones, in place of those installed before."""
    uninstall()
    for model in models:
        embed.register(model)
        _installed.add(model.name)


def uninstall() -> None:
    """Remove installed models and unload all others."""
    while _installed:
        embed.unregister(_installed.pop())
    process.state.reset()


def forget_vectors() -> None:
    """Forget the vectors in memory, so that only those in the index or in the user's cache count."""
    process.state.vectors.clear()


class FakeCrossEncoder:
    """Scores a document by how many words of `liked` it has, and counts what it reads."""

    def __init__(self, *liked: str) -> None:
        self.liked = liked
        self.model_id = f"crossed@{'-'.join(liked)}"
        self.read: list[str] = []
        self.broken = ""
        self.on_document: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Do nothing."""

    def scores(self, query: str, documents: Sequence[str], should_stop: Callable[[], bool]) -> list[float] | None:
        """Return the scores; None if it was stopped."""
        if self.broken:
            raise CodesearchError(self.broken)
        found = []
        for text in documents:
            if should_stop():
                return None
            self.read.append(text)
            self.on_document()
            found.append(float(sum(word in self.liked for word in set(words(text)))))
        return found
