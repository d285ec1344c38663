"""Imports a model: from a name on the hub, or a folder, to the user's folder of models.

The model is loaded once by sentence-transformers and exported to ONNX, and its vectors are compared with the
original's. A model that cannot be exported is kept as it is, and sentence-transformers runs it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch import embed
from codesearch.core import dirs
from codesearch.core.errors import CodesearchError, ModelError, NotFoundError, UsageError
from codesearch.embed import config as configuration
from codesearch.embed.config import Config, Pooling, Precision
from codesearch.embed.sentence import INSTALL, ORIGINAL, SentenceEmbedder, encode, load, quietly, width

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DOCUMENT_TOKENS = 128
QUERY_TOKENS = 64
"""Maximum length; a model with a shorter limit keeps its own. Time grows with the length, and the beginning of a
function usually shows what it does."""

SAMPLES = 48
HUB_TIMEOUT = 10.0
"""Seconds to wait for the hub."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_QUERIES = (
    "where are failed uploads sent again",
    "parse the headers of an http request",
    "how is the index brought up to date",
    "sort",
)
_QUERY_PROMPTS = ("query", "search_query")
_DOCUMENT_PROMPTS = ("document", "passage", "search_document", "corpus")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import, and how."""

    source: str
    """A folder, or a name on the hub such as `sentence-transformers/all-MiniLM-L6-v2`."""
    name: str = ""
    """"" for the last part of the source."""
    precision: Precision = "int8"
    offline: bool = False
    trust_remote_code: bool = False
    query_prompt: str | None = None
    """None for that of the model."""
    document_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import."""

    config: Config
    folder: Path
    exact: float | None
    """Mean cosine of the float32 export with the original; None if it could not be exported."""
    least: float | None
    """Lowest cosine of the imported model with the original."""


def add(request: ImportRequest, on_step: Callable[[str], None] = lambda _: None) -> Imported:
    """Import a model, in place of an imported one with the same name. `on_step` is called with each step in words.

    Raises UsageError if the name is invalid; ModelError if the extra `models` is missing, the hub cannot be reached, or
    the model cannot be loaded or used.
    """
    name = _named(request)
    local = dirs.expand_home(request.source)
    if not local.is_dir() and (request.source.startswith((".", "/", "~")) or local.is_absolute()):
        raise NotFoundError(f"{request.source}: no such folder")
    offline = local.is_dir() or _offline(request)
    _need_extra()
    source = str(local.resolve()) if local.is_dir() else request.source
    if not offline:
        offline = _only_cached(request.source)
    on_step(f"loading {request.source} through sentence-transformers")
    try:
        model = load(source, offline=offline, trust_remote_code=request.trust_remote_code, **_eager(request))
    except ModelError as error:
        if offline and not local.is_dir() and "--trust-remote-code" not in str(error):
            raise ModelError(
                f"{request.source}: the model is not in the hub's cache on this machine, and the hub cannot be reached "
                "or is switched off; name a folder with the model"
            ) from error
        raise
    folder = embed.models_folder()
    if folder is None:
        raise ModelError("there is no home folder to keep models in: set CODESEARCH_MODELS to a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".adding-") as temporary:
        made = Path(temporary) / name
        imported = _made(model, request, name, source if local.is_dir() else request.source, made, on_step)
        swap(made, folder / name, Path(temporary) / "old")
    return replace(imported, folder=folder / name)


def remove(name: str) -> Path:
    """Delete an imported model; return its former folder.

    Raises UsageError for a bundled model, NotFoundError if there is no model of that name.
    """
    if name in embed.bundled():
        raise UsageError(f"{name} is part of codesearch and cannot be removed")
    folder = embed.folder_of(name)
    # Renamed first, so that other processes see all of it or nothing.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".removing-") as temporary:
        folder.replace(Path(temporary) / name)
    return folder


def _named(request: ImportRequest) -> str:
    return checked_name(request.name or re.split(r"[/\\]", request.source.rstrip("/\\"))[-1])


def checked_name(name: str) -> str:
    """Return a name for a model. Raises UsageError if no model of the user's can have it."""
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r} cannot name a model: choose a name of letters, digits, `.`, `-` and `_` with --name"
        )
    if name in embed.bundled():
        raise UsageError(f"{name} is the name of a bundled model: choose another one with --name")
    return name


def _offline(request: ImportRequest) -> bool:
    if request.offline:
        # Before the library is imported, which reads it once.
        os.environ["HF_HUB_OFFLINE"] = "1"
    return os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")


