#!/usr/bin/env python3
"""Train the static table on (documentation -> function without it) pairs, starting from the distilled one.

  train_static.py --start START.npz --pairs FOLDER --save OUT.npz [--write FOLDER]

Every token has a vector and a weight. A query must find its function among the functions of the same repositories:
those that the batch's other queries ask for, and as many that none asks for (InfoNCE). The vectors are held to where
they started, so that tokens which training rarely sees stay comparable with those that it often sees.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from distill_static import FIELD_WEIGHTS
from static_table import wordpiece, write
from torch.nn import functional

TEMPERATURE = 0.05
BATCH = 512
NEGATIVES = 512
WARM_UP = 20
BODY_WORDS = 200
QUERY_WORDS = 40
FEWEST_PAIRS = 8

Text = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
"""Tokens of a text, and how much of each."""


class Repository(NamedTuple):
    """The functions of one repository, and the queries that ask for some of them."""

    functions: list[Text]
    queries: list[Text]
    answers: list[int]


class Reader:
    """Turns fields into tokens and coefficients, as `codesearch.embed.static` does."""

    def __init__(self, tokens: list[str]) -> None:
        self.vocabulary = {token: i for i, token in enumerate(tokens)}
        self.cache: dict[str, tuple[int, ...]] = {}

    def text(self, fields: list[tuple[str, float]]) -> Text:
        """Return the text of (words, weight) fields."""
        totals: Counter[int] = Counter()
        for field, weight in fields:
            counts = {word: 1 + math.log(n) for word, n in Counter(field.split()).items()}
            for word, n in counts.items():
                if word not in self.cache:
                    self.cache[word] = wordpiece(word, self.vocabulary)
                for token in self.cache[word]:
                    totals[token] += weight * n / math.sqrt(sum(counts.values()))
        return np.array(list(totals), np.int64), np.array(list(totals.values()), np.float32)

    def repository(self, file: Path) -> Repository:
        """Read what mine_pairs.py wrote."""
        name, container, signature, _, body = FIELD_WEIGHTS
        out = Repository([], [], [])
        for i, line in enumerate(file.read_text().splitlines()):
            row = json.loads(line)
            text = " ".join(row["body"].split()[:BODY_WORDS])
            fields = [(row["name"], name), (row["container"], container), (row["signature"], signature), (text, body)]
            out.functions.append(self.text(fields))
            if row["query"]:
                out.queries.append(self.text([(" ".join(row["query"].split()[:QUERY_WORDS]), 1.0)]))
                out.answers.append(i)
        return out


def batches(repositories: list[Repository]) -> list[list[tuple[Repository, list[int]]]]:
    """Return an epoch: parts of one large repository, or of several small ones."""
    parts: list[tuple[Repository, list[int]]] = []
    for repository in repositories:
        order = list(range(len(repository.queries)))
        random.shuffle(order)
        chunks = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        parts += [(repository, chunk) for chunk in chunks if len(chunk) >= FEWEST_PAIRS]
    random.shuffle(parts)
    out: list[list[tuple[Repository, list[int]]]] = []
    gathered: list[tuple[Repository, list[int]]] = []
    for part in parts:
        if len(part[1]) >= BATCH // 2:
            out.append([part])
            continue
        gathered.append(part)
        if sum(len(queries) for _, queries in gathered) >= BATCH // 2:
            out.append(gathered)
            gathered = []
    if gathered:
        out.append(gathered)
    random.shuffle(out)
    return out


def gather(parts: list[tuple[Repository, list[int]]]) -> tuple[list[Text], list[Text]]:
    """Return queries, and functions: first the query's own each, then others of the same repositories."""
    total = sum(len(chosen) for _, chosen in parts)
    queries: list[Text] = []
    asked: list[Text] = []
    others: list[Text] = []
    for repository, chosen in parts:
        answers = [repository.answers[i] for i in chosen]
        queries += [repository.queries[i] for i in chosen]
        asked += [repository.functions[i] for i in answers]
        drawn = random.choices(range(len(repository.functions)), k=max(8, NEGATIVES * len(chosen) // total))
        others += [repository.functions[i] for i in sorted(set(drawn) - set(answers))]
    return queries, asked + [text for text in others if len(text[0])]


def dropped(texts: list[Text], share: float) -> Iterator[Text]:
    """Yield the texts with a share of their tokens left out, but never all."""
    for tokens, amounts in texts:
        kept = np.random.random(len(tokens)) >= share
        yield (tokens[kept], amounts[kept]) if kept.any() else (tokens, amounts)


def sums(table: torch.Tensor, rows: npt.NDArray[np.int64], texts: list[Text]) -> torch.Tensor:
    """Return unit vectors of texts; `table` holds only `rows`."""
    tokens = torch.from_numpy(np.searchsorted(rows, np.concatenate([tokens for tokens, _ in texts])))
    amounts = torch.from_numpy(np.concatenate([amounts for _, amounts in texts]))
    offsets = torch.from_numpy(np.cumsum([0] + [len(tokens) for tokens, _ in texts[:-1]]))
    bags = functional.embedding_bag(tokens, table, offsets, mode="sum", per_sample_weights=amounts)
    return functional.normalize(bags, dim=1)


def train(
    start: npt.NDArray[np.float32],
    repositories: list[Repository],
    epochs: int,
    rate: float,
    hold: float,
    drop: float,
) -> npt.NDArray[np.float32]:
    """Return the trained table."""
    origin = torch.from_numpy(start / np.linalg.norm(start, axis=1).mean())
    moved = torch.nn.Parameter(torch.zeros_like(origin))
    weight = torch.nn.Parameter(torch.zeros(len(origin)))
    rates = [rate, 10 * rate]
    optimiser = torch.optim.Adam([{"params": [moved]}, {"params": [weight]}], lr=rate, betas=(0.9, 0.98))
    steps = epochs * len(batches(repositories))
    step = 0
    for epoch in range(epochs):
        losses: list[float] = []
        for parts in batches(repositories):
            queries, functions = (list(dropped(texts, drop)) for texts in gather(parts))
            rows = np.unique(np.concatenate([tokens for tokens, _ in queries + functions]))
            at = torch.from_numpy(rows)
            delta, factor = moved[at], weight[at]
            table = (origin[at] + delta) * torch.exp(factor)[:, None]
            scores = sums(table, rows, queries) @ sums(table, rows, functions).T / TEMPERATURE
            loss = functional.cross_entropy(scores, torch.arange(len(queries)))
            held = hold * ((delta**2).sum() + 0.01 * (factor**2).sum()) / len(origin)
            schedule = min(1.0, (step + 1) / WARM_UP) * max(0.05, 1 - step / steps)
            for group, full in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = full * schedule
            optimiser.zero_grad()
            (loss + held).backward()
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}", flush=True)
    with torch.no_grad():
        return ((origin + moved) * torch.exp(weight)[:, None]).numpy()


def main() -> None:
    """Train, save, and write the model's folder if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--save", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--hold", type=float, default=1.0)
    parser.add_argument("--drop", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--date", default="2026-11-20")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    start = np.load(options.start)
    tokens = start["tokens"].tolist()
    reader = Reader(tokens)
    read = [reader.repository(file) for file in sorted(options.pairs.glob("*.jsonl"))]
    repositories = [repository for repository in read if len(repository.queries) >= FEWEST_PAIRS]
    print(len(repositories), "repositories,", sum(len(r.queries) for r in repositories), "pairs", flush=True)
    vectors = train(start["vectors"], repositories, options.epochs, options.rate, options.hold, options.drop)
    np.savez(options.save, tokens=start["tokens"], vectors=vectors)
    if options.write:
        config = {"name": "static", "version": "2", "date": options.date, "field_weights": FIELD_WEIGHTS}
        print(write(options.write, tokens, vectors, config))


if __name__ == "__main__":
    main()
