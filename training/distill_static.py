#!/usr/bin/env python3
"""Learn a vocabulary for code, and distil a transformer's vectors of its tokens into a static table.

  distill_static.py vocabulary --pairs PAIRS VOCABULARY.txt
  distill_static.py distill --model TRANSFORMER --vocabulary VOCABULARY.txt --save START.npz

Vocabulary: the words with the highest weight in the functions and questions of PAIRS (written by mine_pairs.py), where
each repository contributes the square root of its count, plus word pieces learned from the words that occur in at least
two repositories (byte-pair merges). Distillation: each token passes through the transformer (a folder saved by
train_transformer.py) alone; the mean of its outputs, without the two special tokens, is its vector, which principal
components, half whitened, reduce to DIMS. The more frequent a token is in English, by its rank in the transformer's
vocabulary, the lower its weight. train_static.py starts from this table. Needs torch, transformers and tokenizers.
"""

from __future__ import annotations

import argparse
import re
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from static_table import wordpiece
from static_words import read

DIMS = 256
SMOOTHING = 1e-3
"""The a in a token's weight a / (a + p); p follows Zipf's law over the rank."""
WHITENING = 0.5
"""The principal components are divided by their standard deviations to this power."""
FIELD_WEIGHTS = [1.0, 0.6, 0.7, 0.8, 0.5]
WORDS, PIECES = 28_000, 8_000
REPOSITORIES = 2
"""Pieces are learned from the words that occur in at least this number of repositories."""
WORD = re.compile(r"[a-z]{1,24}|[0-9]{1,6}")
TOKEN = re.compile(r"(##)?([a-z]+|[0-9]+)")


def learn(pairs: Path) -> list[str]:
    """Return the vocabulary: letters and digits, pieces, words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    repositories, words = read(pairs)
    weight, places = np.zeros(len(words)), np.zeros(len(words), np.int64)
    for repository in repositories:
        told, asked = (
            np.bincount(bags.words, minlength=len(words)) for bags in (repository.functions, repository.questions)
        )
        weight += np.sqrt(told) + np.sqrt(asked)
        places += told + asked > 0
    plain = np.array([WORD.fullmatch(word) is not None for word in words])

    def seen() -> Iterator[str]:
        for at in np.flatnonzero(plain & (places >= REPOSITORIES)):
            yield " ".join([words[at]] * max(1, round(weight[at])))

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator(
        seen(), trainers.WordPieceTrainer(vocab_size=PIECES, special_tokens=["[UNK]"], show_progress=False)
    )
    letters = [*string.ascii_lowercase, *string.digits]
    pieces = sorted(token for token in tokenizer.get_vocab() if TOKEN.fullmatch(token))
    heaviest = [words[at] for at in np.argsort(-weight * plain, kind="stable")[:WORDS] if plain[at]]
    return list(dict.fromkeys([*letters, *("##" + letter for letter in letters), *pieces, *heaviest]))


def encode(model: Path, own: dict[str, int], tokens: list[str]) -> npt.NDArray[np.float32]:
    """Return each token's mean transformer output, without [CLS] and [SEP]: (tokens, its dims)."""
    import torch
    from transformers import BertModel

    cls, sep = own["[CLS]"], own["[SEP]"]
    bert = BertModel.from_pretrained(model, add_pooling_layer=False).eval()
    ids = [[cls, *wordpiece(token, own), sep] for token in tokens]
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


def reduce(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Project the vectors onto the DIMS largest principal components, the largest first."""
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(0)
    variances, components = np.linalg.eigh(centred.T @ centred / len(centred))
    first = slice(None, -DIMS - 1, -1)
    whitened: npt.NDArray[np.float64] = (centred @ components[:, first]) / variances[first] ** (WHITENING / 2)
    return whitened


def weights(tokens: list[str], own: dict[str, int]) -> npt.NDArray[np.float64]:
    """Return one weight per token, multiplied by the square root of the number of the transformer's pieces for it."""
    english = {token: rank for rank, token in enumerate(token for token in own if TOKEN.fullmatch(token))}
    known = [english.get(token) for token in tokens]
    others = iter(range(len(english), len(english) + len(tokens)))
    ranks = np.array([next(others) if rank is None else rank for rank in known])
    p = 1 / (ranks + 2.7)
    p /= p.sum()
    return SMOOTHING / (SMOOTHING + p) * np.sqrt([len(wordpiece(token, own)) or 1 for token in tokens])


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    learning = commands.add_parser("vocabulary")
    learning.add_argument("--pairs", type=Path, required=True)
    learning.add_argument("out", type=Path)
    distilling = commands.add_parser("distill")
    distilling.add_argument("--model", type=Path, required=True)
    distilling.add_argument("--vocabulary", type=Path, required=True)
    distilling.add_argument("--save", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "vocabulary":
        options.out.write_text("\n".join(learn(options.pairs)))
        return
    tokens = options.vocabulary.read_text().split("\n")
    own = {token: at for at, token in enumerate((options.model / "vocab.txt").read_text().splitlines())}
    vectors = reduce(encode(options.model, own, tokens)) * weights(tokens, own)[:, None]
    np.savez(options.save, tokens=np.array(tokens), vectors=vectors.astype(np.float32))
    print(len(tokens), "tokens")


if __name__ == "__main__":
    main()