def _need_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("sentence_transformers", "torch", "onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ModelError(f"importing a model needs {', '.join(missing)}: {INSTALL}")


def _only_cached(source: str) -> bool:
    """Return whether the hub cannot be reached, so that only cached models can be used."""
    with quietly():
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

        try:
            # The library itself would retry for more than a minute.
            HfApi().model_info(source, timeout=HUB_TIMEOUT)
        except (RepositoryNotFoundError, HFValidationError) as error:
            raise ModelError(f"{source}: neither a folder nor a model on the hub that you can access") from error
        except HfHubHTTPError as error:
            raise ModelError(f"{source}: the hub answers {' '.join(str(error).split())[:200]}") from error
        except Exception:  # noqa: BLE001 -- the exceptions depend on the version's HTTP client
            return True
    return False


def _eager(request: ImportRequest) -> dict[str, Any]:
    # Only the plain form of attention can be exported and fused. Code of a model may not know the option.
    return {} if request.trust_remote_code else {"attn_implementation": "eager"}


def _made(
    model: Any, request: ImportRequest, name: str, source: str, folder: Path, on_step: Callable[[str], None]
) -> Imported:
    """Write the model's folder."""
    from codesearch.core.tokens import words
    from codesearch.embed.manage.export import ALIKE, NotExportableError, cosines, export
    from codesearch.embed.manage.samples import documents
    from codesearch.embed.onnx import OnnxEmbedder
    from codesearch.embed.transformer import one_line

    query_prompt, document_prompt = _prompts(model, request)
    longest = int(model.max_seq_length or DOCUMENT_TOKENS)
    lengths = min(longest, QUERY_TOKENS), min(longest, DOCUMENT_TOKENS)
    texts = documents(Path(embed.__file__).parents[1], SAMPLES)
    original = (
        encode(model, [one_line(text) for text in texts], document_prompt, lengths[1]),
        encode(model, [" ".join(words(text)) for text in _QUERIES], query_prompt, lengths[0]),
    )

    def compared(embedder: embed.Embedder) -> npt.NDArray[np.float64]:
        import numpy as np

        ours = embedder.encode_documents(texts), embedder.encode_queries(_QUERIES)
        return np.concatenate([cosines(mine, its) for mine, its in zip(ours, original, strict=True)])

    def exported(precision: Precision) -> tuple[Config, npt.NDArray[np.float64]]:
        names = {"name": name, "version": "1", "source": source}
        made = export(_encoder(model, query_prompt, document_prompt, *lengths), folder, precision=precision, **names)
        return made, compared(OnnxEmbedder(folder))

    try:
        on_step("exporting it, and comparing the vectors")
        config, alike = exported("float32")
        exact = float(alike.mean())
        if exact < ALIKE:
            raise NotExportableError(f"the export's vectors are not the original's: mean cosine {exact:.4f}")
        if request.precision == "int8":
            config, alike = exported("int8")
        config = replace(config, cosine=round(float(alike.mean()), 4))
        configuration.write(config, folder)
        return Imported(config, folder, exact, float(alike.min()))
    except (NotExportableError, ModelError) as error:
        reason = str(error)
    on_step(f"it cannot be exported ({reason}); sentence-transformers will run it")
    config = _save_original(model, request, name, source, folder, (query_prompt, document_prompt), lengths, reason)
    alike = compared(SentenceEmbedder(folder))
    if alike.mean() < ALIKE:
        raise ModelError(f"{source}: saved and loaded again, the model gives other vectors ({alike.mean():.4f})")
    return Imported(config, folder, None, float(alike.min()))


def _save_original(
    model: Any,
    request: ImportRequest,
    name: str,
    source: str,
    folder: Path,
    prompts: tuple[str, str],
    lengths: tuple[int, int],
    reason: str,
) -> Config:
    """Write the folder of a model that sentence-transformers will run, and return its configuration.

    `reason` says why it was not exported; `prompts` and `lengths` are those of queries and of documents.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with quietly():
        model.save(str(folder / ORIGINAL))
    config = Config(
        kind="sentence-transformers",
        name=name,
        version="1",
        dims=width(model),
        pooling="mean",
        query_prompt=prompts[0],
        document_prompt=prompts[1],
        query_tokens=lengths[0],
        document_tokens=lengths[1],
        precision="float32",
        before=(),
        after=(),
        wordpiece={},
        files={"weights": _weights(model)},
        sizes={},
        source=source,
        trusted=request.trust_remote_code,
        note=reason,
    )
    config = replace(config, sha256=configuration.digest(config))
    configuration.write(config, folder)
    return config


def _encoder(model: Any, query_prompt: str, document_prompt: str, query_tokens: int, document_tokens: int) -> Any:
    """Return the encoder of a sentence-transformers model for the export. Raises NotExportableError."""
    from codesearch.embed.manage.export import Encoder, NotExportableError

    modules = list(model)
    kinds = [type(module).__name__ for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise NotExportableError(f"it is made of {', '.join(kinds)}")
    if not getattr(modules[1], "include_prompt", True):
        raise NotExportableError("it leaves the prompt out of the mean")
    tokenizer = getattr(modules[0].tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise NotExportableError("it has no fast tokenizer")
    return Encoder(
        model=modules[0].auto_model,
        tokenizer=tokenizer.to_str(),
        pooling=_pooling(modules[1]),
        query_prompt=query_prompt,
        document_prompt=document_prompt,
        query_tokens=query_tokens,
        document_tokens=document_tokens,
    )


def _pooling(module: Any) -> Pooling:
    from codesearch.embed.manage.export import NotExportableError

    mode = getattr(module, "pooling_mode", None) or module.get_pooling_mode_str()
    found: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "max": "max"}
    if mode not in found:
        raise NotExportableError(f"its pooling is {mode}")
    return found[mode]


def _prompts(model: Any, request: ImportRequest) -> tuple[str, str]:
    known = model.prompts or {}
    query = next((known[key] for key in _QUERY_PROMPTS if known.get(key)), "")
    document = next((known[key] for key in _DOCUMENT_PROMPTS if known.get(key)), "")
    if model.default_prompt_name and not query and not document:
        query = document = known.get(model.default_prompt_name, "")
    return (
        query if request.query_prompt is None else request.query_prompt,
        document if request.document_prompt is None else request.document_prompt,
    )


def _weights(model: Any) -> str:
    """Return the SHA-256 of all weights."""
    found = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        found.update(key.encode())
        found.update(tensor.detach().contiguous().cpu().float().numpy().tobytes())
    return found.hexdigest()


def swap(made: Path, final: Path, old: Path) -> None:
    """Move a finished folder into place; the old one is complete until then."""
    if not any(made.glob("*.json")):
        raise CodesearchError(f"{made}: nothing was made")
    if final.exists():
        final.replace(old)
    made.replace(final)
