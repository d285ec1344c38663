"""Bringing a model: from a name on a hub, or a folder, to a folder of the user's that `codesearch.embed.load` finds.

The model is loaded once through sentence-transformers, exported to ONNX, and its vectors are compared with the
original's. One that cannot be exported is kept as it is, for sentence-transformers to run.
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
from codesearch.core.errors import CodesearchError, ModelError, NotFoundError, UsageError
from codesearch.embed import config as configuration
from codesearch.embed.config import CONFIG, Config, Pooling, Precision
from codesearch.embed.sentence import INSTALL, ORIGINAL, SentenceEmbedder, encode, load, quietly, width

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DOCUMENT_TOKENS = 128
QUERY_TOKENS = 64
"""At most; a model that reads less keeps its own length. Time grows with the length, and what a function does is
mostly told by its beginning."""

SAMPLES = 48
HUB_TIMEOUT = 10.0
"""Seconds that the hub has to answer."""

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
class Wish:
    """What a person wants imported, and how."""

    source: str
    """A folder, or a name on the hub such as `sentence-transformers/all-MiniLM-L6-v2`."""
    name: str = ""
    """Empty: the last part of the source."""
    precision: Precision = "int8"
    offline: bool = False
    trust_remote_code: bool = False
    query_prompt: str | None = None
    """None: what the model says."""
    document_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it."""

    config: Config
    folder: Path
    exact: float | None
    """Mean cosine of the float32 export with the original; None if it could not be exported."""
    least: float | None
    """The least cosine of what is kept with the original."""


