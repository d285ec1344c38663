#!/usr/bin/env python3
"""Train the static table on the pairs of mine_pairs.py, with the transformer as its teacher.

  train_static.py --start START.npz --pairs PAIRS [--teacher TEACHER] --save OUT.npz [--write FOLDER]

Every token has a vector and a weight. The loss has two parts. A question must find its function among functions of the
same repositories: those of the batch's other questions, and as many without a question (InfoNCE). And its similarities
to the batch's functions should be those of TEACHER (written by teach_static.py), as measured by the divergence of the
two distributions. Both apply at the full width and to the first 128 and 64 numbers (Matryoshka). A penalty on the
distance from the start keeps the vectors of rare tokens comparable with those of frequent ones. The table is the mean
of several runs, each with the pairs in another order.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from distill_static import FIELD_WEIGHTS
from static_table import write
from static_words import Ints, Pieces, Repository, Tokens, read
from torch.nn import functional

TEMPERATURE = 0.06
BATCH = 512
NEGATIVES = 512
WARM_UP = 20
FEWEST_PAIRS = 8
MOST_PAIRS = 4000
"""Maximum per repository and epoch."""
WIDTHS = ((256, 1.0), (128, 0.3), (64, 0.3))
WEIGHT_RATE = 10
"""Learning rate of the weights, as a multiple of that of the vectors."""
WEIGHT_HOLD = 0.01
"""Penalty on the distance of the weights from their start, relative to that of the vectors."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """The teacher's vectors of some questions of a repository."""

    of: dict[int, int]
    """The row of each question."""
    questions: npt.NDArray[np.float16]
    functions: npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Part:
    """Some questions of a repository, no two for the same function."""

    repository: Repository
    questions: Ints


def taught(folder: Path | None, repository: Repository) -> Lesson | None:
    """Return the teacher's vectors for a repository; None if there are none."""
    if folder is None or not (path := folder / f"{repository.name}.npz").exists():
        return None
    kept = np.load(path)
    return Lesson({int(at): row for row, at in enumerate(kept["chosen"])}, kept["questions"], kept["functions"])


def batches(repositories: Sequence[Repository], chance: np.random.Generator) -> list[list[Part]]:
    """Return the batches of an epoch, each with questions of one large repository or of several small ones."""
    parts: list[Part] = []
    for repository in repositories:
        order = chance.permutation(len(repository.answers))[:MOST_PAIRS]
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            _, first = np.unique(repository.answers[chosen], return_index=True)
            if len(first) >= FEWEST_PAIRS:
                parts.append(Part(repository, chosen[np.sort(first)]))
    out: list[list[Part]] = []
    gathered: list[Part] = []
    for at in chance.permutation(len(parts)):
        part = parts[at]
        if len(part.questions) >= BATCH // 2:
            out.append([part])
            continue
        gathered.append(part)
        if sum(len(one.questions) for one in gathered) >= BATCH // 2:
            out.append(gathered)
            gathered = []
    if gathered:
        out.append(gathered)
    return [out[at] for at in chance.permutation(len(out))]


