"""Models that cannot be exported, run by sentence-transformers: slow to start, but any model works.

Only this module imports sentence-transformers, which takes seconds.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import ModelError
from codesearch.core.libraries import install_command
from codesearch.embed.transformer import Transformer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ORIGINAL = "original"
"""Subfolder with the model as sentence-transformers saves it."""

INSTALL = f"run this in a checkout of codesearch: {install_command('.[models]')}"


class SentenceEmbedder(Transformer):
    """Vectors from sentence-transformers, float32, of length 1. Texts run one at a time: batches change nothing."""

    def __init__(self, folder: Path) -> None:
        """Use the model in `folder`. Raises ModelError if its configuration cannot be read."""
        super().__init__(folder)
        self._model: Any = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Load the library and the weights now. Raises ModelError."""
        with self._lock:
            if self._model is None:
                self._model = load(str(self._folder / ORIGINAL), offline=True, trust_remote_code=self.config.trusted)

    def _encode(self, texts: Sequence[str], prompt: str, tokens: int) -> npt.NDArray[np.float32]:
        self.open()
        with self._lock:  # the length is the model's state
            return encode(self._model, texts, prompt, tokens)


def encode(model: Any, texts: Sequence[str], prompt: str, tokens: int) -> npt.NDArray[np.float32]:
    """Return the vectors of texts, each computed alone, float32 (len(texts), dims); zeros for an empty text."""
    import numpy as np

    model.max_seq_length = tokens
    rows: npt.NDArray[np.float32] = np.zeros((len(texts), width(model)), np.float32)
    for at, text in enumerate(texts):
        if text:
            row = model.encode(
                [text], prompt=prompt or None, batch_size=1, show_progress_bar=False, normalize_embeddings=True
            )
            rows[at] = row[0]
    return rows


def width(model: Any) -> int:
    """Return the length of a sentence-transformers model's vectors."""
    # The name of the method changed with version 5.
    find = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(find())


def load(source: str, *, offline: bool, trust_remote_code: bool, **model_options: Any) -> Any:
    """Return a `SentenceTransformer` on the CPU; `source` is a folder or a name on the hub.

    Raises ModelError, with a message of one line, if sentence-transformers is missing or cannot load the model.
    """
    with quietly():
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelError(f"sentence-transformers is missing ({error}): {INSTALL}") from error
        try:
            model = SentenceTransformer(
                source,
                device="cpu",
                local_files_only=offline,
                trust_remote_code=trust_remote_code,
                model_kwargs=model_options or None,
            )
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            if not trust_remote_code and "trust_remote_code" in text:
                raise ModelError(
                    f"{source}: the model contains code, which only runs with --trust-remote-code; "
                    "such code can do everything that you can do"
                ) from error
            raise ModelError(f"{source}: sentence-transformers cannot load it: {text[:300]}") from error
        model.eval()
        return model


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Suppress the advice and the progress bars of libraries."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
