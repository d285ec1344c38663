#!/usr/bin/env python3
"""Export a trained cross-encoder to the folder in the package: ONNX, int8, without the table of tokens.

  PYTHONPATH=. python training/export_cross.py CHECKPOINT codesearch/embed/models/reranker --version 1

CHECKPOINT is a BERT as transformers saves it, with `score.pt`, the `state_dict` of the linear layer that makes a score
from the mean of the last states. Its table of tokens must be that of the bundled transformer, in which it is looked up.

Prints the size, how well the scores agree with those of the checkpoint in float32 (on functions of this project), and
the speed. Needs the extra `[models]`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from restore_checkpoint import EMBEDDINGS, restored
from transformers import AutoModel, AutoTokenizer

from codesearch import embed
from codesearch.core.tokens import words
from codesearch.embed import MODELS, TRANSFORMER
from codesearch.embed.config import MODEL
from codesearch.embed.cross import OUTPUT, CrossConfig, CrossEncoder, write
from codesearch.embed.manage.export import converted
from codesearch.embed.manage.samples import documents
from codesearch.embed.transformer import one_line

TOKENS, QUERY_TOKENS = 128, 40
SAME = 1e-4
"""Maximum difference between the table of tokens of a checkpoint and that of the bundled transformer."""
MEASURED = 60
"""Functions of this project; each is paired with the documentation of four."""
INPUT = "embedded"


def check_table(model: Any) -> None:
    """Stop if the table of tokens is not that of the bundled transformer."""
    bundled = restored(MODELS / TRANSFORMER / MODEL)
    own = model.embeddings.state_dict()
    for part in EMBEDDINGS:
        difference = float(np.abs(own[part].numpy() - bundled[f"embeddings.{part}"]).max())
        if difference > SAME:
            raise SystemExit(f"{part} differs by {difference:.5f} from the bundled transformer's: train it frozen")


def cut(graph: onnx.GraphProto, score: dict[str, torch.Tensor]) -> None:
    """Let a graph read embedded tokens instead of token numbers, and return a score instead of states."""
    (lookup,) = (node for node in graph.node if node.op_type == "QEmbedLayerNormalization")
    states, dims = graph.output[0].name, score["weight"].shape[1]
    kept = [node for node in graph.node if node.op_type not in ("Cast", "QEmbedLayerNormalization")]
    for node in kept:
        for at, name in enumerate(node.input):
            if name == lookup.output[0]:
                node.input[at] = INPUT
            elif name in lookup.output:
                node.input[at] = ""  # the mask of a padded text
    kept += [
        helper.make_node("ReduceMean", [states], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Gemm", ["mean", "score.weight", "score.bias"], ["column"], transB=1),
        helper.make_node("Squeeze", ["column", "last"], [OUTPUT]),
    ]
    used = {name for node in kept for name in node.input}
    constants = [item for item in graph.initializer if item.name in used]
    constants += [
        numpy_helper.from_array(score["weight"].numpy().astype(np.float32), "score.weight"),
        numpy_helper.from_array(score["bias"].numpy().astype(np.float32), "score.bias"),
        numpy_helper.from_array(np.array([1], np.int64), "last"),
    ]
    for field, values in (
        (graph.node, kept),
        (graph.initializer, constants),
        (graph.input, [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, "tokens", dims])]),
        (graph.output, [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1])]),
        (graph.value_info, []),
    ):
        del field[:]
        field.extend(values)


def export(model: Any, score: dict[str, torch.Tensor], folder: Path, version: str, source: str) -> CrossConfig:
    """Write the folder, and return its configuration."""
    with tempfile.TemporaryDirectory() as temporary:
        whole = onnx.load(str(converted(model, Path(temporary), "int8")))
    cut(whole.graph, score)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(whole, str(folder / MODEL))
    content = (folder / MODEL).read_bytes()
    return write(
        CrossConfig(
            name=embed.RERANKER,
            version=version,
            embeddings=embed.load(TRANSFORMER).model_id,
            tokens=TOKENS,
            query_tokens=QUERY_TOKENS,
            files={MODEL: hashlib.sha256(content).hexdigest()},
            sizes={MODEL: len(content)},
            source=source,
        ),
        folder,
    )


def original(model: Any, score: dict[str, torch.Tensor], tokenizer: Any, query: str, document: str) -> float:
    """Return the score of a pair by the checkpoint."""

    def tokens(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]
        return found

    first = [tokenizer.cls_token_id, *tokens(" ".join(words(query)))[:QUERY_TOKENS], tokenizer.sep_token_id]
    second = [*tokens(one_line(document))[: TOKENS - len(first) - 1], tokenizer.sep_token_id]
    types = [0] * len(first) + [1] * len(second)
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([first + second]), token_type_ids=torch.tensor([types])).last_hidden_state
        return float(states[0].mean(0) @ score["weight"][0] + score["bias"][0])


def pairs() -> list[tuple[str, str]]:
    """Return questions and functions of this project: documented ones, each with its own documentation and others'."""
    found = documents(Path(__file__).parent.parent, 10 * MEASURED)
    documented = [(text, said) for text in found if len(said := text.split("\n")[3]) > 20][:MEASURED]
    asked = itertools.cycle(said[:200] for _, said in documented)
    return [(query, text) for text, own in documented for query in (own[:200], *itertools.islice(asked, 3))]


def main() -> None:
    """Export and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", default="the bundled transformer, trained on pairs of questions and functions")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModel.from_pretrained(
        options.checkpoint, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32
    ).eval()
    score = torch.load(options.checkpoint / "score.pt", map_location="cpu", weights_only=True)
    check_table(model)
    config = export(model, score, options.folder, options.version, options.source)
    print(config.model_id, sum(config.sizes.values()), "bytes")

    some = pairs()
    encoder = CrossEncoder(options.folder)
    encoder.scores(some[0][0], [some[0][1]])
    begun, cpu = time.perf_counter(), time.process_time()
    ours = [encoder.scores(query, [text]) for query, text in some]
    print(f"{len(some) / (time.perf_counter() - begun):.0f} pairs/s one at a time; ", end="")
    print(f"{1000 * (time.process_time() - cpu) / len(some):.1f} ms of CPU time per pair")
    begun = time.perf_counter()
    encoder.scores(some[0][0], [text for _, text in some[:64:4]])
    print(f"16 pairs of one question with 2 threads: {1000 * (time.perf_counter() - begun):.0f} ms")
    tokenizer = AutoTokenizer.from_pretrained(options.checkpoint)
    theirs = np.array([original(model, score, tokenizer, query, text) for query, text in some])
    found = np.array([one[0] for one in ours if one])
    print(
        f"{len(some)} scores beside those of the checkpoint: Pearson {np.corrcoef(found, theirs)[0, 1]:.4f}, "
        f"maximal difference {np.abs(found - theirs).max():.3f}, standard deviation {theirs.std():.3f}"
    )


if __name__ == "__main__":
    main()