def gather(parts: Sequence[Part], pieces: Pieces, chance: np.random.Generator) -> tuple[Tokens, Tokens]:
    """Return questions and functions: first the answer to each question, then others of the same repositories."""
    total = sum(len(part.questions) for part in parts)
    questions, asked, others = [], [], []
    for part in parts:
        of = part.repository
        answers = of.answers[part.questions]
        questions.append(of.questions.tokens(part.questions, pieces))
        asked.append(of.functions.tokens(answers, pieces))
        count = max(8, NEGATIVES * len(answers) // total)
        drawn = np.unique(chance.integers(0, len(of.functions.starts) - 1, count))
        others.append(of.functions.tokens(drawn[~np.isin(drawn, answers)], pieces))
    return Tokens.joined(questions), Tokens.joined(asked + others)


def lessons(parts: Sequence[Part], of: dict[str, Lesson]) -> tuple[Ints, torch.Tensor]:
    """Return which of a batch's questions the teacher has, and their similarities to all these functions."""
    at, questions, functions, before = [], [], [], 0
    for part in parts:
        lesson = of.get(part.repository.name)
        known = [(i, lesson.of[int(q)]) for i, q in enumerate(part.questions) if int(q) in lesson.of] if lesson else []
        if lesson and known:
            rows = [row for _, row in known]
            at += [before + i for i, _ in known]
            questions.append(lesson.questions[rows])
            functions.append(lesson.functions[rows])
        before += len(part.questions)
    if not at:
        return np.zeros(0, np.int64), torch.zeros(0, 0)
    asked, told = (torch.from_numpy(np.vstack(vectors).astype(np.float32)) for vectors in (questions, functions))
    return np.array(at), asked @ told.T


def sums(table: torch.Tensor, rows: Ints, texts: Tokens, field_weights: npt.NDArray[np.float32]) -> torch.Tensor:
    """Return the weighted sum of token vectors of each text; `table` contains only `rows`."""
    tokens = torch.from_numpy(np.searchsorted(rows, texts.tokens))
    amounts = torch.from_numpy(texts.amounts * field_weights[texts.fields])
    offsets = torch.from_numpy(np.searchsorted(texts.texts, np.arange(texts.count)))
    return functional.embedding_bag(tokens, table, offsets, mode="sum", per_sample_weights=amounts)


def batch_loss(
    questions: torch.Tensor, functions: torch.Tensor, known: Ints, alike: torch.Tensor, teaching: float
) -> torch.Tensor:
    """Return the loss of a batch, summed over all widths."""
    loss = torch.zeros(())
    right = torch.arange(len(questions))
    for width, share in WIDTHS:
        unit = (functional.normalize(vectors[:, :width], dim=1) for vectors in (questions, functions))
        scores = next(unit) @ next(unit).T / TEMPERATURE
        loss = loss + share * functional.cross_entropy(scores, right)
        if teaching and len(known) >= FEWEST_PAIRS:
            said = functional.log_softmax(scores[known][:, known], dim=1)
            wanted = functional.log_softmax(alike / TEMPERATURE, dim=1)
            loss = loss + share * teaching * functional.kl_div(said, wanted, log_target=True, reduction="batchmean")
    return loss


def train(
    start: npt.NDArray[np.float32],
    repositories: Sequence[Repository],
    pieces: Pieces,
    of: dict[str, Lesson],
    options: argparse.Namespace,
    seed: int,
) -> npt.NDArray[np.float32]:
    """Train one run; return its table."""
    chance = np.random.default_rng(seed)
    origin = torch.from_numpy(start / np.linalg.norm(start, axis=1).mean())
    moved = torch.nn.Parameter(torch.zeros_like(origin))
    weight = torch.nn.Parameter(torch.zeros(len(origin)))
    rates = [options.rate, WEIGHT_RATE * options.rate]
    optimiser = torch.optim.Adam([{"params": [moved]}, {"params": [weight]}], lr=options.rate, betas=(0.9, 0.98))
    alone = np.ones(1, np.float32)
    name, container, signature, _, body = FIELD_WEIGHTS
    field_weights = np.array([name, container, signature, body], np.float32)

    def epochs() -> Iterator[tuple[int, list[Part]]]:
        for epoch in range(options.epochs):
            for parts in batches(repositories, chance):
                yield epoch, parts

    steps = options.epochs * len(batches(repositories, np.random.default_rng(seed)))
    losses: list[float] = []
    for step, (epoch, parts) in enumerate(epochs()):
        questions, functions = gather(parts, pieces, chance)
        rows = np.unique(np.concatenate([questions.tokens, functions.tokens])).astype(np.int64)
        at = torch.from_numpy(rows)
        delta, factor = moved[at], weight[at]
        table = (origin[at] + delta) * torch.exp(factor)[:, None]
        loss = batch_loss(
            sums(table, rows, questions, alone),
            sums(table, rows, functions, field_weights),
            *lessons(parts, of),
            options.teaching,
        )
        held = options.hold * ((delta**2).sum() + WEIGHT_HOLD * (factor**2).sum()) / len(origin)
        schedule = min(1.0, (step + 1) / WARM_UP) * max(0.05, 1 - step / steps)
        for group, full in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = full * schedule
        optimiser.zero_grad()
        (loss + held).backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if step % 200 == 199:
            mean = np.mean(losses[-200:])
            print(f"run {seed}, epoch {epoch}, step {step + 1} of about {steps}: loss {mean:.3f}", flush=True)
    with torch.no_grad():
        trained: npt.NDArray[np.float32] = ((origin + moved) * torch.exp(weight)[:, None]).numpy()
        return trained


def main() -> None:
    """Train and save; with --write, also write the model's folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--version", default="3")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--hold", type=float, default=1.0)
    parser.add_argument("--teaching", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--date", default="2026-11-20")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    start = np.load(options.start)
    tokens = start["tokens"].tolist()
    everything, words = read(options.pairs)
    repositories = [repository for repository in everything if len(repository.answers) >= FEWEST_PAIRS]
    found = {repository.name: taught(options.teacher, repository) for repository in repositories}
    of = {name: lesson for name, lesson in found.items() if lesson is not None}
    pairs = sum(len(repository.answers) for repository in repositories)
    print(len(repositories), "repositories,", pairs, "pairs,", len(of), "repositories taught", flush=True)
    pieces = Pieces.of(words, tokens)
    runs = [train(start["vectors"], repositories, pieces, of, options, seed) for seed in range(options.runs)]
    vectors = np.mean([table / np.linalg.norm(table, axis=1).mean() for table in runs], axis=0)
    np.savez(options.save, tokens=start["tokens"], vectors=vectors)
    if options.write:
        config = {"name": "static", "version": options.version, "date": options.date, "field_weights": FIELD_WEIGHTS}
        print(write(options.write, tokens, vectors, config))


if __name__ == "__main__":
    main()
