"""What all transformers share, whatever library runs them: their properties, and how texts are prepared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.tokens import words
from codesearch.embed import config as configuration
from codesearch.embed.config import Config

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


DOCUMENTATION = 300
"""Characters of the documentation that are embedded."""
SIGNATURE = 150
"""Characters of the signature that are embedded."""


def one_line(text: str) -> str:
    """Return a document (see `codesearch.embed.FIELDS`) as transformers see it, in one line.

    Name and containers split into words, then documentation and signature as written, then the body in words: what
    people wrote reads like the texts that the models began with, and split identifiers carry what is undocumented.
    docs/models.md has the comparison with other forms.
    """
    fields = text.split("\n", 4)
    if len(fields) == 5:
        name, container, signature, documentation, body = fields
        scope = f"{container}." if container else ""
        fields = [name, scope, documentation[:DOCUMENTATION], signature[:SIGNATURE], body]
    return " ".join(" ".join(fields).split())


class Transformer(ABC):
    """An `Embedder` described by the configuration in its folder."""

    def __init__(self, folder: Path) -> None:
        """Use the model in `folder`. Raises ModelError if its configuration cannot be read."""
        self.config: Config = configuration.read(folder)
        self._folder = folder

    @property
    def name(self) -> str:
        """The name to `codesearch.embed.load` it by."""
        return self.config.name

    @property
    def version(self) -> str:
        """The version of the model, for people."""
        return self.config.version

    @property
    def dims(self) -> int:
        """Length of a vector."""
        return self.config.dims

    @property
    def model_id(self) -> str:
        """`name@` and the first 12 hex digits of a hash of everything that decides the vectors."""
        return self.config.model_id

    def encode_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims) for documents made of `codesearch.embed.FIELDS`; zeros for an empty one."""
        config = self.config
        return self._encode([one_line(text) for text in texts], config.document_prompt, config.document_tokens)

    def encode_queries(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return float32 (len(texts), dims) for queries; zeros for a text without a word."""
        config = self.config
        return self._encode([" ".join(words(text)) for text in texts], config.query_prompt, config.query_tokens)

    def quantised_query(self, text: str) -> bytes:
        """Return `quantise(encode_queries([text]))[0]`."""
        from codesearch.embed.vectors import quantise

        return quantise(self.encode_queries([text]))[0]

    @abstractmethod
    def _encode(self, texts: Sequence[str], prompt: str, tokens: int) -> npt.NDArray[np.float32]:
        """Return the vectors of one-line texts after a prompt, cut off after `tokens` tokens."""
