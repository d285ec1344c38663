#!/usr/bin/env python3
"""Train on a packed file: first the cross-encoder, then the bi-encoder. One command, any machine, resumable.

  PYTHONPATH=. python training/train_packed.py --packed groups.npz --held-out held.npz --model RESTORED --save OUT

Without options it trains for one night on two CPU cores (`--hours 9`), or for ten minutes on a GPU (`--device cuda`:
larger batches). Every few minutes it writes a checkpoint with the optimizer's state to OUT/STAGE/state.pt; the same
command continues from there. `--stage cross` or `--stage bi` trains one of them.

The cross-encoder reads question and function as one text with the first LAYERS layers of the model; a linear layer on
the mean of the last states is its score. A group is a question, its answer, and wrong answers from our own ranking; the
loss is the cross-entropy of the answer (listwise). The bi-encoder learns from the same groups: a question must find its
function among all of the batch, including the hard negatives of all groups.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pack_groups import KINDS
from packed_groups import END, START, Group, Packed, joined, padded
from torch import nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

LAYERS = 4
WRONG = {"cross": 7, "bi": 3}
TOKENS = 128
DOCUMENT_TOKENS = 96
QUERY_TOKENS = 40
RATE = {"cross": 1e-4, "bi": 3e-5}
BATCH = {"cpu": {"cross": 4, "bi": 24}, "cuda": {"cross": 32, "bi": 128}}
"""Groups per step."""
TEMPERATURE = 0.05
WARM_UP = 0.04
SAVE_SECONDS = 240
CANDIDATES = 16
"""Candidates of a question that the evaluation reranks."""


class CrossEncoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """The first layers of a BERT, and a score from the mean of its last states."""

    def __init__(self, folder: Path, layers: int) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, add_pooling_layer=False)
        self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        self.encoder.config.num_hidden_layers = layers
        self.score = nn.Linear(self.encoder.config.hidden_size, 1)
        nn.init.normal_(self.score.weight, std=0.02)

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return a score per text."""
        return self.score(mean(self.encoder, tokens)).squeeze(-1)


def mean(encoder: Any, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the mean of the last states of each text's tokens, (texts, dims)."""
    states = encoder(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None].float()
    return (states.float() * mask).sum(1) / mask.sum(1)


def tensors(rows: list[list[int]], types: list[list[int]] | None, device: str) -> dict[str, torch.Tensor]:
    """Return the arguments of an encoder."""
    ids = torch.from_numpy(padded(rows)).to(device)
    mask = torch.from_numpy(padded([[1] * len(row) for row in rows])).to(device)
    kinds = torch.from_numpy(padded(types)).to(device) if types else torch.zeros_like(ids)
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


def cross_loss(model: CrossEncoder, batch: list[Group], device: str) -> torch.Tensor:
    """Return the listwise loss of a batch of groups."""
    pairs = [joined(group.query[: QUERY_TOKENS + 16], one, TOKENS) for group in batch for one in group.documents]
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]))
    scores = torch.zeros(len(pairs), device=device)
    half = len(order) // 2 or 1  # short and long texts apart: less padding
    for start in range(0, len(order), half):
        some = order[start : start + half]
        scores = scores.index_put(
            (torch.tensor(some, device=device),),
            model(tensors([pairs[at][0] for at in some], [pairs[at][1] for at in some], device)).float(),
        )
    lists = scores.view(len(batch), -1)
    return functional.cross_entropy(lists, torch.zeros(len(batch), dtype=torch.long, device=device))


def single(tokens: Any, most: int) -> list[int]:
    """Return a text for an encoder."""
    return [START, *tokens.tolist()[: most - 2], END]


def bi_loss(model: Any, batch: list[Group], device: str) -> torch.Tensor:
    """Return the contrastive loss of a batch: each question among all functions of the batch, and the reverse."""
    asked = functional.normalize(
        mean(model, tensors([single(g.query, QUERY_TOKENS) for g in batch], None, device)), dim=1
    )
    rights = [single(g.documents[0], DOCUMENT_TOKENS) for g in batch]
    wrongs = [single(one, DOCUMENT_TOKENS) for g in batch for one in g.documents[1:]]
    answers = functional.normalize(mean(model, tensors(rights + wrongs, None, device)), dim=1)
    wanted = torch.arange(len(batch), device=device)
    scores = asked @ answers.T / TEMPERATURE
    # Another question of the same repository may have the same answer among its wrong ones; that is rare and accepted.
    return functional.cross_entropy(scores, wanted) + 0.3 * functional.cross_entropy(scores[:, : len(batch)].T, wanted)


def batches(groups: Iterator[tuple[int, Group]], size: int) -> Iterator[list[Group]]:
    """Yield batches of groups."""
    while True:
        yield [next(groups)[1] for _ in range(size)]


def orders(packed: Packed, at: int, device: str, model: Any, stage: str) -> tuple[int, list[float]] | None:
    """Return the rank of the answer, and the model's scores of the first candidates; None if it is not among them."""
    rank = int(packed.ranks[at])
    wrong = packed.wrong(at)[: CANDIDATES - 1]
    if not 1 <= rank <= CANDIDATES or len(wrong) < CANDIDATES - 1:
        return None
    numbers = [*wrong[: rank - 1], packed.right(at)[0], *wrong[rank - 1 :]]
    documented = int(packed.kinds[at]) > 3
    documents = [packed.document(number, DOCUMENT_TOKENS, documented=documented) for number in numbers]
    with torch.inference_mode():
        if stage == "cross":
            pairs = [joined(packed.query(at)[: QUERY_TOKENS + 16], one, TOKENS) for one in documents]
            scores = model(tensors([ids for ids, _ in pairs], [types for _, types in pairs], device)).float()
        else:
            rows = [single(packed.query(at), QUERY_TOKENS), *(single(one, DOCUMENT_TOKENS) for one in documents)]
            vectors = functional.normalize(mean(model, tensors(rows, None, device)), dim=1)
            scores = vectors[1:] @ vectors[0]
    return rank, [float(score) for score in scores]


