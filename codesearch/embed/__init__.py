"""Embedders: what turns the text of a symbol, and a query, into vectors that can be compared.

An embedder is found by name with `load`. The protocol is all that the store, the indexer and the search know,
so that a transformer or an imported model can stand in for the bundled static table. Importing this package
imports neither numpy nor a model.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from codesearch.core import dirs
from codesearch.core.errors import NotFoundError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    """Shape (texts, dims), each row of length 1, or all zero for a text without a known word."""

MODELS = Path(__file__).parent / "models"
"""One folder a bundled model."""

STATIC = "static"
"""The table of word vectors: what every symbol has a vector of, and every query starts from."""

TRANSFORMER = "transformer"
"""The bundled transformer, which looks at the best of the candidates."""

FIELDS = ("name", "container", "signature", "documentation", "body")
"""A document is these fields in this order, joined with newlines. The last one takes the rest of the text, so only
it may hold newlines. An embedder may weight them; a text without newlines is a document of one field. The path is
not among them: a file that moves keeps its vectors."""


@runtime_checkable
class Embedder(Protocol):
    """Text in, vectors out. Safe to use from several threads; cheap to load in several processes.

    The same text gives the same vector, bit for bit, whatever the batch it comes in.
    """

    @property
    def name(self) -> str:
        """What `load` finds it by, such as `static`."""

    @property
    def version(self) -> str:
        """Of the model, for people; `model_id` is what tells two models apart."""

    @property
    def dims(self) -> int:
        """Length of a vector."""

    @property
    def model_id(self) -> str:
        """`name@prefix of a hash over all that decides the vectors`: vectors of different ids never mix."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dims) for texts made of `FIELDS`, split as `text.words` splits."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dims) for what people ask."""

    def quantised_query(self, text: str) -> bytes:
        """Return `quantise(encode_queries([text]))[0]`, by the cheapest way the model has."""


def models_folder() -> Path | None:
    """Return the folder of imported models, one folder per model: `CODESEARCH_MODELS`, or in the user's data folder.

    None for a user without a home folder, as in some containers.
    """
    if wished := os.environ.get("CODESEARCH_MODELS", "").strip():
        return Path(wished).expanduser()
    folder = dirs.data()
    return None if folder is None else folder / "models"


def bundled() -> list[str]:
    """Return the names of the models that are part of the package, sorted."""
    return _names(MODELS)


def available() -> list[str]:
    """Return the names that `load` knows, sorted: bundled models, and those the user imported."""
    return sorted({*bundled(), *_imported()})


def folder_of(name: str) -> Path:
    """Return the folder of a model's files.

    Raises:
        NotFoundError: no such model; the message names those that exist.

    """
    if name in bundled():
        return MODELS / name
    if name in _imported() and (folder := models_folder()) is not None:
        return folder / name
    raise NotFoundError(
        f"No embedding model is called {name!r}; there are: {', '.join(available()) or 'none'}. "
        "`codesearch model add` imports one."
    )


def load(name: str = STATIC, *, threads: int | None = None) -> Embedder:
    """Return the embedder of that name; `threads` (one a core, 8 at most) run the texts of one call of a transformer.

    No library and no weights are loaded yet. A transformer is loaded with the first text.

    Raises:
        NotFoundError: no such model; the message names those that exist.
        ModelError: a file of the model is missing or damaged; from its methods also: a library is missing.

    """
    folder = folder_of(name)
    if (folder / "table.bin").exists():
        from codesearch.embed.static import StaticEmbedder

        return StaticEmbedder(folder)
    from codesearch.embed import config

    if config.read(folder).kind == "onnx":
        from codesearch.embed.onnx import OnnxEmbedder

        return OnnxEmbedder(folder, threads)
    from codesearch.embed.sentence import SentenceEmbedder

    return SentenceEmbedder(folder)


def _imported() -> list[str]:
    folder = models_folder()
    return [] if folder is None else _names(folder)


def _names(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("[!.]*/config.json"))


def quantise(vectors: Vectors) -> list[bytes]:
    """Return each row as int8 bytes, round(127 x), as the store keeps them: dims bytes a row."""
    import numpy as np

    rows, dims = vectors.shape
    data = np.rint(vectors.astype(np.float64) * 127).astype(np.int8).tobytes()
    return [data[at : at + dims] for at in range(0, rows * dims, dims)]
