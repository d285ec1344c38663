"""Exports a PyTorch encoder to a folder for `OnnxEmbedder`: traced, fused, quantised, checked.

Needs torch, transformers, onnx and onnxruntime: the extra `[models]`. Only the encoder is exported; pooling and
normalisation are the same code for all models.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesearch.core.errors import CodesearchError
from codesearch.embed import config as configuration
from codesearch.embed.config import MODEL, TOKENIZER, VOCABULARY, Config, Pooling, Precision
from codesearch.embed.onnx import runtime
from codesearch.embed.wordpiece import WordPiece, plain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

OPSET = 17
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
FUSED = ("bert", "roberta", "xlm-roberta", "distilbert", "electra", "camembert")
"""Model types whose attention and layers onnxruntime can fuse into one operator each."""

ALIKE = 0.99
"""Minimum cosine between the vectors of a float32 export and the original's."""


class NotExportableError(CodesearchError):
    """A model cannot be exported, or its export returns other vectors."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A transformers model, the text of its `tokenizer.json`, and how it reads texts."""

    model: Any
    tokenizer: str
    pooling: Pooling
    query_prompt: str
    document_prompt: str
    query_tokens: int
    document_tokens: int


def export(
    encoder: Encoder, folder: Path, *, name: str, version: str, precision: Precision, source: str = ""
) -> Config:
    """Write the model's folder and return its configuration. Files in `folder` are replaced.

    Raises NotExportableError with the reason in one line.
    """
    tokenizer = _tokenizer(encoder.tokenizer)
    with tempfile.TemporaryDirectory() as temporary:
        final = converted(encoder.model, Path(temporary), precision)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(final, folder / MODEL)
    (folder / tokenizer.file).write_bytes(tokenizer.content.encode())
    contents = {name: (folder / name).read_bytes() for name in (MODEL, tokenizer.file)}
    config = Config(
        kind="onnx",
        name=name,
        version=version,
        dims=int(encoder.model.config.hidden_size),
        pooling=encoder.pooling,
        query_prompt=encoder.query_prompt,
        document_prompt=encoder.document_prompt,
        query_tokens=encoder.query_tokens,
        document_tokens=encoder.document_tokens,
        precision=precision,
        before=tokenizer.before,
        after=tokenizer.after,
        wordpiece=tokenizer.wordpiece,
        files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        sizes={name: len(content) for name, content in contents.items()},
        source=source,
    )
    config = replace(config, sha256=configuration.digest(config))
    configuration.write(config, folder)
    return config


def converted(model: Any, folder: Path, precision: Precision) -> Path:
    """Return a file in `folder` with the graph of a transformers model: traced, fused, quantised, optimised.

    Raises NotExportableError with the reason in one line.
    """
    with _quietly():
        traced = folder / "traced.onnx"
        try:
            runtime()  # before the imports below
            _trace(model, traced)
            fused = _fuse(model, traced)
            if precision == "int8":
                fused = _quantise(fused)
            return _optimise(fused)
        except Exception as error:
            raise NotExportableError(_line(error)) from error


def cosines(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the cosine of each row of one array with the same row of the other, both float (texts, dims)."""
    import numpy as np

    product = (one.astype(np.float64) * other).sum(axis=1)
    lengths = np.linalg.norm(one.astype(np.float64), axis=1) * np.linalg.norm(other.astype(np.float64), axis=1)
    return np.asarray(product / np.maximum(lengths, 1e-12))


@dataclass(frozen=True, slots=True)
class _Tokenizer:
    """The file of a tokenizer."""

    file: str
    content: str
    wordpiece: Mapping[str, str | bool]
    before: tuple[int, ...]
    after: tuple[int, ...]


_SAMPLES = (
    "open a file",
    "x",
    "parse http config v 2 getElementById",
    "naïve Straße ΑΣ 中文 ключ ... snake_case(a, b)[0]",
    "supercalifragilistic " * 6,
)


def _tokenizer(text: str) -> _Tokenizer:
    """Return a `tokenizer.json` as a plain vocabulary if it is BERT's kind, else without truncation and padding."""
    from tokenizers import Tokenizer

    values = json.loads(text)
    values["truncation"] = values["padding"] = None
    small = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    tokenizer = Tokenizer.from_str(small)

    def bare(sample: str) -> list[int]:
        ids: list[int] = tokenizer.encode(sample, add_special_tokens=False).ids
        return ids

    whole, inside = tokenizer.encode(_SAMPLES[0]).ids, bare(_SAMPLES[0])
    start = next((at for at in range(len(whole)) if whole[at : at + len(inside)] == inside), None)
    if start is None or not inside:
        raise NotExportableError("its tokenizer does more than put special tokens around a text")
    before, after = tuple(whole[:start]), tuple(whole[start + len(inside) :])
    for sample in _SAMPLES:
        if tokenizer.encode(sample).ids != [*before, *bare(sample), *after]:
            raise NotExportableError("its tokenizer does more than put special tokens around a text")
    found = plain(values)
    if found is not None:
        vocabulary, arguments = found
        tokenize = WordPiece(vocabulary, **arguments)
        if all(tokenize(sample) == bare(sample) for sample in _SAMPLES):
            return _Tokenizer(VOCABULARY, vocabulary, arguments, before, after)
    return _Tokenizer(TOKENIZER, small, {}, before, after)


def _trace(model: Any, to: Path) -> None:
    import torch

    names = [name for name in INPUTS if name in _arguments(model)]

    class States(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        """The encoder, with positional inputs and one output."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: Any) -> Any:
            return self.model(**dict(zip(names, values, strict=True)), return_dict=True).last_hidden_state

    ids = torch.randint(5, 20, (2, 9))
    samples = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    axes = {name: {0: "texts", 1: "tokens"} for name in (*names, "states")}
    torch.onnx.export(
        States().eval(),
        tuple(samples[name] for name in names),
        str(to),
        input_names=names,
        output_names=["states"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )


def _arguments(model: Any) -> Sequence[str]:
    import inspect

    names = list(inspect.signature(model.forward).parameters)
    if getattr(model.config, "type_vocab_size", 0) < 2 and model.config.model_type != "bert":
        names = [name for name in names if name != "token_type_ids"]
    return names


def _fuse(model: Any, path: Path) -> Path:
    """Fuse attention, normalisation and activation into one operator each, if onnxruntime knows the model type."""
    if model.config.model_type not in FUSED:
        return path
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    heads, size = model.config.num_attention_heads, model.config.hidden_size
    fused = optimizer.optimize_model(
        str(path), "bert", heads, size, optimization_options=FusionOptions("bert"), opt_level=0
    )
    to = path.with_name("fused.onnx")
    fused.save_model_to_file(str(to))
    return to


def _quantise(path: Path) -> Path:
    """Quantise the weights to int8.

    There is a scale per column: one per matrix costs a tenth of the cosine. Only seven bits are used: with eight,
    processors without VNNI instructions saturate their 16-bit sums and return other vectors.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    to = path.with_name("quantised.onnx")
    quantize_dynamic(
        str(path),
        str(to),
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return to


def _optimise(path: Path) -> Path:
    """Save the model as onnxruntime optimises it on loading, so that loading is faster."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    to = path.with_name("final.onnx")
    options.optimized_model_filepath = str(to)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return to


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Suppress the advice of the tools."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