def evaluate(packed: Packed, model: Any, stage: str, device: str, most: int) -> dict[str, Any]:
    """Return the MRR of the fast ranking's first candidates, as they are, by the model, and by both, by kind."""
    model.eval()
    chosen = list(range(len(packed)))
    random.Random(1).shuffle(chosen)
    found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    count = 0
    for at in chosen:
        one = orders(packed, at, device, model, stage)
        if one is None:
            continue
        rank, scores = one
        own = np.array(scores)
        spread = (own - own.mean()) / (own.std() + 1e-6)
        both = spread - 0.7 * np.log(np.arange(1, len(own) + 1))
        places = [1 + int((values > values[rank - 1]).sum()) for values in (own, both)]
        found[KINDS[int(packed.kinds[at])]].append((1 / rank, 1 / places[0], 1 / places[1]))
        count += 1
        if count >= most:
            break
    model.train()
    table = {kind: [round(float(value), 4) for value in np.mean(rows, axis=0)] for kind, rows in sorted(found.items())}
    everything = [row for rows in found.values() for row in rows]
    table["all"] = [round(float(value), 4) for value in np.mean(everything, axis=0)]
    return {"questions": count, "MRR: fast, model, both": table}


def train(stage: str, options: argparse.Namespace) -> None:
    """Train a stage until its time is over, or go on with it."""
    folder = options.save / stage
    folder.mkdir(parents=True, exist_ok=True)
    device = options.device
    model = (
        CrossEncoder(options.model, options.layers) if stage == "cross" else AutoModel.from_pretrained(options.model)
    )
    model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), RATE[stage], weight_decay=0.01)
    state = folder / "state.pt"
    spent, done = resume(state, model, optimizer, device)
    limit = options.hours * 3600 * options.share[stage]
    begun, saved, losses = time.monotonic() - spent, time.monotonic(), []
    packed = Packed(options.packed)
    size = BATCH["cuda" if device.startswith("cuda") else "cpu"][stage]
    source = batches(packed.groups(WRONG[stage], DOCUMENT_TOKENS, options.seed + done), size)
    while (spent := time.monotonic() - begun) < limit and done < options.groups:
        used = max(spent / limit, done / options.groups)
        for part in optimizer.param_groups:
            part["lr"] = RATE[stage] * min(1.0, used / WARM_UP + 0.02) * (1 - used)
        batch = next(source)
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=options.bfloat16):
            loss = cross_loss(model, batch, device) if stage == "cross" else bi_loss(model, batch, device)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        done += len(batch)
        losses.append(float(loss.detach()))
        if len(losses) % 25 == 0:
            print(f"{stage} {spent:.0f}s groups {done} loss {np.mean(losses[-100:]):.4f}", flush=True)
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            keep(state, model, optimizer, spent, done)
            measure(stage, model, options, options.watch)
    keep(state, model, optimizer, spent, done)
    write(stage, model, options)
    report = measure(stage, model, options, options.most)
    (folder / "held-out.json").write_text(json.dumps(report, indent=1))


def resume(state: Path, model: Any, optimizer: Any, device: str) -> tuple[float, int]:
    """Load a checkpoint, if there is one; return the seconds and groups until then."""
    if not state.exists():
        return 0.0, 0
    kept = torch.load(state, map_location=device, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    print(f"continue after {kept['done']} groups, {kept['spent']:.0f} s", flush=True)
    return float(kept["spent"]), int(kept["done"])


def write(stage: str, model: Any, options: argparse.Namespace) -> None:
    """Write the trained model as transformers reads it; the score of a cross-encoder beside it."""
    folder = options.save / stage / "model"
    encoder = model.encoder if stage == "cross" else model
    encoder.save_pretrained(folder)
    AutoTokenizer.from_pretrained(options.model).save_pretrained(folder)
    if stage == "cross":
        torch.save(model.score.state_dict(), folder / "score.pt")


def measure(stage: str, model: Any, options: argparse.Namespace, most: int) -> dict[str, Any]:
    """Print and return how well the model does on the held-out groups; {} if there are none."""
    if not options.held_out or not most:
        return {}
    report = evaluate(Packed(options.held_out), model, stage, options.device, most)
    print(stage, json.dumps(report), flush=True)
    return report


def keep(state: Path, model: Any, optimizer: Any, spent: float, done: int) -> None:
    """Write a checkpoint, whole or not at all."""
    partial = state.with_suffix(".partial")
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "done": done}, partial
    )
    partial.replace(state)


def main() -> None:
    """Train what the options say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packed", type=Path, required=True)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--stage", choices=("cross", "bi", "both"), default="both")
    parser.add_argument("--hours", type=float, help="for both stages; 9 on a CPU, 0.16 on a GPU")
    parser.add_argument("--groups", type=float, default=math.inf, help="stop a stage after so many groups")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=1500, help="questions of the evaluation at the end")
    parser.add_argument("--watch", type=int, default=0, help="questions of an evaluation at each checkpoint")
    parser.add_argument("--float32", dest="bfloat16", action="store_false")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    options.hours = options.hours or (0.16 if options.device.startswith("cuda") else 9.0)
    both = options.stage == "both"
    options.share = {"cross": 0.6, "bi": 0.4} if both else {"cross": 1.0, "bi": 1.0}
    for stage in ("cross", "bi") if both else (options.stage,):
        train(stage, options)


if __name__ == "__main__":
    main()
