#!/usr/bin/env python3
"""Train the bi-encoder and the cross-encoder on a packed file. One command, any machine, resumable.

  PYTHONPATH=. python training/train_packed.py --packed groups.npz --held-out held.npz --model START --save OUT

Without options it trains for one night on two CPU cores; with `--device cuda` for nine minutes on a GPU. There are four
stages, of which each has its share of the time:

  bi        the bi-encoder: a question must find its function among all of the batch, which is drawn from a few
            repositories, and among hard negatives of our own ranking
  mine      no training: for each question, the nearest wrong functions of its repository are further hard negatives
  cross     the cross-encoder, which reads question and function as one text: the answer against hard negatives of both
            kinds (listwise cross-entropy); a linear layer on the mean of the last states is its score
  distil    the bi-encoder again, on the same lists, towards the cross-encoder's scores

The tables of embeddings are frozen, so that both models can share those of the bundled one. Every few minutes a
checkpoint is written; the same command continues from there. OUT/bi/model and OUT/cross/model are what transformers
reads; OUT/parts has the same layers as float16, in files small enough to be copied from anywhere.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pack_groups import KINDS
from packed_groups import FROM_DOCUMENTATION, Integers, Packed, Tokens
from torch import nn
from torch.nn import functional
from transformers import AutoModel

TOKENS, DOCUMENT_TOKENS, QUERY_TOKENS = 128, 64, 40
SHARE = {"bi": 0.28, "mine": 0.03, "cross": 0.44, "distil": 0.25}
RATE = {"bi": 6e-5, "cross": 1.2e-4, "distil": 4e-5}
HEAD_RATE = 1e-3
BATCH = {"cpu": {"bi": 48, "cross": 8, "distil": 32}, "cuda": {"bi": 512, "cross": 256, "distil": 384}}
"""Questions per step."""
WRONG = {"bi": 3, "cross": 7, "distil": 7}
REPOSITORIES = {"cpu": 2, "cuda": 6}
"""Repositories in a batch."""
TEMPERATURE = 0.05
TEACHER = 1.0
"""Weight of the cross-encoder's scores when the bi-encoder learns from them."""
WARM_UP = 0.04
DOCUMENTED = 0.35
"""Part of the batches that show documentation; never with questions that are sentences of it."""
LOOSE_DOCUMENTED = 0.3
SENTENCES = 0.45
"""At most this part of a batch are the additional sentences of documentation."""
NEAREST = 16
SAVE_SECONDS = 240
CANDIDATES = 16
"""Candidates of a question that the evaluation reranks."""


class CrossEncoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """A BERT, and a score from the mean of its last states."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.score = nn.Linear(encoder.config.hidden_size, 1)
        nn.init.normal_(self.score.weight, std=0.02)
        nn.init.zeros_(self.score.bias)

    def forward(self, tokens: Tokens) -> torch.Tensor:
        """Return a score per text."""
        return self.score(mean(self.encoder, tokens)).squeeze(-1)


def mean(encoder: Any, tokens: Tokens) -> torch.Tensor:
    """Return the mean of the last states of each text's tokens, (texts, dims), in float32."""
    ids, attended, types = (torch.from_numpy(part).to(encoder.device) for part in tokens)
    states = encoder(input_ids=ids, attention_mask=attended, token_type_ids=types).last_hidden_state
    mask = attended[..., None].float()
    return (states.float() * mask).sum(1) / mask.sum(1)


def vectors(encoder: Any, tokens: Tokens) -> torch.Tensor:
    """Return the vectors of texts, of length 1."""
    return functional.normalize(mean(encoder, tokens), dim=1)


class Batch(NamedTuple):
    """Questions, one right function each, and wrong ones, by number."""

    asked: Integers
    right: Integers
    wrong: Integers
    """(questions, wrong)."""
    documented: bool


