#!/usr/bin/env python3
"""Questions that people typed into a search engine, labelled with the Python function that answers each: MRR@10.

  python benchmarks/web_questions.py --mirror MIRROR --work FOLDER [--base MODEL_FOLDER] [--json OUT]

The questions are those of the 604 labelled pairs of data/qa/cosqa-dev.json in Jun-jie-Huang/CoCLR (MIT) that are
labelled as answered. Every function of that project becomes a file of its own, and a question must find its file among
all of them, 6,267. Compared are the product (with and without the transformer), the bundled transformer alone, and,
with `--base`, a model that was never trained on code, on raw source truncated to 128 tokens: all-MiniLM-L6-v2 as saved
by sentence-transformers (needs torch). The project's test set is only read to leave its questions out, so that others
may measure with it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import codesearch
from codesearch import embed
from codesearch.extract.documents import documents
from codesearch.extract.symbols import extract
from codesearch.settings import Rerank

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

REPOSITORY, COMMIT = "Jun-jie-Huang/CoCLR", "14ebcacf9e9bc3e7109102632bc63047876f27d2"
PAIRS, FUNCTIONS = "data/qa/cosqa-dev.json", "data/search/code_idx_map.txt"
KEPT_ASIDE = "data/search/cosqa-retrieval-test-500.json"
BEST = 10
RAW_TOKENS = 128


def read(mirror: Path, path: str) -> Any:
    """Return a JSON file of the project."""
    git = mirror / REPOSITORY.replace("/", "+") / "repo"
    shown = subprocess.run(["git", f"--git-dir={git}", "show", f"{COMMIT}:{path}"], capture_output=True, check=True)
    return json.loads(shown.stdout)


def pairs(mirror: Path) -> tuple[list[str], list[tuple[str, set[int]]]]:
    """Return the distinct functions, and the questions with the numbers of the functions that answer them."""
    rows: list[dict[str, Any]] = read(mirror, PAIRS)
    codes = list(dict.fromkeys([*(row["code"] for row in rows), *read(mirror, FUNCTIONS)]))
    number = {code: at for at, code in enumerate(codes)}
    aside = {row["doc"] for row in read(mirror, KEPT_ASIDE)}
    answers: dict[str, set[int]] = {}
    for row in rows:
        if row["label"] == 1 and row["doc"] not in aside:
            answers.setdefault(row["doc"], set()).add(number[row["code"]])
    return codes, list(answers.items())


def write(codes: Sequence[str], root: Path) -> None:
    """Write a file per function."""
    root.mkdir(parents=True, exist_ok=True)
    for at, code in enumerate(codes):
        (root / f"f{at:04}.py").write_text(code.rstrip() + "\n")


def reciprocal(found: Sequence[int], right: set[int]) -> float:
    """Return the reciprocal rank of the first right one among the best."""
    return next((1 / at for at, number in enumerate(found[:BEST], 1) if number in right), 0.0)


def product(root: Path, db: Path, questions: Sequence[tuple[str, set[int]]], rerank: Rerank) -> list[float]:
    """Return the reciprocal rank of each question in the product."""
    values = []
    with codesearch.open_index(root, db=str(db), rerank=rerank, cache=False) as index:
        index.update()
        for text, right in questions:
            found = [int(hit.symbol.path[1:5]) for hit in index.query(text, limit=4 * BEST)]
            values.append(reciprocal(list(dict.fromkeys(found)), right))
    return values


def by_vectors(of: Vectors, asked: Vectors, questions: Sequence[tuple[str, set[int]]]) -> list[float]:
    """Return the reciprocal rank of each question by the cosines of unit vectors."""
    order = (-(asked @ of.T)).argsort(axis=1, kind="stable")
    return [reciprocal(row[:BEST].tolist(), right) for row, (_, right) in zip(order, questions, strict=True)]


def bundled(codes: Sequence[str]) -> tuple[Callable[[Sequence[str]], Vectors], Vectors]:
    """Return the bundled transformer's vectors: a function for questions, and those of all functions."""
    model = embed.load(embed.TRANSFORMER)
    texts = []
    for at, code in enumerate(codes):
        source = code.encode()
        symbols = extract(source, "python", f"f{at:04}.py")
        # A snippet that does not parse as a function is one unit.
        first = next((n for n, symbol in enumerate(symbols) if symbol.kind != "module"), 0)
        texts.append(documents(symbols, source, "f.py")[first].embedding_text if symbols else code)
    return model.encode_queries, model.encode_documents(texts)


def untrained(folder: Path, codes: Sequence[str]) -> tuple[Callable[[Sequence[str]], Vectors], Vectors]:
    """Return a sentence-transformers model's vectors of raw text: a function for questions, and those of functions."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def encode(texts: Sequence[str]) -> Vectors:
        rows = []
        with torch.inference_mode():
            for text in texts:
                inputs = tokenizer(text, truncation=True, max_length=RAW_TOKENS, return_tensors="pt")
                rows.append(torch.nn.functional.normalize(model(**inputs).last_hidden_state[0].mean(0), dim=0))
        found: Vectors = torch.stack(rows).numpy()
        return found

    return encode, encode(codes)


def interval(values: Sequence[float], rounds: int = 2000) -> tuple[float, float]:
    """Return the 95 % confidence interval of a mean, by bootstrap."""
    chance = random.Random(0)
    means = sorted(statistics.fmean(chance.choices(values, k=len(values))) for _ in range(rounds))
    return means[int(0.025 * rounds)], means[int(0.975 * rounds)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    codes, questions = pairs(options.mirror)
    root = options.work / "tree"
    write(codes, root)
    found = {
        "product, fast": product(root, options.work / "index.db", questions, "none"),
        "product, with the transformer": product(root, options.work / "index.db", questions, "fast"),
        "product": product(root, options.work / "index.db", questions, "full"),
    }
    models = {"bundled transformer alone": bundled(codes)}
    if options.base:
        models["untrained, raw source"] = untrained(options.base, codes)
    texts = [text for text, _ in questions]
    for name, (encode, vectors) in models.items():
        found[name] = by_vectors(vectors, encode(texts), questions)
    print(f"{len(questions)} questions, {len(codes)} functions")
    for name, values in found.items():
        low, high = interval(values)
        print(f"{name}: MRR@10 {statistics.fmean(values):.3f} ({low:.3f} to {high:.3f})", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"questions": texts, **found}, indent=1))


if __name__ == "__main__":
    main()
