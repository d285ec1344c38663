"""`config.json` in the folder of a transformer: everything that decides its vectors, and facts for users."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from codesearch.core.errors import ModelError

CONFIG = "config.json"
MODEL = "model.onnx"
VOCABULARY = "vocab.txt"
"""If there is one, `codesearch.embed.wordpiece` tokenizes texts; otherwise the library `tokenizers` does."""
TOKENIZER = "tokenizer.json"

Kind = Literal["onnx", "sentence-transformers"]
Pooling = Literal["mean", "cls", "max"]
Precision = Literal["int8", "float32"]

_DESCRIPTIVE = ("version", "source", "cosine", "note", "sha256")
"""Fields that do not decide a vector."""


@dataclass(frozen=True, slots=True)
class Config:
    """One model. Its files are beside `config.json`."""

    kind: Kind
    """The library that runs it: onnxruntime, or sentence-transformers."""
    name: str
    version: str
    dims: int
    pooling: Pooling
    """How the vectors of a text's tokens are combined."""
    query_prompt: str
    """Put before each query, as in the training of the model; with its blank, if any."""
    document_prompt: str
    query_tokens: int
    """Maximum number of tokens of a query, special ones included; the rest is cut off."""
    document_tokens: int
    precision: Precision
    before: tuple[int, ...]
    """Special tokens before each text."""
    after: tuple[int, ...]
    wordpiece: Mapping[str, str | bool]
    """Arguments of `WordPiece`; empty for another tokenizer."""
    files: Mapping[str, str]
    """SHA-256 of each file."""
    sizes: Mapping[str, int]
    """Bytes of each file."""
    source: str = ""
    """Where it was imported from: a name on the hub, or a folder."""
    cosine: float = 1.0
    """Mean cosine between its vectors and the original model's."""
    trusted: bool = False
    """Whether the user allowed the model to run its own code (only with sentence-transformers)."""
    note: str = ""
    """Why it was not exported, if it was not."""
    sha256: str = ""
    """Hash of everything that decides a vector."""

    @property
    def model_id(self) -> str:
        """`name@` and 12 hex digits of `sha256`."""
        return f"{self.name}@{self.sha256[:12]}"


def digest(config: Config) -> str:
    """Return the SHA-256 of everything in a configuration that decides a vector."""
    return hash_of(asdict(config), _DESCRIPTIVE)


def hash_of(values: Mapping[str, Any], left_out: Collection[str]) -> str:
    """Return the SHA-256 of the values of a configuration, without some."""
    kept = {key: value for key, value in values.items() if key not in left_out}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def write(config: Config, folder: Path) -> None:
    """Write `config.json`."""
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=2, ensure_ascii=False) + "\n", "utf-8")


def read(folder: Path) -> Config:
    """Return the configuration of the model in `folder`, after checking that its files exist and have their size.

    Raises ModelError if a file is missing or damaged, or from a newer version of codesearch.
    """
    try:
        raw = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / CONFIG}: the model's configuration cannot be read: {error}") from error
    try:
        config = Config(**_checked(raw))
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(
            f"{folder / CONFIG}: not the configuration of a model, or from a newer version: {error}"
        ) from error
    for name, size in config.sizes.items():
        try:
            found = (folder / name).stat().st_size
        except OSError as error:
            raise ModelError(f"{folder / name}: a file of the embedding model is missing; {_REMEDY}") from error
        if found != size:
            raise ModelError(f"{folder / name}: a file of the embedding model is damaged; {_REMEDY}")
    return config


_REMEDY = "add the model again (`codesearch model add`), or install codesearch again if it is a bundled one"


def damaged(folder: Path, error: object) -> ModelError:
    """Return the error for a file whose content cannot be used, or for which there is no memory."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return ModelError(f"{folder}: there is not enough memory for the embedding model")
    return ModelError(
        f"{folder}: the embedding model cannot be loaded ({' '.join(str(error).split())[:200]}); {_REMEDY}"
    )


def _checked(raw: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Config)}
    values = {key: value for key, value in raw.items() if key in known}
    for key, allowed in (("kind", Kind), ("pooling", Pooling), ("precision", Precision)):
        if values[key] not in get_args(allowed):
            raise ValueError(f"{key} {values[key]!r}")
    for key in ("dims", "query_tokens", "document_tokens"):
        if not isinstance(values[key], int) or values[key] < 1:
            raise ValueError(f"{key} {values[key]!r}")
    values["before"], values["after"] = tuple(values["before"]), tuple(values["after"])
    for key in ("wordpiece", "files", "sizes"):
        values[key] = dict(values[key])
    if any("/" in name or "\\" in name for name in (*values["files"], *values["sizes"])):
        raise ValueError("files outside its folder")
    return values
