"""`config.json` of a transformer's folder: all that decides its vectors, and what people want to know of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from codesearch.core.errors import ModelError

CONFIG = "config.json"
MODEL = "model.onnx"
VOCABULARY = "vocab.txt"
"""Where there is one, `codesearch.embed.wordpiece` takes texts apart, else the library `tokenizers`."""
TOKENIZER = "tokenizer.json"

Kind = Literal["onnx", "sentence-transformers"]
Pooling = Literal["mean", "cls", "max"]
Precision = Literal["int8", "float32"]

_FOR_PEOPLE = ("version", "source", "cosine", "note", "sha256")
"""Fields that do not decide a vector."""


@dataclass(frozen=True, slots=True)
class Config:
    """What one model is. Its files lie beside `config.json`."""

    kind: Kind
    """What runs it: onnxruntime, or sentence-transformers itself."""
    name: str
    version: str
    dims: int
    pooling: Pooling
    """How the vectors of a text's tokens become one."""
    query_prompt: str
    """Stands before each query, as the model was trained to have it; with its blank, if any."""
    document_prompt: str
    query_tokens: int
    """Most tokens of a query, special ones included; what follows is cut off."""
    document_tokens: int
    precision: Precision
    before: tuple[int, ...]
    """Special tokens before each text."""
    after: tuple[int, ...]
    wordpiece: Mapping[str, str | bool]
    """Arguments of `WordPiece`; none if the tokenizer is another."""
    files: Mapping[str, str]
    """SHA-256 of each file."""
    sizes: Mapping[str, int]
    """Bytes of each file."""
    source: str = ""
    """Where it came from: a name on a hub, a folder."""
    cosine: float = 1.0
    """Mean cosine of its vectors with those of the original."""
    trusted: bool = False
    """Whether the user let the model bring code of its own (only where sentence-transformers runs it)."""
    note: str = ""
    """Why it was not exported, if it was not."""
    sha256: str = ""
    """Over all that decides a vector."""

    @property
    def model_id(self) -> str:
        """`name@` and 12 hex digits of `sha256`."""
        return f"{self.name}@{self.sha256[:12]}"


def digest(config: Config) -> str:
    """Return the SHA-256 over all of a configuration that decides a vector."""
    values = {key: value for key, value in asdict(config).items() if key not in _FOR_PEOPLE}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def write(config: Config, folder: Path) -> None:
    """Write `config.json`."""
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=2, ensure_ascii=False) + "\n", "utf-8")


def read(folder: Path) -> Config:
    """Return the configuration of the model in `folder`; its files are there and as long as they should be.

    Raises:
        ModelError: a file is missing or damaged, or is of a version of codesearch that knows more.

    """
    try:
        raw = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / CONFIG}: the model's configuration cannot be read: {error}") from error
    try:
        config = Config(**_checked(raw))
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{folder / CONFIG}: not a model's configuration, or a newer one's: {error}") from error
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
    """Return what to raise where a file's content cannot be used."""
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