def add(wish: Wish, tell: Callable[[str], None] = lambda _: None) -> Imported:
    """Import a model; one of that name that was imported before is replaced. `tell` hears what is being done.

    Raises:
        UsageError: the name cannot be one.
        ModelError: the extra is missing, the hub cannot be reached, or the model cannot be loaded or used.

    """
    name = _named(wish)
    local = Path(wish.source).expanduser()
    if not local.is_dir() and (wish.source.startswith((".", "/", "~")) or local.is_absolute()):
        raise NotFoundError(f"{wish.source}: no such folder")
    offline = local.is_dir() or _offline(wish)
    _need_extra()
    source = str(local.resolve()) if local.is_dir() else wish.source
    if not offline:
        offline = _only_cached(wish.source)
    tell(f"loading {wish.source} through sentence-transformers")
    try:
        model = load(source, offline=offline, trust_remote_code=wish.trust_remote_code, **_eager(wish))
    except ModelError as error:
        if offline and not local.is_dir() and "code of its own" not in str(error):
            raise ModelError(
                f"{wish.source}: is not in this machine's cache, and the hub is not asked or cannot be reached; "
                "name a folder that holds the model"
            ) from error
        raise
    folder = embed.models_folder()
    if folder is None:
        raise ModelError("there is no home folder to keep models in: set CODESEARCH_MODELS to a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".adding-") as temporary:
        made = Path(temporary) / name
        imported = _made(model, wish, name, source if local.is_dir() else wish.source, made, tell)
        _swap(made, folder / name, Path(temporary) / "old")
    return replace(imported, folder=folder / name)


def remove(name: str) -> Path:
    """Delete an imported model, and return the folder that was.

    Raises:
        UsageError: it is a bundled one.
        NotFoundError: there is none of that name.

    """
    if name in embed.bundled():
        raise UsageError(f"{name} is part of codesearch and cannot be removed")
    folder = embed.folder_of(name)
    # Renamed first: whoever looks finds all of it or nothing.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".removing-") as temporary:
        folder.replace(Path(temporary) / name)
    return folder


def _named(wish: Wish) -> str:
    name = wish.name or re.split(r"[/\\]", wish.source.rstrip("/\\"))[-1]
    if not _NAME.match(name):
        raise UsageError(f"{name!r} cannot name a model: give one of letters, digits, `.`, `-` and `_` with --name")
    if name in embed.bundled():
        raise UsageError(f"{name} is the name of a bundled model: give another with --name")
    return name


def _offline(wish: Wish) -> bool:
    if wish.offline:
        # Before the library is imported, which reads it once.
        os.environ["HF_HUB_OFFLINE"] = "1"
    return os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")


def _need_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("sentence_transformers", "torch", "onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ModelError(f"importing a model needs {', '.join(missing)}: {INSTALL}")


def _only_cached(source: str) -> bool:
    """Return whether the hub cannot be reached, so that only what was loaded before can be used."""
    with quietly():
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

        try:
            # The library itself would try again for more than a minute.
            HfApi().model_info(source, timeout=HUB_TIMEOUT)
        except (RepositoryNotFoundError, HFValidationError) as error:
            raise ModelError(f"{source}: neither a folder nor a model on the hub that is open to you") from error
        except HfHubHTTPError as error:
            raise ModelError(f"{source}: the hub answers {' '.join(str(error).split())[:200]}") from error
        except Exception:  # noqa: BLE001 -- whatever the HTTP client of the day raises
            return True
    return False


def _eager(wish: Wish) -> dict[str, Any]:
    # The plain form of attention is the one that can be exported and fused. Own code may not know the word.
    return {} if wish.trust_remote_code else {"attn_implementation": "eager"}


def _made(model: Any, wish: Wish, name: str, source: str, folder: Path, tell: Callable[[str], None]) -> Imported:
    """Write the model's folder."""
    from codesearch.core.tokens import words
    from codesearch.embed.manage.export import ALIKE, NotExportableError, cosines, export
    from codesearch.embed.manage.samples import documents
    from codesearch.embed.onnx import OnnxEmbedder
    from codesearch.embed.transformer import one_line

    query_prompt, document_prompt = _prompts(model, wish)
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
        tell("exporting it, and comparing the vectors")
        config, alike = exported("float32")
        exact = float(alike.mean())
        if exact < ALIKE:
            raise NotExportableError(f"the export's vectors are not the original's: mean cosine {exact:.4f}")
        if wish.precision == "int8":
            config, alike = exported("int8")
        config = replace(config, cosine=round(float(alike.mean()), 4))
        configuration.write(config, folder)
        return Imported(config, folder, exact, float(alike.min()))
    except (NotExportableError, ModelError) as error:
        reason = str(error)
    tell(f"it cannot be exported ({reason}); sentence-transformers will run it")
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
        query_prompt=query_prompt,
        document_prompt=document_prompt,
        query_tokens=lengths[0],
        document_tokens=lengths[1],
        precision="float32",
        before=(),
        after=(),
        wordpiece={},
        files={"weights": _weights(model)},
        sizes={},
        source=source,
        trusted=wish.trust_remote_code,
        note=reason,
    )
    config = replace(config, sha256=configuration.digest(config))
    configuration.write(config, folder)
    alike = compared(SentenceEmbedder(folder))
    if alike.mean() < ALIKE:
        raise ModelError(f"{source}: saved and loaded again, the model gives other vectors ({alike.mean():.4f})")
    return Imported(config, folder, None, float(alike.min()))


def _encoder(model: Any, query_prompt: str, document_prompt: str, query_tokens: int, document_tokens: int) -> Any:
    """Return what is to be exported of a sentence-transformers model. Raises NotExportableError."""
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


def _prompts(model: Any, wish: Wish) -> tuple[str, str]:
    known = model.prompts or {}
    query = next((known[key] for key in _QUERY_PROMPTS if known.get(key)), "")
    document = next((known[key] for key in _DOCUMENT_PROMPTS if known.get(key)), "")
    if model.default_prompt_name and not query and not document:
        query = document = known.get(model.default_prompt_name, "")
    return (
        query if wish.query_prompt is None else wish.query_prompt,
        document if wish.document_prompt is None else wish.document_prompt,
    )


def _weights(model: Any) -> str:
    """Return the SHA-256 of all weights."""
    found = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        found.update(key.encode())
        found.update(tensor.detach().contiguous().cpu().float().numpy().tobytes())
    return found.hexdigest()


def _swap(made: Path, final: Path, old: Path) -> None:
    """Put a finished folder where it is looked for; the one before is whole until then."""
    if not (made / CONFIG).is_file():
        raise CodesearchError(f"{made}: nothing was made")
    if final.exists():
        final.replace(old)
    made.replace(final)
