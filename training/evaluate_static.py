#!/usr/bin/env python3
"""Score static models on mined pairs of held-out repositories: MRR@10 within each repository, alone and with BM25.

  evaluate_static.py PAIRS_FOLDER MODEL_FOLDER ...

PAIRS_FOLDER is the output of mine_pairs.py. At most QUERIES per repository are used, with answers that have a body.
Truncated vectors (Matryoshka) are scored without BM25.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from static_words import BODY_WORDS

from codesearch.embed.static import StaticEmbedder

QUERIES = 200
LEAST_BODY = 5
"""Minimum number of words beyond the signature: a bare declaration answers nothing."""
BM25_SHARE = 0.3
WIDTHS = (128, 64)

Scores = npt.NDArray[np.float64]
Row = dict[str, Any]


def unit(vectors: Scores) -> Scores:
    """Scale vectors to length 1."""
    scaled: Scores = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return scaled


def document(row: Row) -> str:
    """Return the text to embed, without documentation."""
    body = " ".join(row["body"].split()[:BODY_WORDS])
    return "\n".join((row["name"], row["container"], row["signature"], "", body))


def questions(rows: list[Row]) -> list[int]:
    """Return the rows whose queries are used, the same for all models."""
    found = [
        i
        for i, row in enumerate(rows)
        if row["query"] and row["body"].count(" ") >= row["signature"].count(" ") + LEAST_BODY
    ]
    random.Random(1).shuffle(found)
    return found[:QUERIES]


def bm25(rows: list[Row], queries: list[str], k1: float = 1.2, b: float = 0.75) -> Scores:
    """Return BM25 scores, (queries, rows), over name, signature and body together."""
    counts = [Counter(f"{row['name']} {row['signature']} {row['body']}".split()) for row in rows]
    lengths = np.array([sum(count.values()) for count in counts], float)
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, count in enumerate(counts):
        for word, n in count.items():
            postings[word].append((i, n))
    scores = np.zeros((len(queries), len(rows)))
    for q, query in enumerate(queries):
        for word in set(query.split()):
            if entries := postings.get(word):
                at, n = np.array(entries).T
                idf = math.log(1 + (len(rows) - len(at) + 0.5) / (len(at) + 0.5))
                scores[q, at] += idf * n * (k1 + 1) / (n + k1 * (1 - b + b * lengths[at] / lengths.mean()))
    return scores


def mrr(scores: Scores, answers: list[int]) -> float:
    """Return the mean of 1 / rank of the answer, 0 beyond rank 10."""
    ranks = [1 + int((row > row[answer]).sum()) for row, answer in zip(scores, answers, strict=True)]
    return float(np.mean([1 / rank if rank <= 10 else 0.0 for rank in ranks]))


def standard(scores: Scores) -> Scores:
    """Standardize each row to mean 0 and standard deviation 1."""
    scaled: Scores = (scores - scores.mean(1, keepdims=True)) / (scores.std(1, keepdims=True) + 1e-9)
    return scaled


def main() -> None:
    """Print one line per repository, then the means."""
    models = [StaticEmbedder(Path(folder)) for folder in sys.argv[2:]]
    table = []
    for file in sorted(Path(sys.argv[1]).glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        answers = questions(rows)
        queries = [rows[i]["query"] for i in answers]
        words = bm25(rows, queries)
        line = [mrr(words, answers)]
        for model in models:
            documents = model.encode_documents([document(row) for row in rows]).astype(np.float64)
            asked = model.encode_queries(queries).astype(np.float64)
            scores = asked @ documents.T
            line += [mrr(scores, answers), mrr(standard(scores) + BM25_SHARE * standard(words), answers)]
            line += [mrr(unit(asked[:, :width]) @ unit(documents[:, :width]).T, answers) for width in WIDTHS]
        table.append(line)
        print(f"{file.stem:32}", len(answers), *(f"{value:.3f}" for value in line), flush=True)
    print(
        "mean: BM25, then each model alone, with BM25, and narrower:",
        *(f"{value:.4f}" for value in np.mean(table, axis=0)),
    )


if __name__ == "__main__":
    main()
