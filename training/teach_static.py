#!/usr/bin/env python3
"""Save the transformer's vectors of mined questions and their functions: the teacher of train_static.py.

  teach_static.py --pairs PAIRS --model TRANSFORMER TEACHER_FOLDER

TRANSFORMER is a model's folder as written by export_onnx.py. Each NAME.npz has the float16 vectors of questions and
functions for at most QUESTIONS questions of a repository, drawn at random and numbered as by static_words.read.
Repositories that have a file already are skipped. About 100 pairs per second on one core.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from evaluate_static import document
from static_words import files, rows_of

from codesearch.embed.onnx import OnnxEmbedder

QUESTIONS = 800
FEWEST = 8


def main() -> None:
    """Embed repository by repository."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    model = OnnxEmbedder(options.model, threads=options.threads)
    for file in files(options.pairs):
        target = options.out / f"{file.stem}.npz"
        if target.exists():
            continue
        asked = [row for row in rows_of(file) if row["query"]]
        chosen = sorted(random.Random(6).sample(range(len(asked)), min(QUESTIONS, len(asked))))
        if len(chosen) < FEWEST:
            continue
        functions = model.encode_documents([document(asked[at]) for at in chosen])
        questions = model.encode_queries([asked[at]["query"] for at in chosen])
        partial = target.with_suffix(".partial.npz")
        np.savez(partial, chosen=chosen, questions=questions.astype("f2"), functions=functions.astype("f2"))
        partial.rename(target)
        print(file.stem, len(chosen), flush=True)


if __name__ == "__main__":
    main()