class Sampler:
    """Draws batches from a packed file."""

    def __init__(self, packed: Packed, seed: int) -> None:
        """Prepare to draw from all repositories."""
        self.packed, self.chance = packed, np.random.default_rng(seed)
        groups = packed.groups
        self.near: Integers | None = None
        self._functions = {int(at): packed.functions(int(at)) for at in np.unique(groups.repository)}
        self._by_repository: dict[bool, dict[int, tuple[Integers, Integers]]] = {}
        for documented in (False, True):
            of = {}
            for at in self._functions:
                own = np.flatnonzero(groups.repository == at)
                if documented:
                    own = own[groups.kinds[own] > 0]
                    loose = groups.kinds[own] < FROM_DOCUMENTATION
                    own = own[~loose | (self.chance.random(len(own)) < LOOSE_DOCUMENTED)]
                of[at] = own[own < packed.mined], own[own >= packed.mined]
            self._by_repository[documented] = of
        self._repositories = np.array(sorted(self._functions))
        counts = np.array([len(self._by_repository[False][int(at)][0]) for at in self._repositories], float)
        self._weights = np.sqrt(counts + 1) / np.sqrt(counts + 1).sum()

    def draw(self, size: int, wrong: int, repositories: int) -> Batch:
        """Return a batch of questions from a few repositories."""
        documented = bool(self.chance.random() < DOCUMENTED)
        some = self.chance.choice(self._repositories, min(repositories, len(self._repositories)), False, self._weights)
        asked = []
        for at in some:
            mined, sentences = self._by_repository[documented][int(at)]
            most = -(-size // len(some))
            more = min(len(sentences), int(most * SENTENCES))
            for pool, count in ((mined, most - more), (sentences, more)):
                if count and len(pool):
                    asked.append(self.chance.choice(pool, min(count, len(pool)), False))
        chosen = np.concatenate(asked)[:size]
        return Batch(chosen, self._right(chosen), self._wrong(chosen, wrong), documented)

    def _right(self, chosen: Integers) -> Integers:
        right = self.packed.groups.right[chosen]
        column = (self.chance.random(len(chosen)) * (right >= 0).sum(1)).astype(int)
        found: Integers = right[np.arange(len(chosen)), column]
        return found

    def _wrong(self, chosen: Integers, count: int) -> Integers:
        """Return wrong functions of each question: the hardest have the best chance."""
        groups = self.packed.groups
        pool = groups.wrong[chosen]
        if self.near is not None:
            pool = np.concatenate([pool, self.near[chosen]], axis=1)
        place = np.arange(pool.shape[1]) % groups.wrong.shape[1]
        order = self.chance.random(pool.shape) * (4 + place) + 1e3 * (pool < 0)
        columns = np.argsort(order, axis=1)[:, :count]
        found = np.take_along_axis(pool, columns, axis=1)
        for row, column in zip(*np.nonzero(found < 0), strict=True):
            others = self._functions[int(groups.repository[chosen[row]])]
            found[row, column] = others[self.chance.integers(len(others))]
        return found


def same(packed: Packed, batch: Batch, columns: Integers) -> torch.Tensor:
    """Return (questions, functions): whether a function of the batch also answers a question."""
    right = packed.groups.right[batch.asked]
    found = (columns[None, :, None] == np.where(right < 0, -2, right)[:, None, :]).any(2)
    return torch.from_numpy(found)


def contrast(model: Any, packed: Packed, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the contrastive loss, and the cosines of each question with its own list, right one first."""
    count = len(batch.asked)
    columns = np.concatenate([batch.right, batch.wrong.ravel()])
    asked = vectors(model, packed.questions(batch.asked))
    found = vectors(model, packed.documents(columns, DOCUMENT_TOKENS, documented=batch.documented))
    cosines = asked @ found.T
    wanted = torch.arange(count, device=cosines.device)
    also = same(packed, batch, columns).to(cosines.device)
    also[wanted, wanted] = False
    scores = (cosines / TEMPERATURE).masked_fill(also, -1e4)
    loss = functional.cross_entropy(scores, wanted)
    loss = loss + 0.3 * functional.cross_entropy(scores[:, :count].T, wanted)
    lists = torch.from_numpy(
        np.concatenate(
            [np.arange(count)[:, None], count + np.arange(batch.wrong.size).reshape(batch.wrong.shape)], axis=1
        )
    ).to(cosines.device)
    return loss, torch.gather(cosines, 1, lists)


def list_scores(model: CrossEncoder, packed: Packed, batch: Batch) -> torch.Tensor:
    """Return the cross-encoder's scores of each question's list, right one first."""
    columns = np.concatenate([batch.right[:, None], batch.wrong], axis=1)
    asked = np.repeat(batch.asked, columns.shape[1])
    return model(packed.pairs(asked, columns.ravel(), TOKENS, documented=batch.documented)).view(columns.shape)


def bi_loss(model: Any, packed: Packed, batch: Batch, teacher: CrossEncoder | None) -> torch.Tensor:
    """Return the loss of the bi-encoder: contrast, and how far its lists are from the teacher's."""
    loss, cosines = contrast(model, packed, batch)
    if teacher is None:
        return loss
    with torch.no_grad():
        wanted = functional.log_softmax(list_scores(teacher, packed, batch).float(), dim=1)
    own = functional.log_softmax(cosines / TEMPERATURE, dim=1)
    return loss + TEACHER * functional.kl_div(own, wanted, log_target=True, reduction="batchmean")


def cross_loss(model: CrossEncoder, packed: Packed, batch: Batch) -> torch.Tensor:
    """Return the listwise loss of the cross-encoder."""
    scores = list_scores(model, packed, batch).float()
    return functional.cross_entropy(scores, torch.zeros(len(batch.asked), dtype=torch.long, device=scores.device))


def nearest(model: Any, packed: Packed, precision: Any) -> Integers:
    """Return the nearest wrong functions of each question in its repository, (questions, NEAREST), -1 for none."""
    model.eval()
    groups = packed.groups
    found = np.full((len(packed), NEAREST), -1, np.int64)
    with torch.inference_mode(), precision():
        for at in np.unique(groups.repository):
            functions, asked = packed.functions(int(at)), np.flatnonzero(groups.repository == at)
            stored = torch.cat(
                [
                    vectors(model, packed.documents(some, DOCUMENT_TOKENS, documented=False))
                    for some in np.array_split(functions, -(-len(functions) // 2048))
                ]
            )
            for some in np.array_split(asked, -(-len(asked) // 2048)):
                cosines = vectors(model, packed.questions(some)) @ stored.T
                best = torch.topk(cosines, min(NEAREST + 4, len(functions)), dim=1).indices.cpu().numpy()
                numbers = functions[best]
                right = groups.right[some]
                names = packed.names[numbers][:, :, None] == packed.names[right][:, None, :]
                wrong = ~((numbers[:, :, None] == right[:, None, :]) | (names & (right >= 0)[:, None, :])).any(2)
                order = np.argsort(~wrong, axis=1, kind="stable")[:, :NEAREST]
                kept = np.where(np.take_along_axis(wrong, order, 1), np.take_along_axis(numbers, order, 1), -1)
                found[some, : kept.shape[1]] = kept
    model.train()
    return found


def evaluate(packed: Packed, model: Any, stage: str, most: int, precision: Any) -> dict[str, Any]:
    """Return the MRR of the fast ranking's first candidates, as they are, by the model, and by both, by kind."""
    model.eval()
    rows: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    groups, order = packed.groups, np.random.default_rng(1).permutation(len(packed))
    usable = (packed.ranks >= 1) & (packed.ranks <= CANDIDATES) & ((groups.wrong >= 0).sum(1) >= CANDIDATES - 1)
    for at in order[usable[order]][:most].tolist():
        rank, wrong = int(packed.ranks[at]), groups.wrong[at][groups.wrong[at] >= 0]
        numbers = np.array([*wrong[: rank - 1], groups.right[at][0], *wrong[rank - 1 : CANDIDATES - 1]])
        documented = int(groups.kinds[at]) >= FROM_DOCUMENTATION
        asked = np.full(len(numbers), at)
        with torch.inference_mode(), precision():
            if stage == "cross":
                scores = model(packed.pairs(asked, numbers, TOKENS, documented=documented)).float()
            else:
                documents = packed.documents(numbers, DOCUMENT_TOKENS, documented=documented)
                scores = vectors(model, documents) @ vectors(model, packed.questions(asked[:1]))[0]
        own = scores.float().cpu().numpy()
        both = (own - own.mean()) / (own.std() + 1e-6) - 0.7 * np.log(np.arange(1, len(own) + 1))
        places = [1 + int((values > values[rank - 1]).sum()) for values in (own, both)]
        rows[KINDS[int(groups.kinds[at])]].append((1 / rank, 1 / places[0], 1 / places[1]))
    model.train()
    rows["all"] = [row for some in rows.values() for row in some]
    table = {kind: [round(float(value), 4) for value in np.mean(some, axis=0)] for kind, some in sorted(rows.items())}
    return {"questions": len(rows["all"]), "MRR: fast, model, both": table}


class Training:
    """The data, the models, and what the options say."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.device = options, options.device
        self.cuda = self.device.startswith("cuda")
        self.packed = Packed(options.packed, QUERY_TOKENS, sentences=True)
        mined = self.packed.mined
        self.sampler = Sampler(self.packed, options.seed)
        self.held = Packed(options.held_out, QUERY_TOKENS, sentences=False) if options.held_out else None
        print(f"{mined} groups, {len(self.packed) - mined} sentences, {len(self.packed.names)} functions", flush=True)
        self.bi = self._encoder()
        self.cross = CrossEncoder(self._encoder()).to(self.device)

    def _encoder(self) -> Any:
        model = AutoModel.from_pretrained(self.options.model, add_pooling_layer=False, dtype=torch.float32)
        for parameter in model.embeddings.parameters():
            parameter.requires_grad = False
        return model.to(self.device).train()

    def precision(self) -> Any:
        """Return the context in which models run."""
        return torch.autocast("cuda" if self.cuda else "cpu", torch.bfloat16, enabled=self.options.bfloat16)

    def model(self, stage: str) -> Any:
        """Return what a stage trains."""
        return self.cross if stage == "cross" else self.bi

    def loss(self, stage: str) -> torch.Tensor:
        """Return the loss of a new batch."""
        kind = "cuda" if self.cuda else "cpu"
        batch = self.sampler.draw(BATCH[kind][stage], WRONG[stage], REPOSITORIES[kind])
        with self.precision():
            if stage == "cross":
                return cross_loss(self.cross, self.packed, batch)
            return bi_loss(self.bi, self.packed, batch, self.cross if stage == "distil" else None)

    def run(self, stage: str) -> None:
        """Train a stage until its time is over, or go on with it."""
        folder = self.options.save / stage
        folder.mkdir(parents=True, exist_ok=True)
        model, state = self.model(stage), folder / "state.pt"
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        head = list(self.cross.score.parameters()) if stage == "cross" else []
        body = [parameter for parameter in parameters if all(parameter is not one for one in head)]
        optimizer = torch.optim.AdamW(
            [{"params": body, "base": RATE[stage]}, {"params": head, "base": HEAD_RATE}], RATE[stage], weight_decay=0.01
        )
        spent, done = resume(state, model, optimizer, self.device)
        limit = self.options.hours * 3600 * SHARE[stage]
        begun, saved, losses = time.monotonic() - spent, time.monotonic(), []
        while (spent := time.monotonic() - begun) < limit and done < self.options.steps:
            used = max(spent / limit, done / self.options.steps)
            for part in optimizer.param_groups:
                part["lr"] = part["base"] * min(1.0, used / WARM_UP + 0.02) * (1 - used)
            loss = self.loss(stage)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            done += 1
            losses.append(loss.detach())
            if done % 50 == 0:
                print(f"{stage} {spent:.0f}s steps {done} loss {torch.stack(losses[-50:]).mean():.4f}", flush=True)
            if time.monotonic() - saved > SAVE_SECONDS and not self.cuda:
                saved = time.monotonic()
                keep(state, model, optimizer, spent, done)
        keep(state, model, optimizer, spent, done)
        print(f"{stage} {spent:.0f}s steps {done}", flush=True)
        self.measure(stage)

    def measure(self, stage: str) -> None:
        """Print how well a model does on the held-out groups."""
        if self.held is None or not self.options.most:
            return
        kind = "cross" if stage == "cross" else "bi"
        report = evaluate(self.held, self.model(stage), kind, self.options.most, self.precision)
        print(stage, json.dumps(report), flush=True)
        (self.options.save / f"{stage}.json").write_text(json.dumps(report, indent=1))

    def write(self) -> None:
        """Write both models: as transformers reads them, and their layers in small parts."""
        for name, encoder in (("bi", self.bi), ("cross", self.cross.encoder)):
            encoder.save_pretrained(self.options.save / name / "model")
        torch.save(self.cross.score.state_dict(), self.options.save / "cross" / "model" / "score.pt")
        parts = self.options.save / "parts"
        parts.mkdir(exist_ok=True)
        for name, model in (("bi", self.bi), ("cross", self.cross)):
            for half, some in enumerate(halves(model)):
                arrays = {key: value.detach().cpu().numpy().astype(np.float16) for key, value in some.items()}
                np.savez(parts / f"{name}{half}.npz", **arrays)


def halves(model: nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """Yield the trained weights in two parts."""
    rows = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    for some in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        yield dict(some)


def resume(state: Path, model: Any, optimizer: Any, device: str) -> tuple[float, int]:
    """Load a checkpoint, if there is one; return the seconds and steps until then."""
    if not state.exists():
        return 0.0, 0
    kept = torch.load(state, map_location=device, weights_only=True)
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    print(f"continue after {kept['done']} steps, {kept['spent']:.0f} s", flush=True)
    return float(kept["spent"]), int(kept["done"])


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
    parser.add_argument("--hours", type=float, help="for all stages; 9 on a CPU, 0.15 on a GPU")
    parser.add_argument("--steps", type=float, default=math.inf, help="stop a stage after so many steps")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=1500, help="questions of the evaluation after each stage")
    parser.add_argument("--float32", dest="bfloat16", action="store_false")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    options.hours = options.hours or (0.15 if options.device.startswith("cuda") else 9.0)
    training = Training(options)
    training.measure("begin")
    for stage in SHARE:
        if stage == "mine":
            training.sampler.near = nearest(training.bi, training.packed, training.precision)
            print("mined", flush=True)
        else:
            training.run(stage)
    training.write()


if __name__ == "__main__":
    main()
