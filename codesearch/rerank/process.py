"""State for reranking that all indexes of a process share: loaded models, recent failures and recent vectors."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from codesearch import embed

if TYPE_CHECKING:
    from codesearch.embed.cross import CrossEncoder

RETRY_AFTER = 60.0
"""Seconds until a model that failed is tried again."""
MAX_VECTORS = 4096
"""Vectors kept in memory besides the index: of unsaved buffers, of queries, and where the index cannot be written."""


class ProcessState:
    """Models, each loaded once, and the vectors made last. Thread-safe."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.lock = threading.Lock()
        self.models: dict[str, embed.Embedder] = {}
        self._cross: CrossEncoder | None = None
        self.failures: dict[str, tuple[float, str]] = {}
        """By model: when it failed, and why."""
        self.vectors: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        """By model id and content hash (or query digest), oldest first."""
        self.used = 0.0

    def model(self, name: str) -> embed.Embedder:
        """Return a model. Raises NotFoundError if there is no such model, CodesearchError if it cannot be read."""
        with self.lock:
            self.used = time.monotonic()
            if name not in self.models:
                self.models[name] = embed.load(name)
            return self.models[name]

    def cross(self) -> CrossEncoder:
        """Return the cross-encoder. Raises ModelError if a file of it cannot be read."""
        from codesearch.embed.cross import CrossEncoder

        with self.lock:
            self.used = time.monotonic()
            if self._cross is None:
                self._cross = CrossEncoder()
            return self._cross

    def fail(self, name: str, reason: str) -> None:
        """Record that a model failed, so that it is not tried again for RETRY_AFTER seconds."""
        self.failures[name] = time.monotonic(), reason

    def failed(self, name: str) -> str:
        """Return why a model failed less than RETRY_AFTER seconds ago, or ""."""
        when, why = self.failures.get(name, (0.0, ""))
        return why if why and time.monotonic() - when < RETRY_AFTER else ""

    def known(self, model: str, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the vectors in memory, by digest."""
        with self.lock:
            return {digest: found for digest in digests if (found := self.vectors.get((model, digest))) is not None}

    def remember(self, model: str, vectors: Mapping[bytes, bytes]) -> None:
        """Keep vectors in memory, in place of the oldest ones."""
        with self.lock:
            self.vectors.update({(model, digest): vector for digest, vector in vectors.items()})
            while len(self.vectors) > MAX_VECTORS:
                self.vectors.popitem(last=False)

    def release(self, idle: float = 0.0) -> bool:
        """Let go of the models if none has been used for `idle` seconds; return whether there were any."""
        with self.lock:
            held = bool(self.models) or self._cross is not None
            if not held or time.monotonic() - self.used < idle:
                return False
            self.models.clear()
            self._cross = None
            return True

    def reset(self) -> None:
        """Forget everything; for tests."""
        with self.lock:
            self.models.clear()
            self._cross = None
            self.failures.clear()
            self.vectors.clear()


state = ProcessState()
