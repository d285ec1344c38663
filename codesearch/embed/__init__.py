"""Embedders: models that turn the text of a symbol, or a query, into a vector.

`load` returns an embedder by name. The rest of the library knows only the protocol `Embedder`, so a transformer or an
imported model can take the place of the bundled static table. Importing this package imports neither numpy nor a model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from codesearch.core import dirs
from codesearch.core.errors import NotFoundError
from codesearch.embed.vectors import quantise as quantise

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    """Shape (texts, dims), each row of length 1, or all zero for a text without a known word."""

MODELS = Path(__file__).parent / "models"
"""The bundled models, one folder each."""

STATIC = "static"
"""The table of word vectors: every symbol has a vector of it, and every query starts with it."""

TRANSFORMER = "transformer"
"""The bundled transformer, which reranks the best candidates."""

RERANKER = "reranker"
"""The bundled cross-encoder (`codesearch.embed.cross`), which compares the first hits; it makes no vectors."""

FIELDS = ("name", "container", "signature", "documentation", "body")
"""The fields of a document, in this order, one line each. Signature and documentation are as written, the others are
lower-case words. An embedder may weight, order and split them; a text without newlines is a document of one field. The
path is not one of them, so a file that is moved keeps its vectors."""


@runtime_checkable
class Embedder(Protocol):
    """Text in, vectors out. Safe to use from several threads; cheap to load in several processes.

    The same text gives the same vector, bit for bit, whatever the batch it comes in.
    """

    @property
    def name(self) -> str:
        """The name to `load` it by, such as `static`."""

    @property
    def version(self) -> str:
        """The version of the model, for people; programs tell models apart by `model_id`."""

    @property
    def dims(self) -> int:
        """Length of a vector."""

    @property
    def model_id(self) -> str:
        """`name@hash`, the hash of everything that decides the vectors: vectors of different ids are never mixed."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dims) for documents made of `FIELDS`."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (len(texts), dims) for queries."""

    def quantised_query(self, text: str) -> bytes:
        """Return `quantise(encode_queries([text]))[0]`, computed in the cheapest way the model has."""


@runtime_checkable
class RemoteEmbedder(Embedder, Protocol):
    """An embedder that sends texts to a service, so it needs the user's consent and may take its time."""

    @property
    def batch(self) -> int:
        """Texts per request."""

    def refusal(self, root: Path | None) -> str:
        """Return why the code of a tree and the questions about it may not be sent; "" if they may."""

    def sent(self, document: str) -> str:
        """Return what is sent for a document; "" for one without a word."""

    def encode_patiently(self, texts: Sequence[str], should_stop: Callable[[], bool]) -> Vectors:
        """Return the vectors of documents however long it takes; of the first ones only if `should_stop` ends it."""


def models_folder() -> Path | None:
    """Return the folder of imported models, one folder per model: `CODESEARCH_MODELS`, or in the user's data folder.

    None for a user without a home folder, as in some containers.
    """
    if wished := os.environ.get("CODESEARCH_MODELS", "").strip():
        return dirs.expand_home(wished)
    folder = dirs.data()
    return None if folder is None else folder / "models"


def bundled() -> list[str]:
    """Return the names of the embedding models that are part of the package, sorted."""
    return [name for name in _names(MODELS) if name != RERANKER]


def available() -> list[str]:
    """Return the names that `load` knows, sorted: bundled, imported and registered models."""
    return sorted({*bundled(), *_imported(), *_registered})


def folder_of(name: str) -> Path:
    """Return the folder of a model's files. Raises NotFoundError if there is no such model."""
    if name in bundled():
        return MODELS / name
    if name in _imported() and (folder := models_folder()) is not None:
        return folder / name
    raise NotFoundError(
        f"there is no embedding model {name!r}; installed: {', '.join(available()) or 'none'} "
        "(`codesearch model add` imports one)"
    )


def load(name: str = STATIC, *, threads: int | None = None) -> Embedder:
    """Return the embedder of that name. Its library and its weights are loaded with the first text.

    A transformer uses `threads` threads for one call; by default one per core, at most 8.
    Raises NotFoundError if there is no such model, ModelError if a file of the model is missing or damaged; the
    methods of the embedder also raise ModelError if a library is missing.
    """
    if name in _registered:
        return _registered[name]
    folder = folder_of(name)
    if (folder / "table.bin").exists():
        from codesearch.embed.static import StaticEmbedder

        return StaticEmbedder(folder)
    if (folder / "api.json").exists():
        from codesearch.embed.api import ApiEmbedder

        return ApiEmbedder(folder)
    from codesearch.embed import config

    if config.read(folder).kind == "onnx":
        from codesearch.embed.onnx import OnnxEmbedder

        return OnnxEmbedder(folder, threads)
    from codesearch.embed.sentence import SentenceEmbedder

    return SentenceEmbedder(folder)


_registered: dict[str, Embedder] = {}


def register(model: Embedder) -> None:
    """Let `load` return a model of the caller's own, by its name; it takes precedence over one from a folder.

    It is known to this process only: programs can try a model, and tests can use one that needs no files.
    """
    _registered[model.name] = model


def unregister(name: str) -> None:
    """Undo `register`; does nothing if no model of that name is registered."""
    _registered.pop(name, None)


def _imported() -> list[str]:
    folder = models_folder()
    return [] if folder is None else _names(folder)


def _names(folder: Path) -> list[str]:
    return sorted({path.parent.name for file in ("config.json", "api.json") for path in folder.glob(f"[!.]*/{file}")})
