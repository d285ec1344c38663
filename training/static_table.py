"""Write and describe a static model's folder: the files that `codesearch.embed.static` maps."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"cs-tab-1"
LARGEST_SCALE = 31
"""Keeps the sums of usual texts below 2**24, up to which float32 adds integers exactly."""


def wordpiece(word: str, vocabulary: dict[str, int]) -> tuple[int, ...]:
    """Split a word greedily into the longest pieces from the left, as the embedder does; () if a part is unknown."""
    if word in vocabulary:
        return (vocabulary[word],)
    pieces: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = vocabulary.get(("##" if start else "") + word[start:end])
            if piece is not None:
                break
        else:
            return ()
        pieces.append(piece)
        start = end
    return tuple(pieces)


def quantise(vectors: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
    """Quantise a table into values and scales; values * scales are multiples of one common unit."""
    unit = np.abs(vectors).max() / (127 * LARGEST_SCALE)
    whole = vectors / unit
    scales = np.clip(np.ceil(np.abs(whole).max(axis=1) / 127), 1, LARGEST_SCALE)
    return np.rint(whole / scales[:, None]).astype(np.int8), scales.astype(np.uint8)


def write(folder: Path, tokens: Sequence[str], vectors: npt.NDArray[np.floating], config: dict[str, Any]) -> str:
    """Write vocab.txt, table.bin and config.json; return the hash that names the model.

    `config` holds name, version, date and field_weights; the hash is over both files and the field weights.
    """
    order = sorted(range(len(tokens)), key=lambda i: tokens[i].encode())
    lines = [tokens[i].encode() + b"\n" for i in order]
    values, scales = quantise(vectors[order])
    offsets = np.cumsum([0, *map(len, lines)]).astype("<u4")
    vocabulary = b"".join(lines)
    header = struct.pack("<8sII", MAGIC, *values.shape)
    table = header + offsets.tobytes() + scales.tobytes() + values.tobytes()
    weights = json.dumps(config["field_weights"])
    digest = hashlib.sha256(table + vocabulary + weights.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_bytes(vocabulary)
    (folder / "table.bin").write_bytes(table)
    config = {
        "name": config["name"],
        "version": config["version"],
        "date": config["date"],
        "dims": values.shape[1],
        "tokens": len(tokens),
        "field_weights": config["field_weights"],
        "sha256": digest,
        "table_sha256": hashlib.sha256(table).hexdigest(),
        "vocab_sha256": hashlib.sha256(vocabulary).hexdigest(),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    return digest
